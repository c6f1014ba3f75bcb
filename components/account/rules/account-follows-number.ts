import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const accountFollowsNumber = defineRule({
  name: "account-follows-number",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the program derives the value",
  description: "Every account's user, slice and directory follow from its number.",
  reason:
    "With another user, slice or directory, the account would get the rights and data of the system or of another account.",
  fix: "Do not set these values by hand: user is `a<number>`, slice `account-<number>.slice`, directory `/srv/accounts/<number>`.",
  *find({ accounts }) {
    for (const account of accounts) {
      const { number } = account;
      const expected = { user: `a${number}`, slice: `account-${number}.slice`, directory: `/srv/accounts/${number}` };
      for (const path of ["user", "slice", "directory"] as const) {
        if (account[path] === expected[path]) continue;
        yield {
          subject: subject.account(account, path),
          message: `Account ${number} has ${path} ${account[path]} instead of ${expected[path]}.`,
        };
      }
    }
  },
});
