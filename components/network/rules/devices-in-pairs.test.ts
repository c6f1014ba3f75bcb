import { changed, testRule } from "../../../testing/test-rule.ts";
import { devicesInPairs } from "./devices-in-pairs.ts";

testRule(devicesInPairs, {
  "a router without a pair": {
    break: (valid) => changed(valid, "routers", 0, ({ pair: _none, ...router }) => router),
    expect: [
      "router rt1 pair: Router rt1 has no pair.",
      "router rt2 pair: Router rt2 has rt1 as its pair, but the pair of rt1 is not set.",
    ],
  },
  "a pair that is not there": {
    break: (valid) => changed(valid, "switches", 1, (device) => ({ ...device, pair: "sw9" })),
    expect: [
      "switch sw1 pair: Switch sw1 has sw2 as its pair, but the pair of sw2 is sw9.",
      "switch sw2 pair: Switch sw2 has sw9 as its pair, which is not another switch.",
    ],
  },
  "itself as its pair": {
    break: (valid) => changed(valid, "switches", 1, (device) => ({ ...device, pair: "sw2" })),
    expect: [
      "switch sw1 pair: Switch sw1 has sw2 as its pair, but the pair of sw2 is sw2.",
      "switch sw2 pair: Switch sw2 has sw2 as its pair, which is not another switch.",
    ],
  },
  "one maker for both routers": {
    break: (valid) => changed(valid, "routers", 1, (router) => ({ ...router, manufacturer: "juniper" })),
    expect: ["router rt1 pair: Router rt1 and its pair rt2 are both made by juniper."],
  },
  "both switches in one rack": {
    break: (valid) => changed(valid, "switches", 1, (device) => ({ ...device, rack: "r1" })),
    expect: ["switch sw1 pair: Switch sw1 and its pair sw2 both stand in rack r1."],
  },
  "a pair over two sites": {
    break: (valid) => changed(valid, "routers", 1, (router) => ({ ...router, site: "beta" })),
    expect: [
      "router rt1 pair: Router rt1 is at alpha, but its pair rt2 is at beta.",
      "router rt2 pair: Router rt2 is at beta, but its pair rt1 is at alpha.",
    ],
  },
});
