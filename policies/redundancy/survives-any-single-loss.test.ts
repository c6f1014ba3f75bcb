import { changed, testRule } from "../../testing/test-rule.ts";
import { survivesAnySingleLoss } from "./survives-any-single-loss.ts";

testRule(survivesAnySingleLoss, {
  "both supplies on one chain": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        powerSupplies: host.powerSupplies.map((supply) => ({ ...supply, chain: "a", feed: "north" })),
      })),
    expect: [
      "site alpha halls.0.chains.0: If chain a of hall one at alpha fails, host h1 loses service: power supply psu0 is fed by chain a, and power supply psu1 too; 2 accounts of plan small.",
      "site alpha halls.0.chains.0.feed: If feed north at alpha fails, host h1 loses service: power supply psu0 is fed by chain a, and power supply psu1 too, and chain a is fed by feed north; 2 accounts of plan small.",
    ],
    alsoBreaks: ["two-power-supplies-on-two-chains"],
  },
  "both switches on one router": {
    break: (valid) => ({
      ...valid,
      switches: valid.switches.map((device) => ({ ...device, uplinks: [{ port: "up1", router: "rt1" }] })),
    }),
    expect: [
      "router rt1 : If router rt1 fails, host h1 and 1 other host lose service: link eth0 and link eth1 lead only to router rt1; 3 accounts of plan small.",
    ],
  },
  "one operator for all": {
    break: (valid) => ({
      ...valid,
      networks: valid.networks.map((network) => ({ ...network, operators: network.operators.slice(0, 1) })),
    }),
    expect: [
      "network 64496 operators.0: If operator op1 fails, host h1 and 1 other host lose service: link eth0 and link eth1 lead only to router rt1, which reaches the Internet over operator op1; 3 accounts of plan small.",
      "router rt1 : If router rt1 fails, host h1 and 1 other host lose service: link eth0 and link eth1 lead only to router rt1; 3 accounts of plan small.",
    ],
    alsoBreaks: ["four-independent-operators"],
  },
  "a plan that promises more than the fleet has": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, survives: [...plan.survives, "host"] })),
    expect: [
      "host h1 : If host h1 fails, the accounts of host h1 have no standby; 2 accounts of plan small.",
      "host h2 : If host h2 fails, the accounts of host h2 have no standby; 1 account of plan small.",
    ],
  },
  "a standby at the same site": {
    break: (valid) => ({
      ...valid,
      plans: valid.plans.map((plan) => ({ ...plan, survives: [...plan.survives, "host", "hall"] })),
      accounts: valid.accounts.map((account) => ({ ...account, standby: account.host === "h1" ? "h2" : "h1" })),
    }),
    expect: [
      "site alpha halls.0: If hall one at alpha fails, host h1 and 1 other host lose service: host h1 stands in rack r1, which is in hall one; its standby, host h2, loses service too: it stands in rack r2, which is in hall one; 3 accounts of plan small.",
    ],
  },
  "links to nowhere": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        links: host.links.map((link, index) => ({ ...link, switch: `gone${index}` })),
      })),
    expect: [
      "host h1 : Even if nothing fails, host h1 has no service: link eth0 goes to no declared element, and link eth1 goes to no declared element; 2 accounts of plan small.",
    ],
  },
});
