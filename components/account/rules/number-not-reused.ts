import { allKinds, elementName, ownerOf, subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

const retirable = allKinds.filter(({ retired }) => retired === "retired.yaml");

export const numberNotReused = defineRule({
  name: "number-not-reused",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: `No account has the number of a deleted account, and nothing (${retirable.map(({ words: [word] }) => word).join(", ")}) has the name of a retired one.`,
  reason:
    "Uid, prefix and ports follow from the number: a new account would get the visitors and the remaining files of the deleted one.",
  fix: "Use the next number, or another name, that was never used.",
  *find(declaration) {
    const { registers, accounts } = declaration;
    const taken = new Set(registers.flatMap(({ tombstones }) => tombstones));
    const retired = new Set(registers.flatMap((register) => register.retired));
    for (const account of accounts) {
      if (!taken.has(account.number)) continue;
      const message = `Account ${account.number} (${account.name}) has the number of a deleted account.`;
      yield { subject: subject.account(account, "number"), message };
    }
    for (const {
      key,
      name: kind,
      words: [word],
      identity,
    } of retirable) {
      for (const element of declaration[key]) {
        const name = elementName(key, element as never);
        if (!retired.has(`${kind} ${name}`)) continue;
        const of = { kind, name, path: identity[0]! };
        yield { subject: of, message: `${ownerOf({ kind, name })} has the name of a retired ${word}.` };
      }
    }
  },
});
