import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Bundle, BundleGroup } from "../../delivery/protocol/bundle.ts";
import { apply } from "../apply/apply.ts";
import { dumpPart } from "../archives/archive.ts";
import {
  accountDirectory,
  bytesBelow,
  processOfEach,
  removeTree,
  requireNoCopying,
  requireQuiet,
  withArchives,
} from "../archives/archives.ts";
import { dumpRoom, writeDump } from "../archives/dumps.ts";
import { bringDatabases, dropDatabases, enginesIn, servers } from "../os/databases/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { said, systemctl, unitStates } from "../os/systemd.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import { awaited, isMarked, marked, nothing, readDelivered, readMark, removeMarks, setMark } from "../store/moving.ts";
import { moveState, undeclaredDatabases } from "./state.ts";

/** Days for which the host that an account has left keeps its copy. */
const keptDays = 7;

/** Milliseconds that processes may take to end once systemd has stopped their units. */
const patience = 15_000;

/** Where the copy that a move leaves has its databases, in the account's directory. */
const dumps = "dumps";

type Step = (machine: Machine, number: number) => Promise<string>;

/** One step at a time on a host, and none during a deploy. Each can be repeated, and then changes nothing. */
const step =
  (name: string, work: Step): Step =>
  (machine, number) =>
    withLock(machine, `move ${name}`, () => work(machine, number));

/**
 * On the host that an account moves to, before it is declared there: makes its directory, and sees to it that nothing of it starts here and nobody is led
 * here until {@link land}. A copy that an earlier move has left is used again, without its databases.
 * @throws ApplyError if other data of the account is here
 */
export const expect = step("expect", expectIt);

/**
 * As {@link expect}, for an account whose host is lost: it cannot land before it is restored from a backup, or {@link landWithout} says so. An interrupted
 * move from that host becomes such a restore.
 */
export const expectBackup = step("expect-backup", async (machine, number) => {
  const { inForce, coming, restoring } = moveState(machine, number);
  // First, so that it never comes without it.
  if (restoring === undefined && (coming || !inForce)) setMark(machine, "restoring", number, awaited);
  return expectIt(machine, number);
});

async function expectIt(machine: Machine, number: number): Promise<string> {
  const { inForce, coming } = moveState(machine, number);
  const path = accountDirectory(machine, number);
  if (coming) return path;
  if (inForce) throw new ApplyError(`account ${number} already runs on this host, so it cannot move here`);
  if (marked(machine, "superseded").includes(number)) {
    await dropDatabases(machine, path, number);
    machine.disk.remove(join(path, dumps));
  } else if (existsSync(path)) {
    throw new ApplyError(
      `${path} has old data of account ${number}: archive and remove it (fairhost-host archive ${number}, fairhost-host remove ${number}), then try again`,
    );
  }
  setMark(machine, "held", number);
  setMark(machine, "coming", number);
  removeMarks(machine, number, "superseded");
  machine.disk.makeDirectory(path, 0o711);
  return path;
}

/**
 * On the host that an account moves away from: it stays in force, as it is, although a deploy takes it away, until {@link leave}.
 * @returns how much its directory holds, for people
 * @throws ApplyError if it is not in force, or has databases that would stay behind
 */
export const keep = step("keep", async (machine, number) => {
  requireNoCopying(machine, number);
  const { inForce, leaving, restoring } = moveState(machine, number);
  if (!inForce) throw new ApplyError(`account ${number} is not on this host`);
  // There it would begin empty, and its next backup of nothing would be the newest.
  if (restoring === awaited)
    throw new ApplyError(
      `account ${number} is not restored from its backup, and would move without its data: restore it first (after a lost host: deploy again; on a new machine: \`fairhost-host restore-host ${number}\`), or start it without its data (\`fairhost-host move ${number} land-without-backup\`)`,
    );
  const closed = await undeclaredDatabases(machine, number);
  if (closed.length > 0) {
    throw new ApplyError(
      `account ${number} has databases that it does not declare and that would stay behind (${closed.join(", ")}): declare them (\`databases\` in its file) and deploy, or drop them on the server, then try again`,
    );
  }
  if (!leaving) setMark(machine, "leaving", number);
  // Not its backups, should somebody look at them.
  const bytes = await bytesBelow(machine, accountDirectory(machine, number));
  return bytes === undefined ? "an unknown size" : `${Math.ceil(bytes / (1 << 20))} MiB`;
});

/**
 * Stops all that runs of an account here, and lets nothing start again until {@link cancel}, neither by a deploy nor by a boot. Its front end answers 502
 * or 503 meanwhile.
 * @throws ApplyError if a process does not end
 */
export const stop = step("stop", async (machine, number) => {
  const group = readCurrent(machine).bundle.groups[`account-${number}`];
  if (!group) throw new ApplyError(`account ${number} is not on this host`);
  await hold(machine, number, group);
  return "held";
});

/** Stops all that runs of an account. @throws ApplyError if a process does not end; nothing starts any more all the same */
async function hold(machine: Machine, number: number, group: BundleGroup): Promise<void> {
  setMark(machine, "held", number);
  const [problem] = await stopHeld(machine, new Map([[number, group]]));
  if (problem !== undefined) throw new ApplyError(problem);
}

/**
 * Stops all that runs of accounts that are held already, of all at once: with thousands of them, a look at units and processes for each takes half an hour.
 * @returns what does not end, one line for each account
 */
export async function stopHeld(machine: Machine, held: ReadonlyMap<number, BundleGroup>): Promise<string[]> {
  if (!machine.live || held.size === 0) return [];
  const states = await unitStates(machine);
  const own = [...held].flatMap(([number, { units }]) => [
    // A process that reads its backups from a host that hangs ends with what mounts them.
    `fairhost-backup-view@${number}.service`,
    ...units.map(({ name }) => name),
    `account-${number}.slice`,
  ]);
  const running = own.filter((unit) => !["inactive", "failed", undefined].includes(states.get(unit)));
  const wrong = await said(systemctl(machine, "stop", running));
  for (const end = performance.now() + patience; ; await sleep(50)) {
    const processes = processOfEach(machine);
    const left = [...held].flatMap(([number, { account }]) => {
      const pid = account && processes.get(account.uid);
      return pid === undefined ? [] : [{ number, pid }];
    });
    if (left.length > 0 && performance.now() < end) continue;
    return left.map(({ number, pid }) => {
      return `process ${pid} of account ${number} still runs${wrong ? ` (${wrong})` : ""}: end it (\`kill ${pid}\`), then try again; the account is held`;
    });
  }
}

/** On the host that an account moves to, before it is stopped on the other one: its databases are there and empty. */
export const empty = step("empty", async (machine, number) => {
  if (!moveState(machine, number).coming) throw notExpected(number);
  // A restore of a run that was killed goes on.
  if (machine.live) await systemctl(machine, "stop", [`account-${number}.slice`]);
  await dropDatabases(machine, accountDirectory(machine, number), number);
  const { problems } = await bringDatabases(machine, readCurrent(machine).bundle);
  refuse(problems.filter(({ group }) => group === `account-${number}`));
  return "empty";
});

/**
 * On the host that an account has moved to, when its data is complete there: brings all of it into force and starts it.
 * @throws ApplyError if it is not declared here, or something of it does not start: it is held and out of force again then
 */
export const land = step("land", landIt);

/** As {@link land}, for an account of which there is no backup, or that is to begin without it: what is there of it, mostly nothing, is its data. */
export const landWithout = step("land-without-backup", async (machine, number) => {
  const { coming, restoring } = moveState(machine, number);
  if (!coming || restoring === undefined) throw notExpected(number);
  setMark(machine, "restoring", number, nothing);
  return landIt(machine, number);
});

async function landIt(machine: Machine, number: number): Promise<string> {
  const { declared, whole, held, restoring } = moveState(machine, number);
  if (!declared) throw new ApplyError(`account ${number} is not declared on this host`);
  if (restoring === awaited) {
    throw new ApplyError(
      `account ${number} is not restored from its backup: deploy again, which does that; \`fairhost-host move ${number} land-without-backup\` starts it with the data that is on this host, usually none`,
    );
  }
  if (whole && !held) return "in service";
  removeMarks(machine, number, "coming", "held");
  try {
    await applyAgain(machine, number);
  } catch (error) {
    // Some of it may run. Only then may the old host take it back, which asks for the second mark.
    const delivered = readDelivered(machine).groups[`account-${number}`];
    if (delivered) {
      await hold(machine, number, delivered).catch((also: Error) => {
        throw new ApplyError(`${(error as Error).message}\n${also.message}`);
      });
    }
    setMark(machine, "coming", number);
    await apply(machine, readDelivered(machine));
    throw error;
  }
  removeMarks(machine, number, "restoring");
  return "in service";
}

/**
 * On the host that an account has left, when it has landed on the other one: takes it out of force. Its data is kept for a week, its databases as dumps: their
 * server may go with it.
 * @throws ApplyError if it is declared here
 */
export const leave = step("leave", async (machine, number) => {
  const { declared, inForce } = moveState(machine, number);
  if (declared) throw new ApplyError(`account ${number} is declared on this host: deploy first`);
  setMark(machine, "superseded", number, keptUntil());
  setMark(machine, "held", number);
  if (inForce) {
    await dumpAndDrop(machine, number);
    removeMarks(machine, number, "leaving");
    await applyAgain(machine, number);
  }
  removeMarks(machine, number, "leaving", "held");
  return "left";
});

async function dumpAndDrop(machine: Machine, number: number): Promise<void> {
  const source = accountDirectory(machine, number);
  const room = await dumpRoom(machine, number);
  for (const engine of machine.live ? enginesIn(source) : []) {
    for (const name of await servers[engine].listed(machine, `a${number}`)) {
      const dump = join(source, dumps, dumpPart(engine, name));
      machine.disk.makeDirectory(dirname(dump), 0o700);
      machine.disk.remove(`${dump}.part`);
      await writeDump(machine, `${dump}.part`, servers[engine].dump(name), room);
      machine.disk.rename(`${dump}.part`, dump);
    }
  }
  await dropDatabases(machine, source, number);
}

/**
 * Gives a move up on this host: an account that was to leave, or is declared, goes on here; of one that was to come the copy is kept for a week.
 * @throws ApplyError if it is declared here and its data is not complete
 */
export const cancel = step("cancel", async (machine, number) => {
  requireNoCopying(machine, number);
  return goOn(machine, number);
});

/**
 * The end of a copy that is whole: the account goes on. The mark of the copy goes last: of a run that is killed in between the next one knows, and
 * does not take the account for one that somebody else holds.
 */
export const endCopy = step("end-copy", (machine, number) => goOn(machine, number, "copying"));

/** The same of a restore whose data is whole, or was not touched. */
export const endReplacing = step("end-restore", (machine, number) => goOn(machine, number, "replacing"));

async function goOn(machine: Machine, number: number, ...last: ("copying" | "replacing")[]): Promise<string> {
  const { declared, inForce, coming, leaving, held } = moveState(machine, number);
  if (coming && declared) {
    throw new ApplyError(`the copy of account ${number} is not complete here: deploy again, which goes on with it`);
  }
  if (coming) setMark(machine, "superseded", number, keptUntil());
  // Who is no longer declared here stays only as long as it is leaving.
  const left = declared || !inForce ? (["leaving"] as const) : [];
  // A run that was killed has let it go and may not have started it.
  const isAgain = last.some((mark) => isMarked(machine, mark, number));
  removeMarks(machine, number, "coming", "held", "restoring", ...left);
  try {
    if ((declared || leaving) && (held || isAgain)) await applyAgain(machine, number);
  } finally {
    removeMarks(machine, number, ...last);
  }
  return declared || inForce ? "in service" : "given up";
}

/**
 * Removes copies that moves have left and whose time is over. A timer runs it once a day.
 * @returns the removed paths
 * @throws ApplyError if some cannot be removed; the others are removed all the same
 */
export async function purgeSuperseded(machine: Machine, now: Date): Promise<string[]> {
  const removed: string[] = [];
  const wrong: string[] = [];
  for (const number of marked(machine, "superseded")) {
    try {
      const path = await withArchives(machine, number, () => purgeOne(machine, number, now));
      if (path !== undefined) removed.push(path);
    } catch (error) {
      wrong.push(error instanceof ApplyError ? error.message : String(error));
    }
  }
  if (wrong.length > 0) throw new ApplyError([...removed.map((path) => `removed ${path}`), ...wrong].join("\n"));
  return removed;
}

async function purgeOne(machine: Machine, number: number, now: Date): Promise<string | undefined> {
  const { declared, inForce, coming } = moveState(machine, number);
  const until = Date.parse(readMark(machine, "superseded", number));
  // Damaged: nobody knows, so it is kept as long as one of today.
  if (Number.isNaN(until)) setMark(machine, "superseded", number, keptUntil());
  if (declared || inForce || coming || !(until < now.getTime())) return undefined;
  await requireQuiet(machine, number);
  const path = accountDirectory(machine, number);
  // Of a move that was given up in its middle.
  await dropDatabases(machine, path, number);
  await removeTree(machine, path);
  removeMarks(machine, number, "superseded");
  return path;
}

const keptUntil = () => new Date(Date.now() + keptDays * 86_400_000).toISOString();

export function notExpected(number: number): ApplyError {
  return new ApplyError(
    `account ${number} is not expected here: \`fairhost-host move ${number} expect\` comes first, before it is declared here`,
  );
}

/** Applies what was delivered last, now that the marks are others. @throws ApplyError for what concerns the account or the host */
async function applyAgain(machine: Machine, number: number): Promise<void> {
  const bundle: Bundle = readDelivered(machine);
  const { errors } = await apply(machine, bundle);
  refuse(errors.filter(({ group }) => group === "host" || group === `account-${number}`));
}

function refuse(problems: readonly { readonly group: string; readonly message: string }[]): void {
  if (problems.length > 0)
    throw new ApplyError(problems.map(({ group, message }) => `${group}: ${message}`).join("\n"));
}
