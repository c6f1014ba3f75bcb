import { defineRule, repeats } from "../../rule.ts";
import { subject } from "../../subject.ts";

export const uniqueListen = defineRule({
  name: "unique-listen",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "No two HTTP servers listen on the same address and port.",
  reason: "Only one of them can start, and it would answer the requests of the other.",
  remediation: "Give each HTTP server of an account its own `number`: the port follows from it.",
  *find({ httpServers }) {
    for (const { element, first } of repeats(httpServers, ({ listen }) => `${listen.address} ${listen.port}`)) {
      yield {
        subject: subject.httpServer(element, "listen"),
        message: `HTTP server ${element.account}/${element.name} listens on [${element.listen.address}]:${element.listen.port}, the same as ${first.account}/${first.name}.`,
      };
    }
  },
});
