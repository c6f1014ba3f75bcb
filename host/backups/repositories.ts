import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type KeptRecord, keptRecords, repositoriesDirectory, standbyLinks } from "../../delivery/protocol/backups.ts";
import { take } from "../../lib/kernel-lock.ts";
import { accountDirectory, must } from "../archives/archives.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { filesOf, readCurrent } from "../store/generations.ts";
import { isRecord, readOwnIfWhole, type Schema } from "../store/own-file.ts";
import { isBranch } from "./keepers.ts";

const day = 86_400_000;

/** Milliseconds after which a lock, or a repository that never got a snapshot, is what a killed run has left. */
const abandoned = 2 * day;

/** Longest time that a day's run lets pass, in milliseconds: a clock that is set forward by a month removes nothing at once. */
const longest = 1.5 * day;

/** Milliseconds that backups are kept beyond their time: a clock that is a day off, now or when a backup came, removes none before its time. */
const grace = day;

/** What a backup host remembers. */
export interface Expired {
  /** Until when backups were removed, and when they were read: milliseconds since 1970. */
  readonly until: number;
  /** Damaged files, by their path, found when they were last read. */
  readonly damaged: readonly string[];
  /** Days that backups of an account are kept, by its number, as they were last declared: also of one that is deleted since. */
  readonly retention?: Readonly<Record<string, number>>;
}

function stateOf({ layout }: Machine): string {
  return join(layout.state, "repositories.json");
}

const isExpired: Schema<Expired> = (value): value is Expired =>
  isRecord(value) &&
  Number.isFinite(value.until) &&
  Array.isArray(value.damaged) &&
  value.damaged.every((path) => typeof path === "string") &&
  (value.retention === undefined ||
    (isRecord(value.retention) && Object.values(value.retention).every(Number.isFinite)));

/** Damaged counts as never written: nothing is removed earlier for it. */
export function readExpired(machine: Machine): Expired | undefined {
  return readOwnIfWhole(stateOf(machine), isExpired);
}

interface Snapshot {
  readonly repository: string;
  readonly path: string;
  /** When it came, by the clock of the backup host: what the host that brought it says is not believed. */
  readonly at: number;
}

/** Milliseconds: what came later than so much after now came when the clock was wrong, and is not new. */
const ahead = 600_000;

/**
 * Removes the snapshots whose time is over, on a backup host, and repositories without any. It needs no key and opens no repository. The newest
 * snapshot of an account stays whatever its age, and so do all of an account that has none of the last two days: if hosts stop bringing, nothing is
 * lost by waiting. A seventh of the accounts is read each day, and files whose name is not the SHA-256 of their content are remembered.
 * What goes wrong with one account, which a host may have brought about, is said and keeps nobody else's from being done.
 * @returns removed paths, and a line for each account that could not be done
 */
export async function expireBackups(
  machine: Machine,
  now: Date,
): Promise<{ readonly removed: readonly string[]; readonly wrong: readonly string[] }> {
  const before = readExpired(machine);
  const until = before === undefined ? now.getTime() : Math.min(now.getTime(), before.until + longest);
  // Joined, not pushed: there may be more of one account than a call may have arguments.
  let removed: readonly string[] = [];
  const wrong: string[] = [];
  const today = Math.floor(now.getTime() / day);
  const kept = keptBy(machine, before?.retention ?? {});
  for (const record of kept) {
    const as = asAccount(machine, record);
    let failed = "its old backups were not all removed: ";
    try {
      removed = removed.concat(await expireOne(as, record, until, now.getTime()));
      if ((record.account + today) % 7 !== 0) continue;
      failed = "its files were not all read: ";
      const found = await damagedOf(as);
      failed = "";
      await remember(machine, now, foundIn(as, found));
    } catch (error) {
      wrong.push(`account ${record.account}: ${failed}${(error as Error).message}`);
    }
  }
  const retention = Object.fromEntries(kept.map(({ account, retentionDays }) => [account, retentionDays]));
  const directories = kept.map(({ account }) => `${directoryOf(machine, account)}/`);
  const isKept = (path: string) => directories.some((directory) => path.startsWith(directory));
  try {
    await remember(machine, now, ({ damaged }) => ({ until, damaged: damaged.filter(isKept), retention }));
  } catch (error) {
    // A full disk: what was removed and found is said all the same, and the next run counts from the last time that is remembered.
    wrong.push((error as Error).message);
  }
  return { removed, wrong };
}

/**
 * Reads everything that is kept of accounts, and compares each file with its name (restic names files by their SHA-256). What it finds is remembered in the place
 * of what was known of these accounts, so that drift and metrics say it at once, and no longer than it is so.
 * @param only numbers of accounts; without any, all
 * @returns paths of damaged files
 */
export async function verifyBackups(machine: Machine, only: readonly number[], now = new Date()): Promise<string[]> {
  let damaged: string[] = [];
  for (const kept of keptBy(machine, readExpired(machine)?.retention ?? {})) {
    if (only.length > 0 && !only.includes(kept.account)) continue;
    const as = asAccount(machine, kept);
    const found = await damagedOf(as);
    damaged = damaged.concat(found);
    await remember(machine, now, foundIn(as, found)).catch((error: unknown) => machine.say((error as Error).message));
  }
  return damaged;
}

/** Seconds that the other command is waited for, which remembers what it has done. */
const patience = 60;

/** Another one may have found or removed something since, in hours of reading: what is known now is changed, by one at a time. @throws ApplyError if it cannot be written */
async function remember(machine: Machine, now: Date, change: (known: Expired) => Expired): Promise<void> {
  const { disk, layout } = machine;
  disk.makeDirectory(layout.jobs, 0o700);
  const release = await take(join(layout.jobs, "repositories.lock"), patience);
  try {
    if (!release) throw new ApplyError("another run writes it");
    const known = readExpired(machine) ?? { until: now.getTime(), damaged: [] };
    disk.replace(stateOf(machine), `${JSON.stringify(change(known))}\n`, 0o600);
  } catch (error) {
    throw new ApplyError(`what was done cannot be written to ${stateOf(machine)}: ${(error as Error).message}`);
  } finally {
    await release?.();
  }
}

/** What was found damaged of an account takes the place of what was known of it. */
const foundIn =
  ({ directory }: AsAccount, damaged: readonly string[]) =>
  (known: Expired): Expired => {
    return { ...known, damaged: [...known.damaged.filter((path) => !path.startsWith(`${directory}/`)), ...damaged] };
  };

/** Accounts whose backups lie here. @param remembered days, for those that are no longer declared */
function keptBy(machine: Machine, remembered: Readonly<Record<string, number>>): Kept[] {
  const { bundle } = readCurrent(machine);
  const declared = [...filesOf(bundle).values()].flatMap(({ path, content }) =>
    path.startsWith(keptRecords) && content !== undefined ? [JSON.parse(content) as KeptRecord] : [],
  );
  const known = new Set(declared.map(({ account }) => account));
  const accounts = machine.layout.at("/srv/accounts");
  const gone = (existsSync(accounts) ? readdirSync(accounts) : [])
    .map(Number)
    .flatMap((account): Omit<Kept, "often">[] => {
      if (!Number.isSafeInteger(account) || known.has(account)) return [];
      const directory = lstatSync(directoryOf(machine, account), { throwIfNoEntry: false });
      return directory?.isDirectory()
        ? [{ account, retentionDays: remembered[account] ?? longestRetention, uid: directory.uid, gone: true }]
        : [];
    });
  const uidOf = (account: number) => bundle.groups[`account-${account}`]!.account!.uid;
  const often = (account: number) => filesOf(bundle).has(`${standbyLinks}a${account}`);
  return [
    ...declared.map((each) => ({ ...each, uid: uidOf(each.account), gone: false, often: often(each.account) })),
    ...gone.map((each) => ({ ...each, often: false })),
  ];
}

interface Kept extends KeptRecord {
  readonly uid: number;
  /** Not declared any more. */
  readonly gone: boolean;
  /** Backed up more often than once a day. */
  readonly often: boolean;
}

/** Days that the backups of a deleted account are kept if nobody remembers how many were declared: the most that an account can ask for. */
const longestRetention = 3660;

/** Paths that one command is given: Linux takes 2 MiB of words. */
const atOnce = 500;

function directoryOf(machine: Machine, account: number): string {
  return join(accountDirectory(machine, account), repositoriesDirectory);
}

/** Runs programs as the account: what another host has put into its directory leads them nowhere that the account may not go. */
interface AsAccount {
  readonly directory: string;
  run(program: string, ...args: readonly string[]): Promise<string>;
}

function asAccount(machine: Machine, { account, uid }: Kept): AsAccount {
  const as = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs", "--"];
  return {
    directory: directoryOf(machine, account),
    run: async (program, ...args) => (await must(machine, "setpriv", [...as, program, ...args])).stdout,
  };
}

async function expireOne(
  as: AsAccount,
  { retentionDays, gone, often }: Kept,
  until: number,
  now: number,
): Promise<string[]> {
  const snapshots = await snapshotsIn(as);
  const newest = snapshots.filter(({ at }) => at < now + ahead).at(-1);
  // Locks of killed runs. Only whoever holds them needs them, and a run ends in hours.
  const old = ["-mmin", `+${abandoned / 60_000}`];
  await as.run(
    "find",
    as.directory,
    "-mindepth",
    "3",
    "-maxdepth",
    "3",
    "-path",
    "*/locks/*",
    "-type",
    "f",
    ...old,
    "-delete",
  );
  if (!gone && (!newest || newest.at < until - abandoned)) return [];
  const stays = gone ? undefined : newest;
  const since = until - retentionDays * day - grace;
  const thin = thinned(snapshots, until, since, often);
  const over = snapshots.filter((each) => each !== stays && (each.at < since || thin.has(each)));
  for (let first = 0; first < over.length; first += atOnce)
    await as.run("rm", "--force", "--", ...over.slice(first, first + atOnce).map(({ path }) => path));
  const removed = over.map(({ path }) => path);
  const left = new Set(snapshots.filter((each) => !over.includes(each)).map(({ repository }) => repository));
  for (const repository of readdirSync(as.directory)) {
    if (left.has(repository)) continue;
    const path = join(as.directory, repository);
    // The first backup of a large account may be under way, or a branch: its files are as old as those that it links to, not so its directories.
    const which = repository.startsWith(".") ? ["d", "!", "-name", "snapshots"] : ["f"];
    const young = await as.run("find", path, "-type", ...which, "-mmin", `-${abandoned / 60_000}`, "-print", "-quit");
    if (young !== "") continue;
    await as.run("rm", "--recursive", "--force", "--one-file-system", "--", path);
    removed.push(path);
  }
  return removed;
}

/**
 * Of the days before the last two all that is in branches, and, of an account that is backed up often, all but the first and the last of each day: more of one day than
 * anybody looks for. A host that somebody has taken over can add some, and by the clock here to no day that is over: both of each day stay, whatever it brings. The first one may lack a database
 * that did not answer then; the repository itself gets another one in that case. For each day on which none came, one more stays on the next ones: backups that had waited (host/spool/) came then, which may go on beyond midnight.
 * @param snapshots the oldest first
 * @param first since when what came is kept
 */
function thinned(snapshots: readonly Snapshot[], until: number, first: number, often: boolean): ReadonlySet<Snapshot> {
  const old = snapshots.filter(({ at }) => at < until - 2 * day);
  // A branch that a killed run has not ended has a dot before its name.
  const isOfBranch = ({ repository }: Snapshot) => isBranch(repository.replace(/^\./, ""));
  const whole = old.filter((each) => !isOfBranch(each));
  const dayOf = ({ at }: Snapshot) => Math.floor(at / day);
  let [before, spare] = [Math.floor(first / day), 0];
  const between = [...new Set(whole.map(dayOf))].flatMap((today) => {
    const each = whole.filter((snapshot) => dayOf(snapshot) === today);
    // Of the days before the oldest one, none came on those of which it would still be there.
    spare += Math.max(0, today - before - 1);
    before = today;
    const over = each.slice(1 + spare, -1);
    spare -= Math.max(0, each.length - over.length - 2);
    return over;
  });
  return new Set([...old.filter(isOfBranch), ...(often ? between : [])]);
}

/** Oldest first. */
async function snapshotsIn(as: AsAccount): Promise<Snapshot[]> {
  const which = ["-mindepth", "3", "-maxdepth", "3", "-path", "*/snapshots/*", "-type", "f"];
  const listed = await as.run("find", as.directory, ...which, "-printf", "%T@ %P\\0");
  return listed
    .split("\0")
    .filter(Boolean)
    .map((line): Snapshot => {
      const [, at = "", inside = ""] = /^([\d.]+) (.*)$/s.exec(line) ?? [];
      return { repository: inside.split("/")[0]!, path: join(as.directory, inside), at: Number(at) * 1000 };
    })
    .sort((left, right) => left.at - right.at);
}

async function damagedOf(as: AsAccount): Promise<string[]> {
  const named = ["-type", "f", "-regextype", "posix-extended", "-regex", ".*/[0-9a-f]{64}"];
  const listed = await as.run("find", as.directory, ...named, "-printf", "%i %p\\0");
  // Branches have the files of their repository: each is read once, and named by its shortest path.
  const files = new Map<string, string>();
  for (const [, inode = "", path = ""] of listed.matchAll(/(\d+) ([^\0]*)\0/g)) {
    const other = files.get(inode);
    if (other === undefined || path.length < other.length) files.set(inode, path);
  }
  const paths = [...files.values()];
  const damaged: string[] = [];
  for (let first = 0; first < paths.length; first += atOnce) {
    const sums = await as.run("sha256sum", "--zero", "--", ...paths.slice(first, first + atOnce));
    for (const [, sum, path = ""] of sums.matchAll(/([0-9a-f]{64}) [ *]([^\0]*)\0/g))
      if (!path.endsWith(`/${sum}`)) damaged.push(path);
  }
  return damaged;
}
