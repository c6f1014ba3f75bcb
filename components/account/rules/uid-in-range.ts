import { freeUids } from "../../declaring.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

const ranges = freeUids.map(({ first, last }) => `${first} to ${last}`).join(" or ");

export const uidInRange = defineRule({
  name: "uid-in-range",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the loader refuses it",
  description: `Every account's uid and gid are equal whole numbers from ${ranges}.`,
  reason:
    "Any other uid may belong to root, a system service, a container or a person: the account's programs would run with their rights.",
  fix: "Do not set `uid` or `gid` by hand: they are `uidBase` of network.yaml plus the account's `number`.",
  *find({ accounts }) {
    for (const account of accounts) {
      for (const id of ["uid", "gid"] as const) {
        const value = account[id];
        if (Number.isInteger(value) && freeUids.some(({ first, last }) => value >= first && value <= last)) continue;
        yield {
          subject: subject.account(account, id),
          message: `Account ${account.number} has ${id} ${value}, which is not from ${ranges}.`,
        };
      }
      if (account.uid === account.gid) continue;
      yield {
        subject: subject.account(account, "gid"),
        message: `Account ${account.number} has uid ${account.uid}, but gid ${account.gid}.`,
      };
    }
  },
});
