import { byKey } from "../../../lib/lists.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { nightsOfHost } from "../upgrades.ts";

export const upgradeNightsApart = defineRule({
  name: "upgrade-nights-apart",
  theme: "redundancy",
  severity: "high",
  scope: "stack",
  waivable: true,
  description: "The host of an account and its standby do not install security upgrades in the same night.",
  reason: "An upgrade that breaks something would break the host and its standby before anybody sees it.",
  fix: "Set `upgrades.nights` of one of the two hosts to other nights, or choose another standby.",
  *find({ accounts, hosts, sites }) {
    const byName = byKey(hosts, ({ name }) => name);
    const said = new Set<string>();
    for (const { host, standby } of accounts) {
      const [own, other] = [byName.get(host), byName.get(standby ?? "")];
      if (!own?.upgrades.security || !other?.upgrades.security || said.has(`${host} ${standby}`)) continue;
      said.add(`${host} ${standby}`);
      const others = nightsOfHost(other, sites);
      const shared = nightsOfHost(own, sites).filter((night) => others.includes(night));
      if (shared.length === 0) continue;
      yield {
        subject: subject.host(own, "upgrades"),
        message: `Host ${host} installs security upgrades in the nights of ${shared.join(", ")}, and so does ${standby}, the standby of accounts of it.`,
      };
    }
  },
});
