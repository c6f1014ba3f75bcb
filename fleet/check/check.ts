import type { Problem } from "../load/problem.ts";
import { checkAccounts } from "./accounts.ts";
import { checkPlaces } from "./places.ts";
import type { Entries } from "./references.ts";
import { checkApprovals, checkWaivers } from "./waivers.ts";

/** Every check across the files of an inventory: what one file says of another. */
export function checkAll(entries: Entries): Problem[] {
  return [...checkPlaces(entries), ...checkAccounts(entries), ...checkWaivers(entries), ...checkApprovals(entries)];
}
