import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname, join, relative, resolve } from "node:path";
import { kindOfFile } from "../../../fleet/load/read-fleet.ts";
import { count } from "../../../lib/text/text.ts";
import { UserError } from "../../../lib/user-error.ts";
import { stackFindings, stackOf } from "../stack-change.ts";
import { type FoundFleet, fleetAt, fleetsIn, type Pairing, pairFleets } from "./fleets.ts";
import { changedFiles, checkOut, commitNamed, commitOf, filesOf, isInRepository, isNamed } from "./git.ts";
import { commitsBetween, isShallow, placesMoved, sharedWithHead, writersOf } from "./history.ts";
import type { Person } from "./people.ts";
import { type Program, programAt } from "./program.ts";
import { type ProgramChange, partsOf, programChange, rulesWords } from "./program-change.ts";
import { refuseUnseen } from "./unseen.ts";

/** The state with which a change is compared, before it is read. */
export interface Base extends AsyncDisposable {
  /** Directory of its fleet; `undefined` if it had none. */
  readonly fleet: string | undefined;
  /** Directory of the new side's fleet, as given or where it has moved to. */
  readonly head: string;
  /** The same as it is shown: in its repository. */
  readonly place: string;
  /** Its own program, if it differs from this one. */
  readonly program: (() => Promise<Program>) | undefined;
  /** How the new side's program differs, if it is not this one, and so does not judge itself. */
  readonly foreign: ProgramChange | undefined;
  readonly notices: readonly string[];
  readonly findings: Pairing["findings"];
  /** What it does to the settings of stacks. */
  readonly stacks: Awaited<ReturnType<typeof stackFindings>>;
  /** Where its history is, if it is a commit. */
  readonly history: History | undefined;
}

/** The history of a base. */
export interface History {
  readonly root: string;
  readonly commit: string;
  /** The commit that was given; it has more than {@link commit} if the branch is behind it. */
  readonly given: string;
  /** The fleet's directory there, relative to `root`. */
  readonly place: string;
  /** Files that the change touches, relative to `root`. */
  readonly changed: readonly string[];
}

/** This checkout; its working tree is the new side, unless that is in another repository. */
export const checkout = join(import.meta.dirname, "../../..");

/**
 * Finds the base: a directory that holds a fleet, or a commit of the repository that holds the new side's fleet. That is this checkout,
 * whose program then judges itself, or another one, whose files are only data: nothing of it is run. A commit's files are checked out
 * until disposal.
 * @param inventory the new side's fleet; a commit's fleet is the one of the same identity
 * @throws Error that says what to do
 */
export async function openBase(base: string, inventory: string): Promise<Base> {
  const place = await placeOf(inventory);
  const isDirectory = existsSync(join(base, "network.yaml"));
  // A change may bring a directory of the name of the branch with which it is to be compared. Without an answer of git nobody means a commit.
  const asked = isDirectory && place.root !== undefined ? commitNamed(place.root, base) : undefined;
  if ((await asked?.catch(() => undefined)) !== undefined) {
    throw new UserError(
      `"${base}" is a directory with a fleet, and a commit known to git: write ./${base} for the directory, or refs/heads/${base} for the branch`,
    );
  }
  if (isDirectory) {
    const [before, after] = await Promise.all([base, inventory].map((each) => fleetAt(resolve(each), "")));
    // Whoever gives two directories has paired them; only what one of them says of itself can be wrong.
    const { findings } = pairFleets([{ ...before!, id: before!.named ? before!.id : after!.id }], [after!], "");
    const none = { program: undefined, foreign: undefined, history: undefined, notices: [], stacks: [] };
    return { fleet: base, head: inventory, place: place.shown, ...none, findings, async [Symbol.asyncDispose]() {} };
  }
  const { root } = place;
  if (root === undefined) {
    throw new UserError(`${inventory} is in no repository, so no commit contains it: give a directory as the base`);
  }
  const given = await commitOf(root, base);
  await refuseUnseen(root, place.shown);
  const commit = (await sharedWithHead(root, given)) ?? given;
  const there = await filesOf(root, commit);
  const fleets = there.filter((file) => isNamed(file, "network.yaml")).sort();
  // Of the base only what is read is written: its program is a thousand files, and most changes leave it alone.
  const files = await checkOut(root, commit, checkout, [
    ...fleets,
    ...there.filter((file) => stackOf(file.replace(/\/.*/, "")) !== undefined),
  ]);
  try {
    const [before, after] = await Promise.all([fleetsIn(files.directory, fleets), fleetsIn(root)]);
    const pairing = pairFleets(before, after, place.shown);
    if (pairing.after === undefined && existsSync(join(root, place.shown, "network.yaml"))) {
      throw new UserError(
        `git does not see the files of ${inventory}: they are in a submodule, behind a symlink, or ignored, so what they were before is not known. Give the fleet's own directory, in the repository that has its files`,
      );
    }
    const places = [pairing.before?.place, pairing.after?.place].filter((each) => each !== undefined);
    const touched = await changedFiles(root, commit);
    const changed = touched.filter(
      (file) => !places.every((each) => !isProgram(file, each)) && stackOf(file) === undefined,
    );
    const settings = touched.filter((file) => stackOf(file) !== undefined);
    if (pairing.before) await files.add([pairing.before.place]);
    const own = root === checkout;
    const notices = [...pairing.notices, ...besides([...before, ...after], [pairing.before, pairing.after], touched)];
    if (commit !== given) {
      const behind = await commitsBetween(root, commit, given);
      notices.unshift(
        `${base} has ${count(behind, "commit")} that this branch lacks. Compared with ${commit.slice(0, 12)}, where they parted; rebase to see both together.`,
      );
    }
    if (await isShallow(root)) {
      notices.unshift(
        `The history here is cut off (a shallow clone), so some of it is not known: what earlier changes allowed, which numbers were given free, and where this branch and ${base} parted; what ${base} has and this branch lacks may show as taken away. Fetch the rest: git fetch --unshallow.`,
      );
    }
    if (!own && isInRepository(checkout) && (await isShallow(checkout))) {
      notices.unshift(
        "The history of the program that judges is cut off (a shallow clone), so a rule that was weakened before may not show. Fetch the rest there: git fetch --unshallow.",
      );
    }
    if (own && changed.length > 0) {
      notices.push(
        `The program differs from the base's and judges itself here: ${partsOf(changed)}.${rulesWords(changed)} To have it judged by the base's: docs/how-to/operate/review-pull-requests-in-ci.md.`,
      );
    }
    return {
      fleet: pairing.before && join(files.directory, pairing.before.place),
      head: pairing.after ? join(root, pairing.after.place) : inventory,
      place: pairing.after?.place ?? place.shown,
      program: own && changed.length > 0 ? () => files.add([""]).then(() => programAt(files.directory)) : undefined,
      foreign: own || changed.length === 0 ? undefined : await programChange(root, commit, changed),
      notices,
      findings: pairing.findings,
      stacks: await stackFindings(files.directory, root, settings),
      history: pairing.before && { root, commit, given, place: pairing.before.place, changed: touched },
      [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
    };
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** Says that a change also touches fleets that this review does not compare. */
function besides(
  all: readonly FoundFleet[],
  compared: readonly (FoundFleet | undefined)[],
  touched: readonly string[],
): string[] {
  const places = new Map(all.map(({ place, id }) => [place, id]));
  for (const each of compared) if (each) places.delete(each.place);
  // What is in testing/ is nobody's fleet.
  const others = [...places].filter(
    ([place]) => !place.startsWith("testing/") && touched.some((file) => file.startsWith(`${place}/`)),
  );
  return others.map(
    ([place, id]) =>
      `This change also touches fleet ${id} (${place}), which this review does not judge: review it too.`,
  );
}

/**
 * The repository in which a fleet is named, and the fleet's place in it; the fleet itself may be missing. Found by the name alone: a symlink
 * must not lead to another repository, nor a repository among the files of a working tree be taken for the one that holds it.
 * @throws Error if symlinks lead out of the repository
 */
export async function placeOf(
  inventory: string,
): Promise<{ readonly root: string | undefined; readonly shown: string }> {
  const named = resolve(inventory);
  const isIn = (root: string, path: string) => !/^\.\.(?:\/|$)/.test(relative(root, path));
  let root: string | undefined = checkout;
  if (!isIn(checkout, named)) {
    for (root = named; root !== "/" && !existsSync(join(root, ".git")); ) root = dirname(root);
    if (root === "/") root = undefined;
  }
  if (root === undefined) return { root, shown: join(inventory) };
  const real = await realpath(named).catch(() => undefined);
  if (real !== undefined && !isIn(await realpath(root), real)) {
    throw new UserError(`${inventory} is a symlink that leads out of its repository: put the fleet's files there`);
  }
  return { root, shown: relative(root, named) };
}

/**
 * Whether a file may influence what hosts get or how that is judged. Only these certainly do not, told by place and ending:
 * inventories, pages in `docs/` and at the top, tests, and `testing/`, which only tests import. Everything else, new folders too,
 * counts as program: another folder's name, such as `golden`, says nothing of who reads its files.
 * @param file relative to the checkout, with `/`
 * @param fleet directory of the fleet under review, likewise; fleets below `inventory/` are always data
 */
export function isProgram(file: string, fleet = ""): boolean {
  const [, inside] = /^inventory\/[^/]+\/(.*)$/.exec(file) ?? [];
  const isData = inside !== undefined && isOfFleet(inside);
  const isUnderReview = fleet !== "" && file.startsWith(`${fleet}/`) && isOfFleet(file.slice(fleet.length + 1));
  const isDocument = /^(?:docs\/.*|[^/]*)\.md$|(?:^|\/)(?:README\.md|LICENSE)$/.test(file);
  const isTest = /\.(?:test|cases|fixture)\.ts$|^testing\//.test(file);
  return !(isData || isUnderReview || isDocument || isTest);
}

/**
 * Who wrote what a range of commits changes of what is deployed: the program, and anything of the fleet beside its approvals, also where
 * its directory was on the way. Whoever only approves, or writes pages, has not.
 */
export async function authorsOfChange(root: string, range: string, place: string): Promise<Person[]> {
  const places = [place, ...(await placesMoved(root, range, "network.yaml"))];
  return writersOf(root, range, (file) => {
    const of = places.find((each) => each === "" || file.startsWith(`${each}/`));
    return of === undefined ? isProgram(file, place) : file !== join(of, "approvals.yaml");
  });
}

/** Whether a fleet's directory may hold a file, which is data then. */
function isOfFleet(file: string): boolean {
  return kindOfFile(file) !== undefined || file === "known_hosts" || /\.md$/.test(file);
}
