import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniquePrefix = defineRule({
  name: "unique-prefix",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "No two accounts have the same IPv6 prefix.",
  reason: "Two hosts would announce the same prefix, and each account would get some of the other's visitors.",
  fix: "Give each account its own `number`, and each site its own `prefix`: the account's prefix follows from both.",
  *find({ addresses }) {
    for (const { element, first, key } of repeats(addresses, (address) => address.prefix)) {
      yield {
        subject: subject.address(element, "prefix"),
        message: `Account ${element.account} has prefix ${key}, the same as account ${first.account}.`,
      };
    }
  },
});
