import { changed, testRule } from "../../../testing/test-rule.ts";
import { devicesOnTwoChains } from "./devices-on-two-chains.ts";

testRule(devicesOnTwoChains, {
  "a switch with one power supply": {
    break: (valid) =>
      changed(valid, "switches", 0, (device) => ({ ...device, powerSupplies: device.powerSupplies.slice(0, 1) })),
    expect: ["switch sw1 powerSupplies: Switch sw1 has one power supply."],
  },
  "a router with none": {
    break: (valid) => changed(valid, "routers", 1, (router) => ({ ...router, powerSupplies: [] })),
    expect: ["router rt2 powerSupplies: Router rt2 has no power supply."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "a router on one feed": {
    break: (valid) =>
      changed(valid, "routers", 0, (router) => ({
        ...router,
        powerSupplies: router.powerSupplies.map((supply) => ({ ...supply, chain: "b", feed: "south" })),
      })),
    expect: ["router rt1 powerSupplies: Router rt1 has all its power supplies on feed south."],
  },
});
