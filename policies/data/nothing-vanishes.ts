import { allKinds, kindNamed, subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

const held = allKinds.filter(({ retired }) => retired !== "freely");

export const nothingVanishes = defineRule({
  name: "nothing-vanishes",
  theme: "data",
  severity: "critical",
  scope: "resource",
  description: `Everything in the stack (${held.map(({ words: [one] }) => one).join(", ")}) is in the inventory, or the inventory lists it as deleted or retired.`,
  reason:
    "A file lost in a merge would delete an account's data, or a host with all its accounts, without anyone's decision.",
  fix: "Restore the file; if the deletion is intended, list an account's number in tombstones.yaml, anything else in retired.yaml.",
  *find({ registers }) {
    for (const { vanished } of registers) {
      for (const [index, { kind, name, protect }] of vanished.entries()) {
        const where = kindNamed(kind)?.retired ?? "retired.yaml";
        yield {
          subject: subject.register({}, `vanished.${index}`),
          message: `${protect ? `The protected ${kind}` : kind[0]!.toUpperCase() + kind.slice(1)} ${name} is in the stack but missing from the inventory, and ${where} does not list it.`,
        };
      }
    }
  },
});
