import { changed, testRule } from "../../../testing/test-rule.ts";
import { uidFollowsNumber } from "./uid-follows-number.ts";

testRule(uidFollowsNumber, {
  "the uid of an unused number": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 200_077, gid: 200_077 })),
    expect: ["account 1 uid: Account 1 has uid 200077 instead of 200001."],
  },
});
