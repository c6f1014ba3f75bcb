import { join } from "node:path";
import type { BundleAccount } from "../../delivery/protocol/bundle.ts";
import { databaseOf, dumpPart } from "../archives/archive.ts";
import { accountDirectory, must, removeTree, requireQuiet } from "../archives/archives.ts";
import { dumpRoom, writeDump } from "../archives/dumps.ts";
import { restoreInside } from "../archives/restore.ts";
import { endReplacing, stop } from "../moves/steps.ts";
import { bringDatabases, databasesOf, servers } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { countForAccount, countForNobody } from "../os/quota.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import { isMarked, setMark } from "../store/moving.ts";
import { type Piece, type RestoreState, writeRestore } from "../store/restores.ts";
import { placeOf, writeKept } from "./kept.ts";
import { statOf, wayTo } from "./way.ts";

/** Nothing of the account was changed, and it runs again. */
export class GivenUp extends ApplyError {}

/**
 * Puts what is ready in force: holds the account, takes dumps of what its databases have, loads the others, exchanges files, and lets it run again. At any time either
 * the state on the disk says that the account has all of before, or the account is held; a run that was killed is done again.
 * @returns the state of the restore that is done, without words
 * @throws GivenUp if it cannot be
 * @throws ApplyError if the account stays held
 */
export async function replace(machine: Machine, number: number, begun: RestoreState): Promise<RestoreState> {
  let state = begun;
  const remember = (change: Partial<RestoreState>) => {
    state = { ...state, ...change };
    writeRestore(machine, number, state);
  };
  /** It has all of before, and goes on: if this is killed now, the next run must not bring dumps back that are older than what it writes. */
  const giveUp = async (error: unknown): Promise<never> => {
    const { dumped: _, ...rest } = state;
    state = rest;
    remember({});
    const left = await letRun(machine, number);
    throw new GivenUp([reason(error), ...(left === undefined ? [] : [`not all of it started: ${left}`])].join("; "));
  };
  const place = placeOf(machine, number, state.id);
  if (state.phase !== "landing") {
    // In this order: the mark keeps others from the account from now on.
    setMark(machine, "replacing", number, state.id);
    remember({ phase: "switching" });
    const account = readCurrent(machine).bundle.groups[`account-${number}`]?.account;
    if (!account) throw new ApplyError(`account ${number} is not in force on this host`);
    if (state.dumped === undefined) {
      try {
        await stop(machine, number);
        await requireQuiet(machine, number);
        requireOpen(machine, number, state.dumps ?? []);
        for (const piece of state.pieces ?? []) wayTo(accountDirectory(machine, number), piece.path);
        await dumpBefore(machine, number, place, state.dumps ?? []);
      } catch (error) {
        return giveUp(error);
      }
      remember({ dumped: true });
    }
    await stop(machine, number);
    await requireQuiet(machine, number);
    const own = accountDirectory(machine, number);
    const files = join(place, "files");
    const pieces = state.pieces ?? [];
    // The home first: a full one leaves its databases no room.
    const [wholes, inner] = [false, true].map((is) => pieces.filter(({ path }) => path.includes("/") === is));
    /** Exchanged are only files that count for the account; what is not in force counts for nobody: a full account needs its room. */
    const exchanging = async (work: () => void) => {
      await countForAccount(machine, account, files);
      work();
      await countForNobody(machine, place);
    };
    try {
      await exchanging(() => {
        for (const piece of wholes!) exchange(machine, files, own, piece);
      });
      await loadDatabases(machine, account, join(place, "dumps"), state.dumps ?? []);
    } catch (error) {
      machine.say(`account ${number}: ${reason(error)}; what it had comes back`);
      await exchanging(() => {
        for (const { path, inode } of wholes!)
          if (statOf(join(own, path))?.ino === inode) machine.disk.exchange(join(files, path), join(own, path));
      });
      await loadDatabases(machine, account, join(place, "before"), state.dumps ?? []);
      return giveUp(error);
    }
    if (inner!.length > 0)
      await exchanging(() => {
        for (const piece of inner!) exchange(machine, files, own, piece);
      });
    const paths = (state.pieces ?? []).flatMap(({ path }) => (statOf(join(place, "files", path)) ? [path] : []));
    writeKept(machine, place, { paths, dumps: state.dumps ?? [] });
    remember({ phase: "landing" });
  }
  await removeTree(machine, join(place, "dumps"));
  const left = await letRun(machine, number);
  const { id, since, from, earlier } = state;
  return {
    ...{ id, since, phase: "done" },
    ...(from !== undefined && { from }),
    ...(earlier && { earlier }),
    ...(left !== undefined && { why: left }),
  };
}

/**
 * Whoever moved or suspended it meanwhile keeps it held.
 * @returns what of it does not start, which is said, as after any deploy: its data is whole
 * @throws ApplyError if the account stays held
 */
async function letRun(machine: Machine, number: number): Promise<string | undefined> {
  try {
    await endReplacing(machine, number);
    return undefined;
  } catch (error) {
    if (isMarked(machine, "replacing", number)) throw error;
    return reason(error);
  }
}

function reason(error: unknown): string {
  return error instanceof ApplyError ? error.message : String(error);
}

/** Exchanges one path by its name, or moves it where nothing is. What was exchanged already, as its inode shows, stays. */
function exchange({ disk }: Machine, files: string, own: string, piece: Piece): void {
  const way = join(...wayTo(own, piece.path));
  const [from, to] = [join(files, way), join(own, way)];
  if (statOf(join(own, piece.path))?.ino === piece.inode) return;
  if (statOf(to)) disk.exchange(from, to);
  else disk.rename(from, to);
}

/** @throws ApplyError if a database is not open: what is emptied then could not be loaded */
function requireOpen(machine: Machine, number: number, dumps: readonly string[]): void {
  const open = databasesOf(readCurrent(machine).bundle, number).map(({ engine, name }) => dumpPart(engine, name));
  const [closed] = dumps.filter((dump) => !open.includes(dump));
  if (closed === undefined) return;
  const { name } = databaseOf(closed)!;
  throw new ApplyError(
    `database ${name} is closed here, as those of a suspended account are, or is not declared: resume the account, or declare it`,
  );
}

/** Dumps of the databases that are replaced. They are loaded again if the others cannot be, and kept. */
async function dumpBefore(machine: Machine, number: number, place: string, dumps: readonly string[]): Promise<void> {
  const before = join(place, "before");
  await removeTree(machine, before);
  machine.disk.makeDirectory(before, 0o700);
  const room = await dumpRoom(machine, number);
  for (const dump of dumps) {
    const { engine, name } = databaseOf(dump)!;
    await writeDump(machine, join(before, dump), servers[engine].dump(name), room);
  }
  await must(machine, "sync", ["--file-system", place]);
}

/** Empties databases and puts dumps into them: as the account, in its sandbox and limits. */
async function loadDatabases(
  machine: Machine,
  account: BundleAccount,
  from: string,
  dumps: readonly string[],
): Promise<void> {
  if (dumps.length === 0) return;
  const { number } = account;
  requireOpen(machine, number, dumps);
  await withLock(machine, "restore", async () => {
    for (const dump of dumps) {
      const { engine, name } = databaseOf(dump)!;
      const { status, stdout, stderr } = await servers[engine].dropOne(machine, name);
      if (status !== 0) throw new ApplyError(`${engine}: ${name}: ${(stderr || stdout).trim()}`);
    }
    const { problems } = await bringDatabases(machine, readCurrent(machine).bundle);
    const own = problems.filter(({ group }) => group === `account-${number}`);
    if (own.length > 0) throw new ApplyError(own.map(({ message }) => message).join("; "));
  });
  for (const dump of dumps) await restoreInside(machine, account, join(from, dump), databaseOf(dump)!);
}
