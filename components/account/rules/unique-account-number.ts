import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueAccountNumber = defineRule({
  name: "unique-account-number",
  theme: "data",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two accounts have the same number, and no account has two addresses.",
  reason:
    "Uid, directory, prefix and ports follow from the number: two accounts with the same number share data and network.",
  fix: "Give the newer account a `number` that was never used; numbers of deleted accounts stay taken.",
  *find({ accounts, addresses }) {
    for (const { element, first } of repeats(accounts, (account) => account.number)) {
      yield {
        subject: subject.account(element, "number"),
        message: `Account ${element.name} has number ${element.number}, the same as account ${first.name}.`,
      };
    }
    for (const { element, first } of repeats(addresses, (address) => address.account)) {
      yield {
        subject: subject.address(element, "account"),
        message: `Account ${element.account} has two addresses: ${first.address} and ${element.address}.`,
      };
    }
  },
});
