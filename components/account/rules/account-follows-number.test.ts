import { changed, testRule } from "../../../testing/test-rule.ts";
import { accountFollowsNumber } from "./account-follows-number.ts";

testRule(accountFollowsNumber, {
  "the user root": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, user: "root" })),
    expect: ["account 1 user: Account 1 has user root instead of a1."],
  },
  "the system's slice": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, slice: "system.slice" })),
    expect: ["account 1 slice: Account 1 has slice system.slice instead of account-1.slice."],
  },
  "a directory elsewhere": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, directory: "/etc" })),
    expect: ["account 1 directory: Account 1 has directory /etc instead of /srv/accounts/1."],
  },
});
