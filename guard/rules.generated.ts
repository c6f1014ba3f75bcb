// Written by `npm run generate` from the files beside it. Do not edit.
import type { GuardRule } from "./rule.ts";
import { blastRadius } from "./rules/blast-radius.ts";
import { dataKept } from "./rules/data-kept.ts";
import { identityKept } from "./rules/identity-kept.ts";
import { movesPlanned } from "./rules/moves-planned.ts";
import { nothingOpened } from "./rules/nothing-opened.ts";
import { nothingReplaced } from "./rules/nothing-replaced.ts";
import { pairsApart } from "./rules/pairs-apart.ts";
import { policiesHold } from "./rules/policies-hold.ts";
import { promisesKept } from "./rules/promises-kept.ts";
import { redundancyKept } from "./rules/redundancy-kept.ts";
import { releasesForward } from "./rules/releases-forward.ts";
import { rulesKept } from "./rules/rules-kept.ts";
import { secretsKept } from "./rules/secrets-kept.ts";
import { trustApproved } from "./rules/trust-approved.ts";
import { waiversApproved } from "./rules/waivers-approved.ts";

/** Every guard rule: by theme, then by name. Findings of one level are shown in this order. */
export const guardRules: readonly GuardRule[] = [
  policiesHold,
  rulesKept,
  pairsApart,
  redundancyKept,
  dataKept,
  identityKept,
  movesPlanned,
  nothingReplaced,
  promisesKept,
  releasesForward,
  secretsKept,
  nothingOpened,
  trustApproved,
  waiversApproved,
  blastRadius,
];
