import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueUid = defineRule({
  name: "unique-uid",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the program derives the value",
  description: "No two accounts have the same uid or the same gid.",
  reason:
    "The uid separates accounts: two accounts with the same uid can read each other's files and stop each other's programs.",
  fix: "Give each account its own `number`: uid and gid follow from it.",
  *find({ accounts }) {
    for (const id of ["uid", "gid"] as const) {
      for (const { element, first, key } of repeats(accounts, (account) => account[id])) {
        yield {
          subject: subject.account(element, id),
          message: `Account ${element.number} has ${id} ${key}, the same as account ${first.number}.`,
        };
      }
    }
  },
});
