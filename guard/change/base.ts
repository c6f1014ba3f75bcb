import { existsSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { UserError } from "../../lib/user-error.ts";
import { changedFiles, checkOut, commitOf } from "./git.ts";
import { type Program, programAt } from "./program.ts";

/** The state with which a change is compared, before it is read. */
export interface Base extends AsyncDisposable {
  /** Directory of its fleet; `undefined` if it had none. */
  readonly fleet: string | undefined;
  /** Its own program, if it differs from this one. */
  readonly program: (() => Promise<Program>) | undefined;
}

/** This checkout; its working tree is the new side. */
export const checkout = join(import.meta.dirname, "../..");

/**
 * Finds the base: a directory that holds a fleet, or a commit of the repository of this checkout. A commit's files are checked out
 * until disposal.
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
      `${inventory} is outside of this checkout, so no commit contains it: give a directory as the base`,
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
 * Whether a file may influence what hosts get or how that is judged. Only these certainly do not, told by place and ending:
 * inventories, pages in `docs/` and at the top, tests, and `testing/`, which only tests import. Everything else, new folders too,
 * counts as program: another folder's name, such as `golden`, says nothing of who reads its files.
 * @param file relative to the checkout, with `/`
 * @param fleet directory of the fleet under review, likewise; fleets below `inventory/` are always data
 */
export function isProgram(file: string, fleet = ""): boolean {
  const isData = /^inventory\/[^/]+\/.*\.(?:yaml|md)$|^inventory\/[^/]+\/known_hosts$/.test(file);
  const isOfFleet = fleet !== "" && file.startsWith(`${fleet}/`) && /\.yaml$|\/known_hosts$/.test(file);
  const isDocument = /^(?:docs\/.*|[^/]*)\.md$/.test(file);
  const isTest = /\.(?:test|cases|fixture)\.ts$|^testing\//.test(file);
  return !(isData || isOfFleet || isDocument || isTest);
}
