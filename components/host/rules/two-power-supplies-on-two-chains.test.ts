import { changed, testRule } from "../../../testing/test-rule.ts";
import { twoPowerSuppliesOnTwoChains } from "./two-power-supplies-on-two-chains.ts";

testRule(twoPowerSuppliesOnTwoChains, {
  "no power supply": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, powerSupplies: [] })),
    expect: ["host h1 powerSupplies: Host h1 has no power supply."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one power supply": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({ ...host, powerSupplies: host.powerSupplies.slice(0, 1) })),
    expect: ["host h1 powerSupplies: Host h1 has one power supply (psu0)."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one power supply listed twice": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        powerSupplies: host.powerSupplies.map((supply) => ({ ...supply, name: "psu0" })),
      })),
    expect: ["host h1 powerSupplies: Host h1 has one power supply (psu0)."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one chain": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        powerSupplies: host.powerSupplies.map((supply) => ({ ...supply, chain: "a", feed: "north" })),
      })),
    expect: ["host h1 powerSupplies: Host h1 has all its power supplies on chain a."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one feed": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        powerSupplies: host.powerSupplies.map((supply) => ({ ...supply, feed: "north" })),
      })),
    expect: ["host h1 powerSupplies: Host h1 has all its power supplies on feed north (chains a, b)."],
  },
});
