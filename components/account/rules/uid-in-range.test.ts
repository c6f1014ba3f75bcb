import { changed, testRule } from "../../../testing/test-rule.ts";
import { uidInRange } from "./uid-in-range.ts";

testRule(uidInRange, {
  root: {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 0, gid: 0 })),
    expect: [
      "account 1 gid: Account 1 has gid 0, which is not from 200001 to 265535.",
      "account 1 uid: Account 1 has uid 0, which is not from 200001 to 265535.",
    ],
  },
  "one below and one above": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 200_000, gid: 265_536 })),
    expect: [
      "account 1 gid: Account 1 has gid 265536, which is not from 200001 to 265535.",
      "account 1 gid: Account 1 has uid 200000, but gid 265536.",
      "account 1 uid: Account 1 has uid 200000, which is not from 200001 to 265535.",
    ],
  },
  "a fraction": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 200_001.5, gid: 200_001.5 })),
    expect: [
      "account 1 gid: Account 1 has gid 200001.5, which is not from 200001 to 265535.",
      "account 1 uid: Account 1 has uid 200001.5, which is not from 200001 to 265535.",
    ],
  },
  "another group": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, gid: 200_009 })),
    expect: ["account 1 gid: Account 1 has uid 200001, but gid 200009."],
  },
});
