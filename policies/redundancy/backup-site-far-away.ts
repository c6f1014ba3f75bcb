import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { distanceKm, emulatedSites } from "../../components/site/places.ts";

/** Farther than a flood, a gas explosion or a power failure of the grid usually reaches. */
const leastKm = 5;

export const backupSiteFarAway = defineRule({
  name: "backup-site-far-away",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  waivable: true,
  description: `Every site with accounts is backed up at another site, of another provider, at least ${leastKm} km away (great-circle distance).`,
  reason: "A backup that can burn, flood or be locked up together with the data does not protect it.",
  fix: "Set `backupSite` to a site of another provider that is farther away.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const siteOf = new Map(declaration.hosts.map((host) => [host.name, host.site]));
    const used = new Set(declaration.accounts.map((account) => siteOf.get(account.host)));
    const byName = new Map(declaration.sites.map((site) => [site.name, site]));
    for (const site of declaration.sites) {
      if (!used.has(site.name) || emulated.has(site.name)) continue;
      const backup = site.backupSite === undefined ? undefined : byName.get(site.backupSite);
      const at = subject.site(site, "backupSite");
      if (site.backupSite === undefined) yield { subject: at, message: `Site ${site.name} has no backup site.` };
      else if (backup === undefined || backup === site) {
        yield {
          subject: at,
          message: `Site ${site.name} has backup site ${site.backupSite}, which is not another declared site.`,
        };
      } else {
        const name = `Site ${site.name} is backed up at ${backup.name}`;
        if (backup.provider === site.provider)
          yield { subject: at, message: `${name}, which has the same provider ${site.provider}.` };
        const km = distanceKm(site, backup);
        if (km < leastKm) yield { subject: at, message: `${name}, only ${km.toFixed(1)} km away.` };
      }
    }
  },
});
