import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueSlice } from "./unique-slice.ts";

testRule(uniqueSlice, {
  "a neighbour's slice": {
    break: (valid) => changed(valid, "accounts", 1, (account) => ({ ...account, slice: "account-1.slice" })),
    expect: ["account 2 slice: Account 2 has slice account-1.slice, the same as account 1."],
    alsoBreaks: ["account-follows-number"],
  },
});
