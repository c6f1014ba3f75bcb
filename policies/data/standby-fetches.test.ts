import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { changed, testRule } from "../../testing/test-rule.ts";
import { standbyFetches } from "./standby-fetches.ts";

const withStandby = (valid: Declaration) => changed(valid, "accounts", 0, (account) => ({ ...account, standby: "h2" }));

testRule(standbyFetches, {
  "a standby that no backup host can know": {
    break: (valid) =>
      changed(withStandby(valid), "hosts", "h2", ({ ssh, ...host }) => ({
        ...host,
        ssh: { address: ssh!.address, port: ssh!.port },
      })),
    expect: ["account 1 standby: Account 1 has standby host h2, which has no key in known_hosts."],
  },
  "a standby of another cell": {
    break: (valid) => changed(withStandby(valid), "hosts", "h2", (host) => ({ ...host, cell: "second" })),
    expect: [
      "account 1 standby: Account 1 has standby host h2, which is in cell second: it gets no copies of accounts of cell main.",
    ],
    alsoBreaks: ["backup-hosts-there", "capacity-after-host-loss"],
  },
  "an account without backups": {
    break: (valid) => changed(withStandby(valid), "accounts", 0, ({ backup: _, ...account }) => account),
    expect: ["account 1 standby: Account 1 has standby host h2, but no backups that it could fetch."],
    alsoBreaks: ["backup-target"],
  },
});
