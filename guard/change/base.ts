import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { changedFiles, checkOut, commitOf } from "./git.ts";
import { type Program, programAt } from "./program.ts";

/** What a change is compared with, before it is read. */
export interface Base extends AsyncDisposable {
  /** Directory of its fleet; `undefined` if it had none. */
  readonly fleet: string | undefined;
  /** Its own program, where that is another than this one. */
  readonly program: (() => Promise<Program>) | undefined;
}

/** This checkout: what is compared is its working tree. */
export const checkout = join(import.meta.dirname, "../..");

/**
 * Finds the base: a directory that holds a fleet, or a commit of the repository that this checkout is of. A commit's files are laid
 * out until disposal.
 * @param inventory the new side's fleet; a commit's fleet is at the same place
 * @throws Error that says what to do
 */
export async function openBase(base: string, inventory: string): Promise<Base> {
  if (existsSync(join(base, "network.yaml"))) {
    return { fleet: base, program: undefined, async [Symbol.asyncDispose]() {} };
  }
  const place = relative(checkout, resolve(inventory));
  if (place.startsWith("..")) {
    throw new UserError(
      `${inventory} lies outside of this checkout, so no commit has it: give a directory as the base`,
    );
  }
  const commit = await commitOf(checkout, base);
  const changed = (await changedFiles(checkout, commit)).some((file) => isProgram(file, place));
  const files = await checkOut(checkout, commit);
  const fleet = join(files.directory, place);
  return {
    fleet: existsSync(fleet) ? fleet : undefined,
    program: changed ? () => programAt(files.directory) : undefined,
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
}

/**
 * Whether a file may take part in what hosts get or in how that is judged. Only what certainly does not is left out: fleets,
 * which are data, documents, tests and what only tests read. Anything else, a new folder too, is program.
 * @param file relative to the checkout, with `/`
 * @param fleet directory of the fleet that is looked at, likewise; those below `inventory/` are data anyway
 */
export function isProgram(file: string, fleet = ""): boolean {
  const isData = /^inventory\/[^/]+\/.*\.(?:yaml|md)$|^inventory\/[^/]+\/known_hosts$/.test(file);
  const isOfFleet = fleet !== "" && file.startsWith(`${fleet}/`) && /\.yaml$|\/known_hosts$/.test(file);
  const isDocument = /^docs\/|\.md$/.test(file);
  const isTest = /\.(?:test|cases|fixture)\.ts$|(?:^|\/)(?:golden|fixtures)\/|^testing\//.test(file);
  return !(isData || isOfFleet || isDocument || isTest);
}
