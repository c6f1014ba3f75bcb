import type { Problem } from "../load/problem.ts";
import { checkAccounts } from "./accounts.ts";
import { checkPlaces } from "./places.ts";
import type { Entries } from "./references.ts";
import { checkApprovals, checkWaivers } from "./waivers.ts";

/** Runs every check that compares files of an inventory with each other. */
export function checkAll(entries: Entries): Problem[] {
  return [...checkPlaces(entries), ...checkAccounts(entries), ...checkWaivers(entries), ...checkApprovals(entries)];
}
