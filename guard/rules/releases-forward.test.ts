import { between, testGuardRule, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { releasesForward } from "./releases-forward.ts";

const bookworm = changed(valid, "hosts", 0, (host) => ({ ...host, release: "bookworm" }));

testGuardRule(releasesForward, {
  "an upgrade needs an approval": {
    change: between(bookworm, valid),
    expect: ["needs approval: host h1 release: Upgrades host h1 from Debian bookworm to trixie. [upgrade host h1]"],
  },
  "a downgrade is blocked": {
    change: between(valid, bookworm),
    expect: ["blocked: host h1 release: Downgrades host h1 from Debian trixie to bookworm."],
    alsoFound: ["policies-hold"],
  },
});
