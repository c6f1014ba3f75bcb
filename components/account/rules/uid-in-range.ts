import { defineRule, subject } from "../../rule.ts";

/** 200000 + account number (1 to 65535): above Debian's system and login uids, below 2^31. */
const first = 200_001;
const last = 265_535;

export const uidInRange = defineRule({
  name: "uid-in-range",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description: `Every account's uid and gid are equal whole numbers from ${first} to ${last}.`,
  reason:
    "Any other uid may be root's, a system service's or a person's: the account's programs would run with their rights.",
  remediation: "Do not set uid or gid: they are 200000 plus the account's `number`.",
  *find({ accounts }) {
    for (const account of accounts) {
      for (const id of ["uid", "gid"] as const) {
        const value = account[id];
        if (Number.isInteger(value) && value >= first && value <= last) continue;
        yield {
          subject: subject.account(account, id),
          message: `Account ${account.number} has ${id} ${value}, which is not from ${first} to ${last}.`,
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
