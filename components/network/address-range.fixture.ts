import type { Fixture } from "../../testing/fixtures/kind-fixture.ts";

export const fixture: Fixture<"ranges"> = () => [
  { prefix: "2001:db8::/32", version: 6, purpose: "owned" },
  { prefix: "192.0.2.0/24", version: 4, purpose: "owned" },
  { prefix: "2001:db8:1::/48", version: 6, within: "2001:db8::/32", site: "alpha", purpose: "hosts and accounts" },
  { prefix: "192.0.2.0/25", version: 4, within: "192.0.2.0/24", site: "alpha", purpose: "front ends" },
  { prefix: "2001:db8:2::/48", version: 6, within: "2001:db8::/32", site: "beta", purpose: "hosts and accounts" },
];
