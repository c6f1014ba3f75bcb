import { join } from "node:path";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import type { EngineName } from "../../delivery/protocol/databases.ts";
import { dumpPart, requireRoom } from "../archives/archive.ts";
import {
  accountDirectory,
  archivesOf,
  filesAlone,
  must,
  removeTree,
  requireQuiet,
  withArchives,
} from "../archives/archives.ts";
import { dumpRoom, writeDump } from "../archives/dumps.ts";
import { restoreInside } from "../archives/restore.ts";
import { withBackup } from "../backups/state.ts";
import { moveState } from "../moves/state.ts";
import { endCopy, stop } from "../moves/steps.ts";
import { bringDatabases, databasesOf, dropDatabases, enginesIn, servers } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { ensureDirectories } from "../store/accounts.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import { awaited, isMarked, removeMarks, setMark, unfinishedCopy } from "../store/moving.ts";
import { copyFiles } from "./files.ts";

/** A database of the account that is copied, and the one of the same name that gets its data. */
interface Pair {
  readonly engine: EngineName;
  readonly source: string;
  readonly target: string;
}

interface Copy {
  readonly machine: Machine;
  readonly from: number;
  readonly to: number;
  readonly account: BundleAccount;
  /** All that the copy needs before it is in force: beside archives, so what a killed run leaves is never archived, and goes as theirs does. */
  readonly place: string;
  readonly pairs: readonly Pair[];
}

/**
 * Copies the home and the databases of an account into another one of this host. The one that is copied may run: its databases are as at one moment, its
 * files as they are found. The other one runs until all is there, then it is held until the copy is whole: an unfinished one never runs.
 * @param replaces whether data that is there may be replaced
 * @returns what was copied and what was not, in lines
 * @throws ApplyError if it cannot be whole: the account is as it was, or held and marked as unfinished
 */
export async function copyAccount(machine: Machine, from: number, to: number, replaces: boolean): Promise<string[]> {
  if (from === to) throw new ApplyError(`account ${from} cannot be copied into itself`);
  const [first, second] = from < to ? [from, to] : [to, from];
  return withArchives(machine, first, () =>
    withArchives(machine, second, () => copyLocked(machine, from, to, replaces)),
  );
}

async function copyLocked(machine: Machine, from: number, to: number, replaces: boolean): Promise<string[]> {
  const copy = begin(machine, from, to);
  const wasUnfinished = isMarked(machine, "copying", to);
  const wasHeld = isMarked(machine, "held", to) && !wasUnfinished;
  if (!wasUnfinished) await requireReplaceable(copy, replaces);
  await removePlace(copy);
  await requireRoom(machine, accountDirectory(machine, from));
  /** Whether all that the account has is of one time, before or after. */
  let isWhole = !wasUnfinished;
  let isHeld = false;
  try {
    await gather(copy);
    // A backup that has begun would take databases of before and files of after for one account.
    await withBackup(machine, to, async () => {
      if (unfinishedCopy(machine, to)?.from !== from) setMark(machine, "copying", to, `${from}`);
      isHeld = true;
      await stop(machine, to);
      await requireQuiet(machine, to);
      const before = wasUnfinished ? undefined : await dumpBefore(copy);
      isWhole = false;
      try {
        await loadDatabases(copy, copy.place);
      } catch (error) {
        if (before !== undefined) {
          machine.say(`account ${to}: ${reason(error)}; loading its own databases again`);
          await loadDatabases(copy, before);
          isWhole = true;
        }
        throw error;
      }
      machine.disk.exchange(join(copy.place, "new/home"), join(accountDirectory(machine, to), "home"));
      isWhole = true;
    });
  } catch (error) {
    throw new ApplyError(
      isWhole
        ? `account ${to} is as it was: ${reason(error)}`
        : `account ${to} is an unfinished copy of account ${from}, and nothing of it runs: ${reason(error)}; remove the cause, then run \`fairhost-host copy ${from} ${to}\` again`,
    );
  } finally {
    if (isWhole && isHeld && !wasHeld) await endCopy(machine, to);
    else if (isWhole) removeMarks(machine, to, "copying");
    await removePlace(copy);
  }
  return report(copy, wasHeld);
}

/** @throws ApplyError unless both accounts are whole and in force here */
function begin(machine: Machine, from: number, to: number): Copy {
  const { bundle } = readCurrent(machine);
  for (const number of [from, to]) {
    const { inForce, coming, leaving, restoring } = moveState(machine, number);
    if (!inForce) throw new ApplyError(`account ${number} is not on this host: declare it, deploy, then try again`);
    if (coming || leaving || restoring === awaited)
      throw new ApplyError(`account ${number} moves: wait until it has landed, then try again`);
  }
  if (isMarked(machine, "copying", from)) {
    throw new ApplyError(`account ${from} is itself an unfinished copy: finish that first`);
  }
  const account = bundle.groups[`account-${to}`]?.account;
  if (!account) throw new ApplyError(`account ${to} has no directory here: deploy, then try again`);
  const targets = databasesOf(bundle, to);
  const pairs = databasesOf(bundle, from).flatMap(({ engine, name: source }): Pair[] => {
    const target = `a${to}${source.slice(`a${from}`.length)}`;
    return targets.some((each) => each.engine === engine && each.name === target) ? [{ engine, source, target }] : [];
  });
  return { machine, from, to, account, place: join(archivesOf(machine, to), "copy"), pairs };
}

/** @throws ApplyError if the account has data, unless that may be replaced; and always for databases that would be lost without anything in their place */
async function requireReplaceable({ machine, from, to, pairs }: Copy, replaces: boolean): Promise<void> {
  const own = accountDirectory(machine, to);
  if (!replaces) {
    const only = ["(", "-path", join(own, "home/*"), "!", "-type", "d", ")", "-print", "-quit"];
    const [first] = (await must(machine, "find", [...filesAlone(own), ...only])).stdout.split("\n");
    if (first) throw hasData(to, first);
  }
  if (!machine.live || pairs.length === 0) return;
  for (const engine of enginesIn(own)) {
    for (const name of await servers[engine].listed(machine, `a${to}`)) {
      const isReplaced = pairs.some((pair) => pair.engine === engine && pair.target === name);
      if ((isReplaced && replaces) || (await servers[engine].isEmpty(machine, name))) continue;
      if (isReplaced) throw hasData(to, `${engine} ${name}`);
      throw new ApplyError(
        `account ${to} has a database that account ${from} does not declare (${engine} ${name}): its tables would be lost; drop them first, then try again; nothing was changed`,
      );
    }
  }
}

function hasData(to: number, what: string): ApplyError {
  return new ApplyError(
    `account ${to} has data already (${what}): \`--replace\` replaces its home and databases; nothing was changed`,
  );
}

/** Brings all that is copied to this host's disk, beside what is in force. */
async function gather({ machine, from, to, account, place, pairs }: Copy): Promise<void> {
  machine.disk.makeDirectory(place, 0o700);
  // Made in the account's directory it counts for the account's disk limit, and so does all below, wherever it is.
  const born = join(accountDirectory(machine, to), "copy");
  machine.disk.remove(born);
  machine.disk.makeDirectory(born, 0o711);
  machine.disk.rename(born, join(place, "new"));
  const directories = account.directories.filter(
    ({ path, owner }) => path === "home" || (path.startsWith("home/") && owner !== "account"),
  );
  ensureDirectories(machine, { ...account, directory: `/srv/accounts/archives/${to}/copy/new`, directories });
  machine.say(`account ${to}: copying the home of account ${from}`);
  const source = join(accountDirectory(machine, from), "home");
  await copyFiles(machine, { source, target: join(place, "new/home"), uid: account.uid, number: to });
  const room = await dumpRoom(machine, from);
  for (const { engine, source: name, target } of pairs) {
    machine.say(`account ${to}: dumping ${name}`);
    const dump = join(place, dumpPart(engine, target));
    await writeDump(machine, dump, servers[engine].dump(name), room);
    const nameless = servers[engine].restore.nameless?.(`a${from}`);
    if (nameless !== undefined)
      await must(machine, "sed", ["--in-place", "--regexp-extended", `--expression=${nameless}`, "--", dump]);
  }
  // All of it is on the disk before anything is replaced.
  await must(machine, "sync", ["--file-system", place]);
}

/** @returns the directory of dumps of what is to be replaced */
async function dumpBefore({ machine, to, place, pairs }: Copy): Promise<string> {
  const before = join(place, "before");
  machine.disk.makeDirectory(before, 0o700);
  const room = await dumpRoom(machine, to);
  for (const { engine, target } of pairs)
    await writeDump(machine, join(before, dumpPart(engine, target)), servers[engine].dump(target), room);
  return before;
}

/** Puts dumps into the account's databases, emptied before: as the account, in its sandbox and limits. */
async function loadDatabases({ machine, to, account, pairs }: Copy, dumps: string): Promise<void> {
  if (pairs.length === 0) return;
  await withLock(machine, "copy", async () => {
    await dropDatabases(machine, accountDirectory(machine, to), to);
    const { problems } = await bringDatabases(machine, readCurrent(machine).bundle);
    const own = problems.filter(({ group }) => group === `account-${to}`);
    if (own.length > 0) throw new ApplyError(own.map(({ message }) => message).join("; "));
  });
  for (const { engine, target } of pairs)
    await restoreInside(machine, account, join(dumps, dumpPart(engine, target)), { engine, name: target });
}

function removePlace({ machine, place }: Copy): Promise<unknown> {
  return removeTree(machine, place);
}

function reason(error: unknown): string {
  return error instanceof ApplyError ? error.message : String(error);
}

function report({ machine, from, to, pairs }: Copy, isHeld: boolean): string[] {
  const left = databasesOf(readCurrent(machine).bundle, from).filter(
    ({ engine, name }) => !pairs.some((pair) => pair.engine === engine && pair.source === name),
  );
  return [
    `account ${to} has a copy of the home of account ${from}${isHeld ? "; it stays held, as it was" : ""}`,
    ...pairs.map(({ engine, source, target }) => `database ${target} (${engine}) has a copy of ${source}`),
    ...left.map(
      ({ engine, name }) =>
        `database ${name} (${engine}) was not copied: account ${to} declares no database of this name here`,
    ),
  ];
}
