import { allKinds, kindNamed, subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

const held = allKinds.filter(({ retired }) => retired !== "freely");

export const nothingVanishes = defineRule({
  name: "nothing-vanishes",
  theme: "data",
  severity: "critical",
  scope: "resource",
  description: `Everything the stack holds (${held.map(({ words: [one] }) => one).join(", ")}) is in the inventory, or the inventory says that it is gone on purpose.`,
  reason:
    "A file lost in a merge is a deletion that nobody decided on: of an account's data, or of a host with all its accounts.",
  remediation:
    "Bring the file back; or say that it is gone: an account's number in tombstones.yaml, anything else in retired.yaml.",
  *find({ registers }) {
    for (const { vanished } of registers) {
      for (const [index, { kind, name, protect }] of vanished.entries()) {
        const where = kindNamed(kind)?.retired ?? "retired.yaml";
        yield {
          subject: subject.register({}, `vanished.${index}`),
          message: `The stack has ${protect ? "the protected " : ""}${kind} ${name}, the inventory has not, and ${where} does not say that it is gone.`,
        };
      }
    }
  },
});
