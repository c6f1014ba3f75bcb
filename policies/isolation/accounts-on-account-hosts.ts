import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const accountsOnAccountHosts = defineRule({
  name: "accounts-on-account-hosts",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: "Accounts live on hosts for accounts: not on spare hosts, nor where backups are kept.",
  reason:
    "Programs of customers beside the backups of all could reach them, and a spare host that is full takes nobody over.",
  remediation:
    "Move the account to a host of role `accounts`; when a spare host takes over for good, change its `role`.",
  *find({ hosts, accounts }) {
    const roles = new Map(hosts.map((host) => [host.name, host.role]));
    for (const account of accounts) {
      for (const path of ["host", "standby"] as const) {
        const host = account[path];
        const role = host === undefined ? undefined : roles.get(host);
        if (role === undefined || role === "accounts") continue;
        yield {
          subject: subject.account(account, path),
          message: `Account ${account.number} ${path === "host" ? "lives on" : "has as its standby"} host ${host}, which is a ${role} host.`,
        };
      }
    }
  },
});
