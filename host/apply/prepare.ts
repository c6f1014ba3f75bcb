import type { Bundle, Group } from "../../delivery/protocol/bundle.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { ensureDirectories, wrongDirectories } from "../store/accounts.ts";
import type { Generation } from "../store/generations.ts";
import { type SeenFiles, Staging } from "../store/staging/stage.ts";
import { takenInWords } from "../store/staging/taken-paths.ts";
import { changedGroups, changesBetween } from "./hooks/choose.ts";
import { distinctGroups, type Problem } from "./validate/problem.ts";
import { staged } from "./validate/staged.ts";
import { usedFiles, validators } from "./validate/validate.ts";

/** What a run knows about the generation in force. */
export interface Seen extends SeenFiles {
  /** Groups whose account has correct directories. */
  readonly inOrder: ReadonlySet<Group>;
}

export interface Prepared {
  /** Complete and on disk; `undefined` if nothing is left to change or the host's own files are refused. */
  readonly generation: Generation | undefined;
  readonly filesWritten: number;
  /** Account groups with a problem keep their old files. A problem of the host group stops the apply. */
  readonly problems: readonly Problem[];
}

/**
 * Stages a bundle beside the generation in force and validates it. An account that fails keeps its old files, the others go on.
 * @throws ApplyError or the system's error (disk full); then no files are left behind.
 */
export async function prepare(
  machine: Machine,
  current: Generation,
  bundle: Bundle,
  { drifted, inodes, inOrder }: Seen,
  options: { readonly force: boolean; readonly repaired: readonly string[] },
): Promise<Prepared> {
  const staging = new Staging(machine, current, { drifted, inodes });
  try {
    staging.fill(bundle);
    const problems = [
      ...(await judge(machine, staging, current, drifted)),
      ...directories(machine, staging, current, inOrder),
    ];
    const refused = problems.some(({ group }) => group === "host");
    if (refused || (staging.bundle.digest === current.bundle.digest && !options.force)) {
      staging.discard();
      return { generation: undefined, filesWritten: 0, problems };
    }
    const accounts = changedGroups(current.bundle, staging.bundle).filter((name) => name !== "host").length;
    machine.say(`staged ${staging.written} files, ${accounts} accounts changed`);
    return { generation: staging.seal(options.repaired), filesWritten: staging.written, problems };
  } catch (error) {
    staging.discard();
    throw error;
  }
}

/** Runs every validator until none complains; accounts that they name get their old files back. */
async function judge(
  machine: Machine,
  staging: Staging,
  current: Generation,
  drifted: ReadonlySet<string>,
): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  const keptOld = new Set<Group>();
  /** What differs from the generation in force, and what units read from now on. The same for all validators, until an account gets its old files back. */
  const changedNow = () => {
    const { added, modified, removed } = changesBetween(current.bundle, staging.bundle, drifted);
    const [used, before] = [usedFiles(staging.bundle), usedFiles(current.bundle)];
    return new Set([...added, ...modified, ...removed, ...[...used].filter((path) => !before.has(path))]);
  };
  let changed = changedNow();
  for (let again = true; again; ) {
    again = false;
    for (const validate of validators(machine.live)) {
      for (let found: readonly Problem[]; ; ) {
        found = await validate(staged(machine, staging, changed));
        if (found.length === 0) break;
        problems.push(...found);
        const groups = distinctGroups(found);
        const atFault = groups.find((group) => group === "host" || keptOld.has(group));
        if (atFault === "host") return problems;
        if (atFault)
          return [...problems, { group: "host", message: `the old files of ${atFault} fail validation too` }];
        for (const group of groups) {
          machine.say(`${group} keeps its old files`);
          keptOld.add(group);
          problems.push(...keepOld(staging, group, keptOld));
        }
        changed = changedNow();
        // Validators that passed must run again without this account's files.
        again = true;
      }
    }
  }
  return problems;
}

/** Gives a group its old files back. @returns a problem of each group that has to keep its own for that */
function keepOld(staging: Staging, name: Group, keptOld: Set<Group> = new Set()): Problem[] {
  return staging.keepOld(name).map((taken) => {
    keptOld.add(taken.group);
    return { group: taken.group, path: taken.path, message: takenInWords(taken) };
  });
}

/** Creates the accounts' directories before anything that needs them is in force. */
function directories(
  machine: Machine,
  staging: Staging,
  current: Generation,
  inOrder: ReadonlySet<Group>,
): readonly Problem[] {
  const problems: Problem[] = [];
  for (const [name, group] of Object.entries(staging.bundle.groups) as [Group, Bundle["groups"][Group]][]) {
    if (!group?.account) continue;
    const unchanged = current.bundle.groups[name]?.digest === group.digest;
    if (unchanged && (inOrder.has(name) || wrongDirectories(machine, group.account).length === 0)) continue;
    try {
      ensureDirectories(machine, group.account);
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error;
      problems.push({ group: name, path: group.account.directory, message: error.message });
      problems.push(...keepOld(staging, name));
    }
  }
  return problems;
}

export function accountsIn(bundle: Bundle): number {
  return Object.values(bundle.groups).filter((group) => group?.account).length;
}
