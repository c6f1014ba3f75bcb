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
      "site alpha halls.0.chains.0: Cut chain a of hall one at alpha: host h1 goes dark, because supply psu0 hangs on chain a, and supply psu1 hangs on chain a too; 2 accounts of plan small.",
      "site alpha halls.0.chains.0.feed: Cut feed north at alpha: host h1 goes dark, because supply psu0 hangs on chain a, and supply psu1 hangs on chain a too, which hangs on feed north; 2 accounts of plan small.",
    ],
    alsoBreaks: ["two-power-supplies-on-two-chains"],
  },
  "both switches on one router": {
    break: (valid) => ({
      ...valid,
      switches: valid.switches.map((device) => ({ ...device, uplinks: [{ port: "up1", router: "rt1" }] })),
    }),
    expect: [
      "router rt1 : Cut router rt1: host h1 and 1 other host go dark, because link eth0 and link eth1 lead only to router rt1; 3 accounts of plan small.",
    ],
  },
  "one operator for all": {
    break: (valid) => ({
      ...valid,
      networks: valid.networks.map((network) => ({ ...network, operators: network.operators.slice(0, 1) })),
    }),
    expect: [
      "network 64496 operators.0: Cut operator op1: host h1 and 1 other host go dark, because link eth0 and link eth1 lead only to router rt1, which reaches the Internet over operator op1; 3 accounts of plan small.",
      "router rt1 : Cut router rt1: host h1 and 1 other host go dark, because link eth0 and link eth1 lead only to router rt1; 3 accounts of plan small.",
    ],
    alsoBreaks: ["four-independent-operators"],
  },
  "a plan that promises what nobody built": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, survives: [...plan.survives, "host"] })),
    expect: [
      "host h1 : Cut host h1: host h1 goes dark, and its accounts have no standby; 2 accounts of plan small.",
      "host h2 : Cut host h2: host h2 goes dark, and its accounts have no standby; 1 account of plan small.",
    ],
  },
  "a standby at the same site": {
    break: (valid) => ({
      ...valid,
      plans: valid.plans.map((plan) => ({ ...plan, survives: [...plan.survives, "host", "hall"] })),
      accounts: valid.accounts.map((account) => ({ ...account, standby: account.host === "h1" ? "h2" : "h1" })),
    }),
    expect: [
      "site alpha halls.0: Cut hall one at alpha: host h1 and 1 other host go dark, because the first stands in rack r1, which is in hall one; its standby, host h2, goes dark, because it stands in rack r2, which is in hall one; 3 accounts of plan small.",
    ],
  },
  "links to nowhere": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        links: host.links.map((link, index) => ({ ...link, switch: `gone${index}` })),
      })),
    expect: [
      "host h1 : With nothing cut: host h1 goes dark, because link eth0 goes to nothing that is declared, and link eth1 goes to nothing that is declared; 2 accounts of plan small.",
    ],
  },
});
