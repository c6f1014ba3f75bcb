import { changed, testRule } from "../../testing/test-rule.ts";
import { prefixInsideSite } from "./prefix-inside-site.ts";

const prefix = (subnet: string) => (valid: Parameters<typeof changed>[0]) => ({
  ...changed(valid, "addresses", 0, (address) => ({ ...address, prefix: `${subnet}/64`, address: `${subnet}1` })),
});

testRule(prefixInsideSite, {
  "another site's": {
    break: prefix("2001:db8:2:1::"),
    expect: [
      "address 1 prefix: The prefix 2001:db8:2:1::/64 of account 1 is outside the prefix 2001:db8:1::/48 of site alpha.",
    ],
  },
  "the site's own": {
    break: prefix("2001:db8:1::"),
    expect: [
      "address 1 prefix: The prefix 2001:db8:1::/64 of account 1 is the first /64 of site alpha, which is for hosts and routers.",
    ],
  },
  "a site that is not there": {
    break: (valid) => changed(valid, "addresses", 0, (address) => ({ ...address, site: "gone" })),
    expect: ["address 1 prefix: The prefix 2001:db8:1:1::/64 of account 1 is at site gone, which is not declared."],
  },
});
