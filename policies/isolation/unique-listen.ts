import { type Meant, valuesThatMean } from "../../components/registry/meanings.ts";
import { nameOf } from "../../components/registry/subject.ts";
import { defineRule, repeats } from "../../components/rule.ts";

const listening = valuesThatMean("listen");

export const uniqueListen = defineRule({
  name: "unique-listen",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "Nothing of an account listens on the address and port of something else.",
  reason: "Only one of them can start, and it answers the requests of the other.",
  fix: "Give each HTTP server of an account its own `number`: the port follows from it.",
  *find(declaration) {
    for (const { element, first } of repeats(listening(declaration), placeOf)) {
      const { kind, name } = first.subject;
      yield {
        subject: element.subject,
        message: `${element.owner} listens on ${placeOf(element)}, as ${nameOf({ kind, name })} does.`,
      };
    }
  },
});

function placeOf({ value }: Meant): string {
  const { address, port } = value as { readonly address: string; readonly port: number };
  return `[${address}]:${port}`;
}
