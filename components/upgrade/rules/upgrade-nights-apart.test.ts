import { changed, testRule } from "../../../testing/test-rule.ts";
import type { Declaration } from "../../registry/kinds.generated.ts";
import { upgradeNightsApart } from "./upgrade-nights-apart.ts";

/** The second host, standby of the first one's account, in some nights. */
const nights = (valid: Declaration, ...of: readonly string[]) =>
  changed(
    changed(valid, "accounts", 0, (account) => ({ ...account, standby: "h2" })),
    "hosts",
    1,
    (host) => ({ ...host, upgrades: { ...host.upgrades, nights: of } }),
  );

testRule(upgradeNightsApart, {
  "one night of both": {
    break: (valid) => nights(valid, "Tue", "Fri"),
    expect: [
      "host h1 upgrades: Host h1 installs security upgrades in the nights of Tue, and so does h2, the standby of accounts of it.",
    ],
  },
});
