import { subject } from "../../components/registry/subject.ts";
import { defineRule } from "../../components/rule.ts";

export const redundantOnTwoSites = defineRule({
  name: "redundant-on-two-sites",
  theme: "redundancy",
  severity: "critical",
  scope: "stack",
  description: "Every account whose plan survives the loss of a site has a standby host at another site.",
  reason: "The plan promises two sites: with only one, a fire there would be the end of the account.",
  fix: "Set `standby` of the account to a host at another site, or give the account another plan.",
  *find({ accounts, plans, hosts }) {
    const promised = new Set(plans.filter(({ survives }) => survives.includes("site")).map(({ name }) => name));
    const siteOf = new Map(hosts.map((host) => [host.name, host.site]));
    for (const account of accounts) {
      if (!promised.has(account.plan)) continue;
      const name = `Account ${account.number} of plan ${account.plan}`;
      const at = subject.account(account, "standby");
      if (account.standby === undefined) yield { subject: at, message: `${name} has no standby host.` };
      else if (!siteOf.has(account.standby)) {
        yield { subject: at, message: `${name} has standby host ${account.standby}, which is not declared.` };
      } else if (siteOf.get(account.standby) === siteOf.get(account.host)) {
        const site = siteOf.get(account.host);
        yield {
          subject: at,
          message: `${name} has standby host ${account.standby} at ${site}, the site of its host ${account.host}.`,
        };
      }
    }
  },
});
