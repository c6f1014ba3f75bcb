import { judgeDeclaration } from "../../policies/check-declaration.ts";
import { rules } from "../../policies/rules.generated.ts";
import { testGuardRule, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { type Side, sideOf } from "../change/side.ts";
import { rulesKept } from "./rules-kept.ts";

const coldDisk = changed(valid, "hosts", 0, (host) => ({
  ...host,
  disks: host.disks.map((disk) => ({ ...disk, hotSwap: false })),
}));
const others = rules.filter(({ name }) => name !== "hot-swap-ssds");

/** The new side, whose program no longer has the rule or, with `names`, whose rule finds nothing. */
function lenient(declaration: Side["declaration"], names = others): Side {
  return {
    ...sideOf(declaration),
    judge: (of, today) => judgeDeclaration(of, today, others),
    rules: names.map(({ name }) => name),
  };
}

testGuardRule(rulesKept, {
  "a rule is removed": {
    change: { after: lenient(valid) },
    expect: ["needs approval: register register: Removes rule hot-swap-ssds. [weaken rule hot-swap-ssds]"],
  },
  "a rule is weakened: what it would have refused is found by the rules of the base": {
    change: { after: lenient(coldDisk, [...rules]) },
    expect: [
      "blocked: host h1 disks.0.hotSwap: Rule hot-swap-ssds no longer reports this: Disk bay0 of host h1 cannot be hot-swapped.",
      "blocked: host h1 disks.1.hotSwap: Rule hot-swap-ssds no longer reports this: Disk bay1 of host h1 cannot be hot-swapped.",
    ],
    alsoFound: ["redundancy-kept"],
  },
  "a rule is removed together with what it would have refused": {
    change: { after: lenient(coldDisk) },
    expect: [
      "blocked: host h1 disks.0.hotSwap: Rule hot-swap-ssds is removed and no longer reports this: Disk bay0 of host h1 cannot be hot-swapped.",
      "blocked: host h1 disks.1.hotSwap: Rule hot-swap-ssds is removed and no longer reports this: Disk bay1 of host h1 cannot be hot-swapped.",
      "needs approval: register register: Removes rule hot-swap-ssds. [weaken rule hot-swap-ssds]",
    ],
    alsoFound: ["redundancy-kept"],
  },
  "rules of the base that cannot read what is declared now: one that is still there is named, one that is gone is only removed":
    {
      change: {
        before: {
          ...sideOf(valid),
          judge: (of, today) => ({ ...judgeDeclaration(of, today), unable: ["hot-swap-ssds", "two-disks"] }),
        },
        after: lenient(valid),
      },
      expect: [
        "needs approval: register register: Rule two-disks of the base cannot read what this change declares: whether the change weakens it is unknown. [weaken rule two-disks]",
        "needs approval: register register: Removes rule hot-swap-ssds. [weaken rule hot-swap-ssds]",
      ],
    },
  "the new side judges otherwise, but nothing breaks an old rule": {
    change: { after: lenient(valid, [...rules]) },
    expect: [],
  },
});
