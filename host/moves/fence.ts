import { setTimeout as sleep } from "node:timers/promises";
import { askingUser, type Keeper } from "../../delivery/protocol/backups.ts";
import type { BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { apply } from "../apply/apply.ts";
import { allKeepers, type Patience, sshTo } from "../backups/keepers.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { said } from "../os/systemd.ts";
import { newestAnswer, rememberAnswer } from "../store/answers.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import {
  deliveredIfWhole,
  forgetGone,
  type Gone,
  goneAccounts,
  holdGone,
  knownGone,
  letGo,
  readDelivered,
  whileMoving,
} from "../store/moving.ts";
import { beginWaiting, endWaiting, lastRunning, mayBeLost, rememberRunning, waiting } from "../store/waiting.ts";
import { type Lost, readHostAnswer } from "./answer.ts";
import { stopHeld } from "./steps.ts";

/** For how long a boot waits for a backup host, in milliseconds. Without an answer the accounts start, as a dead backup host must stop nobody for good. */
interface Bounds {
  /** Of a host that ran of late. */
  readonly short: number;
  /** Of one that may have been declared lost meanwhile. */
  readonly long: number;
}

const bounds: Bounds = { short: 30_000, long: 3_600_000 };

/** One that does not answer must not use up the time that the others have. */
const brief: Patience = { ConnectTimeout: "5", ServerAliveInterval: "3", ServerAliveCountMax: "2" };

/** Milliseconds for one question. */
const longest = 15_000;

/** Milliseconds between two. */
const pause = 1000;

/** Milliseconds that the others still have once one has answered: they may know more. */
const others = 2_000;

type Answer = Lost | "not lost";
type Answers = ReadonlyMap<string, Answer>;

/**
 * Asks the backup hosts whether this host was declared lost, and holds those of its accounts that have gone to other hosts meanwhile, until the next delivery
 * to this host (host/apply/apply.ts).
 *
 * At boot programs of accounts wait for it (components/backup/render-fence.ts). Then it only holds: the rest is an apply, which would wait for units that wait
 * for this. The timer's run does that, at once.
 * @returns one line for each account that is held or let go
 */
export async function fence(machine: Machine, boot: boolean, within = bounds): Promise<string[]> {
  const asked = standing(machine);
  const answers = await askAll(machine, boot ? within : undefined);
  if (newestOf(machine, answers) === undefined && knownGone(machine).size === 0) return [];
  if (!boot) return withLock(machine, "fence", () => follow(machine, newestOf(machine, answers)));
  // Whoever applies at a boot waits for this (fairhost-recover.service), so there is no lock. A deploy that came meanwhile knows better.
  return standing(machine) === asked ? atBoot(machine, newestOf(machine, answers)) : [];
}

/** Which delivery and generation the host has. */
function standing(machine: Machine): string {
  return `${readCurrent(machine).number} ${deliveredIfWhole(machine)?.digest}`;
}

/** Ends the wait of a boot. @returns lines that say so @throws ApplyError if nothing waits */
export function startNow(machine: Machine): string[] {
  if (!endWaiting(machine)) throw new ApplyError("nothing waits for an answer of backup hosts");
  return ["programs of accounts start within half a minute"];
}

/** Asks all backup hosts: once, or at a boot until one has answered or need not be waited for. */
async function askAll(machine: Machine, within: Bounds | undefined): Promise<Answers> {
  const { number, bundle } = readCurrent(machine);
  const keepers = number === 0 ? [] : allKeepers(bundle);
  // The clock is set at boot.
  const begun = performance.now();
  const left = (time: number) => begun + time - performance.now();
  let waits = false;
  try {
    for (;;) {
      const most = within && !waits ? Math.min(longest, left(within.short)) : longest;
      const answers = await askOnce(machine, keepers, bundle.host, most);
      // The timer's runs, too: a restart must not wait because the backup site is away.
      if (answers.size > 0 || (!within && waiting(machine) === undefined)) rememberRunning(machine);
      if (answers.size > 0 || keepers.length === 0 || !within) return answers;
      if (left(within.short) <= pause) {
        // Somebody has ended the wait, or a delivery has come.
        if ((waits && waiting(machine) === undefined) || left(within.long) <= pause || !mayBeLost(machine))
          return answers;
        if (!waits) beginWaiting(machine, whyWaiting(machine, bundle.host, left(within.long)));
        waits = true;
      }
      await sleep(pause);
    }
  } finally {
    if (waits) endWaiting(machine);
  }
}

function whyWaiting(machine: Machine, host: string, time: number): string {
  const inWords = (time: number) => `${new Date(time).toISOString().slice(0, 19)}Z`;
  const ran = lastRunning(machine);
  const since = ran === undefined ? "" : ` since ${inWords(ran)}`;
  const why = `no backup host answers, and ${host} was off${since}: it may have been declared lost, so programs of accounts wait for an answer until ${inWords(Date.now() + time)} (\`fairhost-host fence start\` starts them now)`;
  machine.say(why);
  return why;
}

/** Asks all at once. Once one has answered, the others have a moment left. @param time milliseconds */
async function askOnce(machine: Machine, keepers: readonly Keeper[], host: string, time: number): Promise<Answers> {
  const answers = new Map<string, Answer>();
  const enough = new AbortController();
  let moment: NodeJS.Timeout | undefined;
  const asked = keepers.map(async (keeper) => {
    const answer = await ask(machine, keeper, host, time, enough.signal);
    if (!answer) return;
    answers.set(keeper.name, answer);
    moment ??= setTimeout(() => enough.abort(), others);
  });
  await Promise.all(asked);
  clearTimeout(moment);
  return answers;
}

async function ask(
  machine: Machine,
  keeper: Keeper,
  host: string,
  time: number,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const [program, ...args] = sshTo(machine, keeper, askingUser, [], brief);
  const timeout = Math.max(1, Math.round(time));
  const { status, stdout, stderr } = await machine.run(program!, args, { timeout, signal });
  const read = status === 0 ? readHostAnswer(machine, stdout, host) : { invalid: stderr.trim().slice(-300) };
  if ("answer" in read) {
    const { answer } = read;
    const least = leastNumber(machine);
    if (answer !== "not lost" && answer.number < least)
      machine.say(`${keeper.name} gives an old answer: number ${answer.number}, and ${host} knows of ${least}`);
    return answer;
  }
  if (!signal.aborted) machine.say(`${keeper.name} gives no answer: ${read.invalid}`);
  return undefined;
}

/** What the newest answer says of this lost host. */
export interface Newest extends Lost {
  /** Backup hosts that say so. */
  readonly by: readonly string[];
}

/** The newest answer that says that this host is lost. Asked for when it is used: a deploy may have come since the answer. */
function newestOf(machine: Machine, answers: Answers): Newest | undefined {
  const lost = [...answers].flatMap(([by, answer]) => (answer === "not lost" ? [] : [{ ...answer, by }]));
  const number = Math.max(...lost.map((each) => each.number));
  const newest = lost.filter((each) => each.number === number);
  if (newest.length === 0 || number < leastNumber(machine)) return undefined;
  return { ...newest[0]!, by: newest.map(({ by }) => by).sort() };
}

/** Answers with lower numbers are old. Accounts that a boot holds have numbers that no run has remembered yet. */
function leastNumber(machine: Machine): number {
  return Math.max(newestAnswer(machine), ...[...knownGone(machine).values()].map(({ number }) => number));
}

interface Judged {
  readonly gone: ReadonlyMap<number, Gone>;
  /** Had gone, and are to run here again. */
  readonly back: readonly number[];
  /** Groups of all accounts that are in force or were delivered. */
  readonly groups: ReadonlyMap<number, BundleGroup>;
  /** Of {@link gone}: are not held yet. */
  readonly fresh: readonly number[];
}

function judge(machine: Machine, newest: Newest | undefined): Judged {
  const all = { ...readCurrent(machine).bundle.groups, ...deliveredIfWhole(machine)?.groups };
  const groups = new Map(
    (Object.entries(all) as [Group, BundleGroup][]).flatMap(([name, group]) =>
      name === "host" ? [] : [[Number(name.slice("account-".length)), group] as const],
    ),
  );
  const known = knownGone(machine);
  const held = goneAccounts(machine);
  const gone = new Map<number, Gone>();
  for (const number of groups.keys()) {
    const why = whetherGone(number, newest, known.get(number));
    if (why) gone.set(number, why);
  }
  const back = [...known.keys()].filter((number) => groups.has(number) && !gone.has(number));
  return { gone, back, groups, fresh: [...gone.keys()].filter((number) => !held.has(number)) };
}

const isHeld = (number: number) => `account ${number} is held: it has gone to another host`;

async function atBoot(machine: Machine, newest: Newest | undefined): Promise<string[]> {
  const { gone, back, fresh, groups } = judge(machine, newest);
  for (const [number, why] of gone) holdGone(machine, number, why);
  if (fresh.length + back.length === 0) return [];
  // Their slices are there already, for their sockets, and no longer ask for marks; with them goes what waits for this run.
  const wrong = await stopHeld(machine, new Map(fresh.map((number) => [number, groups.get(number)!])));
  const problem = await said(machine.run("systemctl", ["start", "--no-block", "fairhost-fence-again.service"]));
  if (problem) wrong.push(problem);
  const lines = fresh.map(isHeld);
  if (wrong.length > 0) throw new ApplyError([...lines, ...wrong].join("\n"));
  return lines;
}

/** Each run does what an earlier one that was interrupted has left. */
async function follow(machine: Machine, newest: Newest | undefined): Promise<string[]> {
  const { gone, back, groups, fresh } = judge(machine, newest);
  // Not at boot, where there is no lock: a delivery may say a higher one just now.
  if (newest) rememberAnswer(machine, newest.number);
  // All marks first: whatever starts meanwhile is refused.
  for (const [number, why] of gone) holdGone(machine, number, why);
  for (const number of back) letGo(machine, number);
  const lines = [...fresh.map(isHeld), ...back.map((number) => `account ${number} runs here again`)];
  const wrong = await stopHeld(machine, new Map([...gone.keys()].map((number) => [number, groups.get(number)!])));
  const { bundle } = readCurrent(machine);
  const delivered = readDelivered(machine);
  const due = whileMoving(machine, bundle, delivered).groups;
  const differs = ([...gone.keys()].map((number) => `account-${number}`) as Group[]).some(
    (name) => due[name]?.digest !== bundle.groups[name]?.digest,
  );
  if (lines.length > 0 || differs) {
    const { errors } = await apply(machine, delivered);
    wrong.push(...errors.map(({ group, message }) => `${group}: ${message}`));
  }
  forgetGone(machine, back);
  if (wrong.length > 0) throw new ApplyError([...lines, ...wrong].join("\n"));
  return lines;
}

/**
 * Whether an account has gone from here: as the newest answer says, or if there is none, as one said before. That this host is not lost any more does not bring
 * it back: the deploy that says so may not have come here yet, and takes the account away.
 */
export function whetherGone(account: number, newest: Newest | undefined, known: Gone | undefined): Gone | undefined {
  if (newest === undefined) return known;
  const { by, lost, number } = newest;
  return newest.accounts.includes(account) ? undefined : { by, lost, number };
}
