import { changed, testRule } from "../../../testing/test-rule.ts";
import { linksToTwoMakers } from "./links-to-two-makers.ts";

testRule(linksToTwoMakers, {
  "one maker": {
    break: (valid) =>
      changed(valid, "hosts", 1, (host) => ({
        ...host,
        links: host.links.map((link) => ({ ...link, switchManufacturer: "arista" })),
      })),
    expect: ["host h2 links: All links of host h2 go to switches made by arista."],
  },
});
