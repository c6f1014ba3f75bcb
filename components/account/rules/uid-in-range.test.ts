import { changed, testRule } from "../../../testing/test-rule.ts";
import { uidInRange } from "./uid-in-range.ts";

const alsoBreaks = ["uid-follows-number"];
const free = "which is not from 65536 to 524287 or 1879048192 to 2147352575";

testRule(uidInRange, {
  root: {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 0, gid: 0 })),
    alsoBreaks,
    expect: [`account 1 gid: Account 1 has gid 0, ${free}.`, `account 1 uid: Account 1 has uid 0, ${free}.`],
  },
  "systemd's uid of nobody, and a container's": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 65_534, gid: 524_288 })),
    alsoBreaks,
    expect: [
      `account 1 gid: Account 1 has gid 524288, ${free}.`,
      "account 1 gid: Account 1 has uid 65534, but gid 524288.",
      `account 1 uid: Account 1 has uid 65534, ${free}.`,
    ],
  },
  "a fraction": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, uid: 200_001.5, gid: 200_001.5 })),
    alsoBreaks,
    expect: [
      `account 1 gid: Account 1 has gid 200001.5, ${free}.`,
      `account 1 uid: Account 1 has uid 200001.5, ${free}.`,
    ],
  },
  "another group": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, gid: 200_009 })),
    expect: ["account 1 gid: Account 1 has uid 200001, but gid 200009."],
  },
});
