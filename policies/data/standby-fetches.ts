import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

export const standbyFetches = defineRule({
  name: "standby-fetches",
  theme: "data",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description:
    "The standby host of an account can fetch its backups: it is in the cell of the account's host, the account has a backup site, and the standby's SSH host key is in `known_hosts`.",
  reason: "A standby without a copy of the account has nothing to take over with.",
  fix: "Choose a standby in the cell of the account's host, set `backupSite` of the account's site, and add the standby host's key to `known_hosts`.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const hosts = new Map(declaration.hosts.map((host) => [host.name, host]));
    for (const account of declaration.accounts) {
      const standby = hosts.get(account.standby ?? "");
      // Rule redundant-on-two-sites says it if the standby is not declared.
      if (standby === undefined || emulated.has(standby.site)) continue;
      const wrong = (why: string) => ({
        subject: subject.account(account, "standby"),
        message: `Account ${account.number} has standby host ${standby.name}, ${why}.`,
      });
      const cell = hosts.get(account.host)?.cell;
      // The stack of another cell does not know the account.
      if (cell !== undefined && cell !== standby.cell) {
        yield wrong(`which is in cell ${standby.cell}: it gets no copies of accounts of cell ${cell}`);
      } else if (account.backup === undefined) yield wrong("but no backups that it could fetch");
      else if (standby.ssh?.hostKey === undefined) yield wrong("which has no key in known_hosts");
    }
  },
});
