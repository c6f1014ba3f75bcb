import { changed, testRule } from "../../testing/test-rule.ts";
import { accountsOnAccountHosts } from "./accounts-on-account-hosts.ts";

testRule(accountsOnAccountHosts, {
  "on a spare host": {
    break: (valid) => changed(valid, "hosts", 1, (host) => ({ ...host, role: "spare" })),
    expect: ["account 2 host: Account 2 is on host h2, which is a spare host."],
  },
  "a standby among the backups": {
    break: (valid) => changed(valid, "accounts", 0, (account) => ({ ...account, standby: "b1" })),
    expect: ["account 1 standby: Account 1 has standby host b1, which is a backup host."],
  },
});
