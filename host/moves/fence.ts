import { setTimeout as sleep } from "node:timers/promises";
import { askingUser, type HostAnswer, type Keeper } from "../../delivery/protocol/backups.ts";
import type { BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { apply } from "../apply/apply.ts";
import { allKeepers, type Patience, sshTo } from "../backups/keepers.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { said } from "../os/systemd.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import {
  forgetGone,
  type Gone,
  goneAccounts,
  holdGone,
  knownGone,
  letGo,
  readDelivered,
  whileMoving,
} from "../store/moving.ts";
import { stopHeld } from "./steps.ts";

/** Milliseconds for which a boot waits for a backup host: without an answer the accounts start, as a dead backup host must stop nobody. */
const bound = 30_000;

/** One that does not answer must not use up the time that the others have. */
const brief: Patience = { ConnectTimeout: "5", ServerAliveInterval: "3", ServerAliveCountMax: "2" };

/** Milliseconds for one question. */
const most = 15_000;

/** Milliseconds that the others still have once one has answered: they may know more. */
const others = 2_000;

/** Characters of an answer: numbers of all accounts that a host can have, and more. */
const longest = 1 << 20;

type Answers = ReadonlyMap<string, HostAnswer>;

/**
 * Asks the backup hosts whether this host was declared lost, and holds those of its accounts that have gone to other hosts meanwhile, until the next delivery
 * to this host (host/apply/apply.ts).
 *
 * At boot programs of accounts wait for it (components/backup/render-fence.ts). Then it only holds: the rest is an apply, which would wait for units that wait
 * for this. The timer's run does that, at once.
 * @returns one line for each account that is held or let go
 */
export async function fence(machine: Machine, boot: boolean): Promise<string[]> {
  const asked = standing(machine);
  const answers = await askAll(machine, boot ? bound : 0);
  const isLost = [...answers.values()].some(({ accounts }) => accounts);
  if (!isLost && knownGone(machine).size === 0) return [];
  if (!boot) {
    // A deploy that brings the host back may have had the lock: what was said before it counts no more.
    const again = () => (answers.size > 0 ? askAll(machine, 0) : answers);
    return withLock(machine, "fence", async () => follow(machine, await again()));
  }
  // Whoever applies at a boot waits for this (fairhost-recover.service), so there is no lock. A deploy that came meanwhile knows better.
  return standing(machine) === asked ? atBoot(machine, answers) : [];
}

/** Which delivery and generation the host has. */
function standing(machine: Machine): string {
  return `${readCurrent(machine).number} ${readDelivered(machine).digest}`;
}

/** Asks all backup hosts, again and again until one has answered or the time is over. @param time milliseconds; 0: once */
async function askAll(machine: Machine, time: number): Promise<Answers> {
  const { number, bundle } = readCurrent(machine);
  const keepers = number === 0 ? [] : allKeepers(bundle);
  // The clock is set at boot.
  const until = performance.now() + time;
  for (;;) {
    const left = until - performance.now();
    const answers = await askOnce(machine, keepers, bundle.host, time === 0 ? most : Math.min(most, left));
    if (answers.size > 0 || keepers.length === 0 || performance.now() + 1000 >= until) return answers;
    await sleep(1000);
  }
}

/** Asks all at once. Once one has answered, the others have a moment left. @param time milliseconds */
async function askOnce(machine: Machine, keepers: readonly Keeper[], host: string, time: number): Promise<Answers> {
  const answers = new Map<string, HostAnswer>();
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
): Promise<HostAnswer | undefined> {
  const [program, ...args] = sshTo(machine, keeper, askingUser, [], brief);
  const timeout = Math.max(1, Math.round(time));
  const { status, stdout, stderr } = await machine.run(program!, args, { timeout, signal });
  const answer = status === 0 ? readHostAnswer(stdout, host) : undefined;
  if (!answer && !signal.aborted)
    machine.say(
      `${keeper.name} gives no answer: ${status === 0 ? "its answer cannot be read" : stderr.trim().slice(-300)}`,
    );
  return answer;
}

/** @returns undefined for what is no answer to this host: a backup host may be anybody's by now */
export function readHostAnswer(text: string, host: string): HostAnswer | undefined {
  if (text.length > longest) return undefined;
  let read: Partial<HostAnswer> | null;
  try {
    read = JSON.parse(text) as Partial<HostAnswer> | null;
  } catch {
    return undefined;
  }
  if (typeof read !== "object" || read?.host !== host) return undefined;
  const { lost, accounts } = read;
  if (lost === undefined) return { host };
  const isDay = typeof lost === "string" && /^\d{4}-\d\d-\d\d$/.test(lost);
  return isDay && Array.isArray(accounts) && accounts.every(Number.isSafeInteger)
    ? { host, lost, accounts }
    : undefined;
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

function judge(machine: Machine, answers: Answers): Judged {
  const all = { ...readCurrent(machine).bundle.groups, ...readDelivered(machine).groups };
  const groups = new Map(
    (Object.entries(all) as [Group, BundleGroup][]).flatMap(([name, group]) =>
      name === "host" ? [] : [[Number(name.slice("account-".length)), group] as const],
    ),
  );
  const known = knownGone(machine);
  const held = goneAccounts(machine);
  const gone = new Map<number, Gone>();
  for (const number of groups.keys()) {
    const why = whetherGone(number, answers, known.get(number));
    if (why) gone.set(number, why);
  }
  const back = [...known.keys()].filter((number) => groups.has(number) && !gone.has(number));
  return { gone, back, groups, fresh: [...gone.keys()].filter((number) => !held.has(number)) };
}

const isHeld = (number: number) => `account ${number} is held: it has gone to another host`;

async function atBoot(machine: Machine, answers: Answers): Promise<string[]> {
  const { gone, back, fresh, groups } = judge(machine, answers);
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
async function follow(machine: Machine, answers: Answers): Promise<string[]> {
  const { gone, back, groups, fresh } = judge(machine, answers);
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
 * Whether an account has gone from here: if a backup host says so now, or has said so and does not say that it is here again. That this host is not lost any
 * more does not bring it back: the deploy that says so may not have come here yet, and takes the account away.
 */
export function whetherGone(number: number, answers: Answers, known: Gone | undefined): Gone | undefined {
  const now = [...answers].filter(([, { accounts }]) => accounts && !accounts.includes(number));
  const still = (known?.by ?? []).filter((name) => !answers.get(name)?.accounts?.includes(number));
  const by = [...new Set([...now.map(([name]) => name), ...still])].sort();
  const lost = now[0]?.[1].lost ?? known?.lost;
  return by.length > 0 && lost !== undefined ? { by, lost } : undefined;
}
