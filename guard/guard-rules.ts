import type { GuardRule } from "./guard-rule.ts";
import { blastRadius } from "./rules/blast-radius.ts";
import { dataKept } from "./rules/data-kept.ts";
import { identityKept } from "./rules/identity-kept.ts";
import { movesPlanned } from "./rules/moves-planned.ts";
import { nothingOpened } from "./rules/nothing-opened.ts";
import { nothingReplaced } from "./rules/nothing-replaced.ts";
import { pairsApart } from "./rules/pairs-apart.ts";
import { policiesHold } from "./rules/policies-hold.ts";
import { promisesKept } from "./rules/promises-kept.ts";
import { releasesForward } from "./rules/releases-forward.ts";
import { rulesKept } from "./rules/rules-kept.ts";
import { secretsKept } from "./rules/secrets-kept.ts";
import { waiversApproved } from "./rules/waivers-approved.ts";

/** Every rule of the guard, in the order findings are shown. */
export const guardRules: readonly GuardRule[] = [
  policiesHold,
  rulesKept,
  pairsApart,
  identityKept,
  dataKept,
  nothingReplaced,
  movesPlanned,
  promisesKept,
  releasesForward,
  secretsKept,
  nothingOpened,
  waiversApproved,
  blastRadius,
];
