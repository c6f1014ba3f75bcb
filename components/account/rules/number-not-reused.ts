import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const numberNotReused = defineRule({
  name: "number-not-reused",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "No account has the number of a deleted account, and no host has the name of a retired host.",
  reason:
    "Uid, prefix and ports follow from the number: a new account would get the visitors and the remaining files of the deleted one.",
  fix: "Use the next number, or another name, that was never used.",
  *find({ registers, accounts, hosts }) {
    const taken = new Set(registers.flatMap(({ tombstones }) => tombstones));
    const retired = new Set(registers.flatMap((register) => register.retired));
    for (const account of accounts) {
      if (!taken.has(account.number)) continue;
      const message = `Account ${account.number} (${account.name}) has the number of a deleted account.`;
      yield { subject: subject.account(account, "number"), message };
    }
    for (const host of hosts) {
      if (!retired.has(`host ${host.name}`)) continue;
      yield {
        subject: subject.host(host, "name"),
        message: `Host ${host.name} has the name of a retired host.`,
      };
    }
  },
});
