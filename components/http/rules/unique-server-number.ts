import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueServerNumber = defineRule({
  name: "unique-server-number",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two HTTP servers of an account have the same number or the same unit.",
  reason:
    "Two servers with the same unit would overwrite each other's socket and log; a number identifies one server for ever.; a number stands for one server for ever.",
  fix: "Give each HTTP server of an account its own `number` and `name`.",
  *find({ httpServers }) {
    const numbers = repeats(httpServers, ({ account, number }) => `${account}/${number}`);
    for (const { element, first } of numbers) {
      yield {
        subject: subject.httpServer(element, "number"),
        message: `HTTP server ${element.account}/${element.name} has number ${element.number}, as ${first.account}/${first.name} does.`,
      };
    }
    for (const { element, first } of repeats(httpServers, ({ unit }) => unit)) {
      yield {
        subject: subject.httpServer(element, "unit"),
        message: `HTTP server ${element.account}/${element.name} has unit ${element.unit}, as ${first.account}/${first.name} does.`,
      };
    }
  },
});
