import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

export const backupHostsThere = defineRule({
  name: "backup-hosts-there",
  theme: "data",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description:
    "Where backups of a site's accounts go there is a host with `role: backup`, in the same cell as the accounts and with its SSH host key in `known_hosts`.",
  reason:
    "A backup site without a host that keeps backups is a promise on paper: nothing is ever backed up, and the accounts' data is lost with their host.",
  fix: "Add a host with `role: backup` at the backup site, in the accounts' cell, and its key to `known_hosts`; or set `backupSite` to a site that has one.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const sites = new Set(declaration.sites.map(({ name }) => name));
    const hosts = new Map(declaration.hosts.map((host) => [host.name, host]));
    const keepers = declaration.hosts.filter(({ role }) => role === "backup");
    const judged = new Set<string>();
    for (const { host: name, backup } of declaration.accounts) {
      const host = hosts.get(name);
      if (host === undefined || backup === undefined || emulated.has(host.site)) continue;
      const { site, cell } = host;
      // Rule backup-target says these.
      if (backup.site === site || !sites.has(backup.site)) continue;
      const question = JSON.stringify([site, cell, backup.site]);
      if (judged.has(question)) continue;
      judged.add(question);
      const there = keepers.filter((keeper) => keeper.site === backup.site);
      const ofCell = there.filter((keeper) => keeper.cell === cell);
      // Hosts know each other by these keys, so a backup host without one is brought nothing.
      const left = ofCell.filter(({ lost }) => lost === undefined);
      if (left.some(({ ssh }) => ssh?.hostKey !== undefined)) continue;
      const why =
        there.length === 0
          ? "which has no host with role backup"
          : ofCell.length === 0
            ? `whose backup hosts (${namesOf(there)}) are of other cells`
            : left.length === 0
              ? `whose backup hosts (${namesOf(ofCell)}) are lost`
              : `whose backup hosts (${namesOf(left)}) have no key in known_hosts`;
      yield {
        subject: subject.site({ name: site }, "backupSite"),
        message: `Accounts of cell ${cell} at site ${site} are backed up at ${backup.site}, ${why}.`,
      };
    }
  },
});

function namesOf(hosts: readonly { readonly name: string }[]): string {
  return hosts.map(({ name }) => name).join(", ");
}
