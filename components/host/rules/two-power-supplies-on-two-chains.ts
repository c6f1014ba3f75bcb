import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const twoPowerSuppliesOnTwoChains = defineRule({
  name: "two-power-supplies-on-two-chains",
  theme: "redundancy",
  severity: "critical",
  scope: "resource",
  waivable: true,
  description:
    "Every host has at least two power supplies, on different electrical chains that are fed by different feeds.",
  reason:
    "When the only chain or feed fails, the host and all its accounts stop at once, and disks may be left with incomplete writes.",
  fix: "Connect a second power supply to a chain with another feed and list both under `powerSupplies`.",
  *find({ hosts }) {
    for (const host of hosts) {
      const supplies = new Map(host.powerSupplies.map((supply) => [supply.name, supply]));
      const chains = new Set(host.powerSupplies.map((supply) => supply.chain));
      const feeds = new Set(host.powerSupplies.map((supply) => supply.feed));
      let found: string | undefined;
      if (supplies.size === 0) found = "no power supply";
      else if (supplies.size === 1) found = `one power supply (${[...supplies.keys()].join()})`;
      else if (chains.size < 2) found = `all its power supplies on chain ${[...chains].join()}`;
      else if (feeds.size < 2)
        found = `all its power supplies on feed ${[...feeds].join()} (chains ${[...chains].join(", ")})`;
      if (found) yield { subject: subject.host(host, "powerSupplies"), message: `Host ${host.name} has ${found}.` };
    }
  },
});
