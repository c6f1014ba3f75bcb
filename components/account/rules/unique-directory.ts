import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueDirectory = defineRule({
  name: "unique-directory",
  theme: "data",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "No two accounts have the same directory.",
  reason: "Accounts in the same directory overwrite each other's files, and deleting one deletes the data of both.",
  fix: "Give each account its own `number`: the directory follows from it.",
  *find({ accounts }) {
    for (const { element, first, key } of repeats(accounts, (account) => account.directory)) {
      yield {
        subject: subject.account(element, "directory"),
        message: `Account ${element.number} has directory ${key}, the same as account ${first.number}.`,
      };
    }
  },
});
