import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const accountsOnAccountHosts = defineRule({
  name: "accounts-on-account-hosts",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: "Accounts are only on hosts of role `accounts`, not on spare hosts or backup hosts.",
  reason:
    "Programs of an account on a backup host could reach the backups of all accounts, and a full spare host cannot take over accounts of a lost host.",
  fix: "Move the account to a host of role `accounts`; when a spare host takes over permanently, change its `role`.",
  *find({ hosts, accounts }) {
    const roles = new Map(hosts.map((host) => [host.name, host.role]));
    for (const account of accounts) {
      for (const path of ["host", "standby"] as const) {
        const host = account[path];
        const role = host === undefined ? undefined : roles.get(host);
        if (role === undefined || role === "accounts") continue;
        yield {
          subject: subject.account(account, path),
          message: `Account ${account.number} ${path === "host" ? "is on" : "has standby"} host ${host}, which is a ${role} host.`,
        };
      }
    }
  },
});
