import { setTimeout as sleep } from "node:timers/promises";
import { askingUser, type HostAnswer, type Keeper } from "../../delivery/protocol/backups.ts";
import type { BundleGroup, Group } from "../../delivery/protocol/bundle.ts";
import { apply } from "../apply/apply.ts";
import { allKeepers, type Patience, sshTo } from "../backups/keepers.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { said } from "../os/systemd.ts";
import { readCurrent } from "../store/generations.ts";
import { withLock } from "../store/lock.ts";
import { forgetGone, type Gone, goneAccounts, isMarked, readDelivered, setMark, whileMoving } from "../store/moving.ts";
import { hold } from "./steps.ts";

/** Milliseconds for which a boot waits for a backup host: without an answer the accounts start, as a dead backup host must stop nobody. */
const bound = 30_000;

/** One that does not answer must not use up the time that the others have. */
const brief: Patience = { ConnectTimeout: "5", ServerAliveInterval: "3", ServerAliveCountMax: "2" };

/** Milliseconds for one question. */
const most = 15_000;

/** Characters of an answer: numbers of all accounts that a host can have, and more. */
const longest = 1 << 20;

/**
 * Asks the backup hosts whether this host was declared lost, and holds those of its accounts that have gone to other hosts meanwhile, until the next delivery
 * to this host (host/apply/apply.ts).
 *
 * At boot programs of accounts wait for it (components/backup/render-fence.ts). Then it only holds: what also keeps the accounts from being announced is an
 * apply, which would wait for units that wait for this. The timer's run does that, at once.
 * @returns one line for each account that is held or let go
 */
export async function fence(machine: Machine, boot: boolean): Promise<string[]> {
  const { number, bundle } = readCurrent(machine);
  const keepers = allKeepers(bundle);
  if (number === 0 || keepers.length === 0) return [];
  const answers = await askAll(machine, keepers, bundle.host, boot ? performance.now() + bound : 0);
  const isLost = [...answers.values()].some(({ accounts }) => accounts);
  if (!isLost && goneAccounts(machine).size === 0) return [];
  const work = () => follow(machine, answers, boot);
  // Whoever applies at a boot waits for this (fairhost-recover.service).
  return boot ? work() : withLock(machine, "fence", work);
}

/** Asks all at once, again and again until one has answered or the time is over. @param until as `performance.now()` counts: at boot the clock is set */
async function askAll(
  machine: Machine,
  keepers: readonly Keeper[],
  host: string,
  until: number,
): Promise<ReadonlyMap<string, HostAnswer>> {
  for (;;) {
    const asked = keepers.map(async (keeper) => [keeper.name, await ask(machine, keeper, host)] as const);
    const answers = (await Promise.all(asked)).flatMap(([name, answer]) => (answer ? [[name, answer] as const] : []));
    if (answers.length > 0 || performance.now() >= until) return new Map(answers);
    await sleep(1000);
  }
}

async function ask(machine: Machine, keeper: Keeper, host: string): Promise<HostAnswer | undefined> {
  const [program, ...args] = sshTo(machine, keeper, askingUser, [], brief);
  const { status, stdout, stderr } = await machine.run(program!, args, { timeout: most });
  const answer = status === 0 ? readHostAnswer(stdout, host) : undefined;
  if (!answer)
    machine.say(`${keeper.name} gives no answer: ${status === 0 ? "it makes no sense" : stderr.trim().slice(-300)}`);
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

async function follow(machine: Machine, answers: ReadonlyMap<string, HostAnswer>, boot: boolean): Promise<string[]> {
  const { bundle } = readCurrent(machine);
  const delivered = readDelivered(machine);
  const groups = new Map(Object.entries({ ...bundle.groups, ...delivered.groups }) as [Group, BundleGroup][]);
  const own = [...groups].flatMap(([name, group]) =>
    name === "host" ? [] : [[Number(name.slice("account-".length)), group] as const],
  );
  const before = goneAccounts(machine);
  const lines: string[] = [];
  const toHold: [number, BundleGroup][] = [];
  for (const [number, group] of own) {
    const known = before.get(number);
    const gone = whetherGone(number, answers, known);
    if (gone) {
      if (JSON.stringify(gone) !== JSON.stringify(known)) setMark(machine, "gone", number, JSON.stringify(gone));
      if (known && isMarked(machine, "held", number)) continue;
      // All marks first: whatever starts meanwhile is refused.
      setMark(machine, "held", number);
      toHold.push([number, group]);
      lines.push(`account ${number} is held: it has gone to another host`);
    } else if (known) {
      forgetGone(machine, [number]);
      lines.push(`account ${number} runs here again`);
    }
  }
  const wrong: string[] = [];
  for (const [number, group] of toHold) {
    await hold(machine, number, group).catch((error: Error) => wrong.push(error.message));
  }
  if (boot) {
    if (toHold.length > 0) {
      const again = ["start", "--no-block", "fairhost-fence-again.service"];
      const problem = await said(machine.run("systemctl", again));
      if (problem) wrong.push(problem);
    }
  } else if (
    lines.length > 0 ||
    (before.size > 0 && whileMoving(machine, bundle, delivered).digest !== bundle.digest)
  ) {
    const { errors } = await apply(machine, delivered);
    wrong.push(...errors.map(({ group, message }) => `${group}: ${message}`));
  }
  if (wrong.length > 0) throw new ApplyError([...lines, ...wrong].join("\n"));
  return lines;
}

/**
 * Whether an account has gone from here: if a backup host says so now, or has said so and does not say that it is here again. That this host is not lost any
 * more does not bring it back: the deploy that says so may not have come here yet, and takes the account away.
 */
export function whetherGone(
  number: number,
  answers: ReadonlyMap<string, HostAnswer>,
  known: Gone | undefined,
): Gone | undefined {
  const now = [...answers].filter(([, { accounts }]) => accounts && !accounts.includes(number));
  const still = (known?.by ?? []).filter((name) => !answers.get(name)?.accounts?.includes(number));
  const by = [...new Set([...now.map(([name]) => name), ...still])].sort();
  const lost = now[0]?.[1].lost ?? known?.lost;
  return by.length > 0 && lost !== undefined ? { by, lost } : undefined;
}
