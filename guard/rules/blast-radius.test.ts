import { defaultLimits } from "../../components/review/limits.file.ts";
import { accountMoved, everyHostChanged, fleetChange } from "../../testing/fixtures/wave-fixture.ts";
import { testGuardRule, to } from "../../testing/test-guard-rule.ts";
import { blastRadius } from "./blast-radius.ts";

const { before, after } = fleetChange;

testGuardRule(blastRadius, {
  "six hosts in a fleet without waves": {
    change: { before, after, limits: { ...defaultLimits, deployment: "at-once", hosts: 3, capacityPercent: 50 } },
    expect: [
      "blocked: host h2: One update touches 6 hosts and 1 account; limits.yaml allows 3 hosts, 1000 accounts and 50 % of the cores. Deploy in these 2 waves: h2 and h3 and h4; then h1 and h5 and h6.",
    ],
    alsoFound: ["identity-kept", "pairs-apart", "policies-hold"],
  },
  "more waves than limits.yaml allows": {
    change: { before, after, limits: { ...defaultLimits, hosts: 1, waves: 5 } },
    expect: ["blocked: host h2: The change needs 6 waves; limits.yaml allows 5."],
    alsoFound: ["identity-kept", "policies-hold"],
  },
  "hosts between which an account moves stay together, even beyond the limits": {
    change: { ...to(everyHostChanged(accountMoved())), limits: { ...defaultLimits, hosts: 1 } },
    expect: [
      "blocked: host h1: The update of h1, h2 touches 3 accounts and cannot be split; limits.yaml allows 1 host and 1000 accounts.",
    ],
    alsoFound: ["identity-kept", "moves-planned", "nothing-opened"],
  },
  "six hosts in six waves": {
    change: { before, after, limits: { ...defaultLimits, hosts: 1, waves: 6 } },
    expect: [],
    alsoFound: ["identity-kept", "policies-hold"],
  },
});
