import { changed, testRule } from "../../testing/test-rule.ts";
import { backupTarget } from "./backup-target.ts";

testRule(backupTarget, {
  "no backup": {
    break: (valid) => changed(valid, "accounts", 0, ({ backup: _none, ...account }) => account),
    expect: ["account 1 backup: Account 1 has no backup."],
  },
  "a backup at home": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, backup: { site: "alpha", retentionDays: 7 } })),
    expect: ["account 1 backup.site: Account 1 is backed up at alpha, its own site."],
  },
  "a backup nowhere": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, backup: { site: "gone", retentionDays: 7 } })),
    expect: ["account 1 backup.site: Account 1 is backed up at site gone, which is not declared."],
  },
  "thrown away too early": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, backup: { site: "beta", retentionDays: 6 } })),
    expect: ["account 1 retentionDays: Account 1 keeps its backups 6 days, but its plan small promises 7."],
  },
  "proven too seldom": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({
        ...account,
        backup: { site: "beta", retentionDays: 7, proofDays: 31 },
      })),
    expect: [
      "account 1 backup.proofDays: Account 1 has proofs of its backups up to 31 days old, but its plan small promises 30.",
    ],
  },
});
