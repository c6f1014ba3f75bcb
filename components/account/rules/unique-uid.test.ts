import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueUid } from "./unique-uid.ts";

testRule(uniqueUid, {
  "one uid for two": {
    break: (valid) => changed(valid, "accounts", 1, (account) => ({ ...account, uid: 200_001, gid: 200_001 })),
    alsoBreaks: ["uid-follows-number"],
    expect: [
      "account 2 gid: Account 2 has gid 200001, the same as account 1.",
      "account 2 uid: Account 2 has uid 200001, the same as account 1.",
    ],
  },
});
