import { changed, testRule } from "../../testing/test-rule.ts";
import { passwordsWhereAllowed } from "./passwords-where-allowed.ts";

testRule(passwordsWhereAllowed, {
  "a password where the plan allows none": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, passwordLogins: false })),
    expect: [
      "user 1/ada passwordHash: User 1/ada has a password, but plan small allows no logins by password.",
      "user 2/ada passwordHash: User 2/ada has a password, but plan small allows no logins by password.",
      "user 3/ada passwordHash: User 3/ada has a password, but plan small allows no logins by password.",
    ],
  },
});
