import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueDirectory } from "./unique-directory.ts";

testRule(uniqueDirectory, {
  "a neighbour's directory": {
    break: (valid) => changed(valid, "accounts", 1, (account) => ({ ...account, directory: "/srv/accounts/1" })),
    expect: ["account 2 directory: Account 2 has directory /srv/accounts/1, the same as account 1."],
    alsoBreaks: ["account-follows-number"],
  },
});
