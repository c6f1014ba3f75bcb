import { blastRadius } from "./blast-radius.ts";
import { dataKept } from "./data-kept.ts";
import type { GuardRule } from "./guard-rule.ts";
import { identityKept } from "./identity-kept.ts";
import { movesPlanned } from "./moves-planned.ts";
import { nothingOpened } from "./nothing-opened.ts";
import { nothingReplaced } from "./nothing-replaced.ts";
import { pairsApart } from "./pairs-apart.ts";
import { policiesHold } from "./policies-hold.ts";
import { promisesKept } from "./promises-kept.ts";
import { releasesForward } from "./releases-forward.ts";
import { rulesKept } from "./rules-kept.ts";
import { secretsKept } from "./secrets-kept.ts";
import { waiversApproved } from "./waivers-approved.ts";

/** Every guard rule, in the order in which findings are shown. */
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
