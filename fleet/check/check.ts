import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, fileKinds } from "../../components/registry/files.generated.ts";
import type { Problem } from "../load/problem.ts";
import { checkAccounts } from "./accounts.ts";
import { checkLocations } from "./locations.ts";
import { checkPlaces } from "./places.ts";
import { type Entries, fileNames } from "./references.ts";
import { checkSites, withoutWrongRanges } from "./sites.ts";
import { checkSpelling } from "./spelling.ts";
import { checkApprovals, checkRetired, checkWaivers } from "./waivers.ts";

/** Runs every check that compares files of an inventory with each other. */
export function checkAll(entries: Entries): Problem[] {
  const named = (Object.entries(fileKinds) as [FileKey, FileKind][]).filter(([, { namedByEntry }]) => namedByEntry);
  const ofSites = checkSites(entries);
  const clear = withoutWrongRanges(entries, ofSites);
  return [
    ...named.flatMap(([key]) => fileNames(entries[key] as Parameters<typeof fileNames>[0])),
    ...ofSites,
    ...checkLocations(entries),
    ...checkPlaces(clear),
    ...checkAccounts(clear),
    ...checkWaivers(entries),
    ...checkApprovals(entries),
    ...checkRetired(entries),
    ...checkSpelling(entries),
  ];
}
