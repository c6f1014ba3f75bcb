import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";
import { emulatedSites } from "../../components/site/places.ts";

export const backupTarget = defineRule({
  name: "backup-target",
  theme: "data",
  severity: "critical",
  scope: "stack",
  description:
    "Every account is backed up at a declared site other than its own, and its backups are kept at least as long, and proven at least as often, as its plan promises.",
  reason:
    "An account without a backup is lost with its host, and backups that are deleted too early cannot undo last week's mistake.",
  fix: "Set `backupSite` of the site; remove `retentionDays` of the account, or make it longer than the plan's.",
  *find(declaration) {
    const emulated = emulatedSites(declaration);
    const sites = new Set(declaration.sites.map(({ name }) => name));
    const siteOf = new Map(declaration.hosts.map((host) => [host.name, host.site]));
    const planOf = new Map(declaration.plans.map((plan) => [plan.name, plan]));
    for (const account of declaration.accounts) {
      const site = siteOf.get(account.host);
      const { backup } = account;
      const wrong = (path: string, found: string) => ({
        subject: subject.account(account, path),
        message: `Account ${account.number} ${found}.`,
      });
      if (backup === undefined) {
        if (site !== undefined && !emulated.has(site)) yield wrong("backup", "has no backup");
        continue;
      }
      if (!sites.has(backup.site))
        yield wrong("backup.site", `is backed up at site ${backup.site}, which is not declared`);
      else if (backup.site === site) yield wrong("backup.site", `is backed up at ${backup.site}, its own site`);
      const plan = planOf.get(account.plan);
      const { proofDays = 0 } = backup;
      if (plan?.proofDays !== undefined && proofDays > plan.proofDays) {
        yield wrong(
          "backup.proofDays",
          `has proofs of its backups up to ${proofDays} days old, but its plan ${account.plan} promises ${plan.proofDays}`,
        );
      }
      const promised = plan?.retentionDays ?? 0;
      if (backup.retentionDays >= promised) continue;
      yield wrong(
        "retentionDays",
        `keeps its backups ${backup.retentionDays} days, but its plan ${account.plan} promises ${promised}`,
      );
    }
  },
});
