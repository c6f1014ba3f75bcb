import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import type { Element } from "../../../components/registry/kind.ts";
import type { MoveState } from "../../../host/moves/state.ts";
import { printable } from "../../../lib/text/text.ts";
import { exitStatuses, UserError } from "../../../lib/user-error.ts";
import { readAnswer } from "../../drift/answer.ts";
import { applier, sshTarget } from "../../drift/inspect-hosts.ts";
import { sshCommand } from "../../drift/ssh.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import type { DeployRecord, Move } from "../record.ts";
import type { Reachable } from "./gate.ts";

/** The local command that runs the applier with these words on a host, with its standard input and output. */
export type Reach = (host: string, words: readonly string[]) => readonly [program: string, ...args: string[]];

/** Exit statuses of the applier, when it has ended by itself and not done what it should. SSH has another one for itself. */
const applierFailed: readonly (number | null)[] = [exitStatuses.failed, exitStatuses.broke];

/** A command of which nobody knows how it has ended on the host, or whether it has. */
class UnknownEnd extends UserError {}

type Say = (text: string) => void;

/** A host's master secret in base64. */
export interface Master {
  readonly epoch: number;
  readonly master: string;
}
/** @throws UserError if nobody has it */
export type MasterOf = (host: string) => Promise<Master>;

/**
 * Accounts that a deploy puts on another host of its stack, with their data. Not suspended ones: their databases are closed, and how they move by hand is in
 * docs/how-to/accounts/add-an-account.md.
 * @param lost hosts that are lost
 */
export function movesBetween(before: Accounts, after: Accounts, lost: ReadonlySet<string>): Move[] {
  const known = new Map(before.map((account) => [account.number, account]));
  return after.flatMap(({ number, host, suspended }) => {
    const was = known.get(number);
    if (!was || was.host === host || was.suspended || suspended) return [];
    return [withLost({ account: number, from: was.host, to: host }, lost)];
  });
}

/** The move, as one from a lost host if its old host is that now. */
export function withLost(move: Move, lost: ReadonlySet<string>): Move {
  return lost.has(move.from) ? { ...move, lost: true } : move;
}

type Accounts = readonly Pick<Element<"accounts">, "number" | "host" | "suspended">[];

/** Reaches hosts by SSH with their pinned keys. */
export function reachBySsh(config: StackConfig, hosts: readonly Reachable[]): Reach {
  return (name, words) => {
    const host = hosts.find((each) => each.name === name);
    if (!host)
      throw new UserError(
        `${name} is not in the inventory, so no account can move from or to it. If it is lost, nothing can be copied: see "A host is lost" in docs/how-to/operate/incidents.md`,
      );
    return sshCommand(sshTarget(config, host), [applier, ...words]);
  };
}

/** Moves of earlier deploys that did not end well, the oldest first: since the last one that succeeded. */
export function openMoves(records: readonly DeployRecord[]): Move[] {
  const last = records.findLastIndex(({ result }) => result === "succeeded");
  const moves = records.slice(last + 1).flatMap((record) => record.moves ?? []);
  return [...new Map(moves.map((move) => [JSON.stringify(move), move])).values()];
}

/**
 * The part of moves before the update: copies the data of the accounts while they run, and sees to it that the update neither takes them from their old
 * hosts nor shows them to anybody on their new ones. What an interrupted run has copied is not copied again.
 * @throws UserError with a host's reason; the accounts go on where they are
 */
export async function prepare(reach: Reach, moves: readonly Move[], say: Say): Promise<void> {
  for (const move of moves) {
    const { account, from, to, lost } = move;
    // It has landed there already, or lands there after the update.
    if ((await stateOf(reach, to, account)).declared) continue;
    if (lost) {
      await run(reach, to, account, "expect-backup");
      continue;
    }
    await run(reach, to, account, "expect");
    const size = (await run(reach, from, account, "keep")).trim();
    say(`account ${account}: copying ${size} from ${from} to ${to}, while it runs\n`);
    await copyFiles(reach, move, "running");
  }
}

/**
 * The part of moves after the update, whatever came of that, also of one that was killed: brings each account to the host that has it now, or lets it go on where
 * it is. At any time it runs on one host at most.
 * @param masterOf the master secret of a lost host, with its epoch: with it accounts are restored from that host's backups
 * @param over whether no move will be tried again: what is left of one is given up
 * @returns all problems, also of hosts that do not answer, and the moves that have one
 */
export async function settleAll(
  reach: Reach,
  moves: readonly Move[],
  say: Say,
  masterOf: MasterOf,
  over = false,
): Promise<{ readonly problems: string[]; readonly open: Move[] }> {
  const problems: string[] = [];
  const open: Move[] = [];
  for (const move of moves) {
    const settled = move.lost ? settleLost(reach, move, say, masterOf, over) : settle(reach, move, say, over);
    const found = await settled.catch((error: Error) => [error.message]);
    problems.push(...found);
    if (found.length > 0) open.push(move);
  }
  return { problems, open };
}

async function settle(reach: Reach, move: Move, say: Say, over: boolean): Promise<string[]> {
  const { account, from, to } = move;
  const [there, here] = await Promise.all([from, to].map((host) => stateOf(reach, host, account)));
  if (!here!.declared) {
    // Nothing of it runs on the new host: what is in force on the old one goes on, whether it is still declared there or not.
    if (there!.inForce && (there!.held || (there!.leaving && there!.declared)))
      await run(reach, from, account, "cancel");
    if (over && here!.coming) await run(reach, to, account, "cancel");
    return over && there!.declared ? [] : [`Account ${account} has not moved from ${from} to ${to}.`];
  }
  if (there!.declared && here!.coming) {
    return [`Account ${account} still runs on ${from}, which was not told of the move to ${to}. Deploy again.`];
  }
  if (here!.coming && there!.inForce) await handOver(reach, move, there!, say);
  // It has left already, or lands after an interruption in the middle of that.
  else if (!here!.whole || here!.held) await run(reach, to, account, "land");
  if (there!.inForce || there!.held) await run(reach, from, account, "leave");
  say(`account ${account}: runs on ${to}; ${from} keeps its copy for a week\n`);
  return [];
}

/** The lost host is not asked: it may be up again, and does not matter. */
async function settleLost(reach: Reach, move: Move, say: Say, masterOf: MasterOf, over: boolean): Promise<string[]> {
  const { account, from, to } = move;
  const here = await stateOf(reach, to, account);
  if (!here.declared) {
    if (over && here.coming) await run(reach, to, account, "cancel");
    return over ? [] : [`Account ${account} has not come from lost host ${from} to ${to} yet.`];
  }
  if (here.coming) {
    // A move from that host, interrupted before it was lost.
    if (here.restoring === undefined) await run(reach, to, account, "expect-backup");
    if (here.restoring === undefined || here.restoring === "awaited") {
      const { epoch, master } = await masterOf(from);
      if (here.databases.length > 0) await run(reach, to, account, "empty");
      say(`account ${account}: restoring its newest backup by ${from} on ${to}\n`);
      const restore = ["restore-backup", from, `${epoch}`];
      // It may take hours.
      const what = await run(reach, to, account, restore, master, say).catch((error: Error) => {
        throw new UserError(
          `${error.message}\nAccount ${account} is held on ${to}, so that it does not begin without its data. Fix the cause and deploy again. If it was moving to ${from} when that was lost, its data is still on the host that it came from: declare it there again. To start it without its data, on ${to}: \`fairhost-host move ${account} land-without-backup\`.`,
        );
      });
      say(`account ${account}: restored from ${what.trim()}; what came later is lost\n`);
    }
  }
  if (here.coming || !here.whole || here.held) await run(reach, to, account, "land");
  say(`account ${account}: runs on ${to}\n`);
  return [];
}

/** The time in which the account is down: from `stop` to the end of `land`. */
async function handOver(reach: Reach, move: Move, there: MoveState, say: Say): Promise<void> {
  const { account, from, to } = move;
  const { databases } = there;
  if (databases.length > 0) await run(reach, to, account, "empty");
  // Short, since the first one has copied nearly all: so little is left for the time in which the account is down.
  if (!there.held) await copyFiles(reach, move, "running");
  // One that is renewed after that is renewed again.
  await copyCertificates(reach, move);
  const began = performance.now();
  try {
    await run(reach, from, account, "stop");
    say(`account ${account}: stopped on ${from}; copying the rest to ${to}\n`);
    await allOf([copyFiles(reach, move, "last"), copyDatabases(reach, move, databases)]);
    await run(reach, to, account, "land");
  } catch (error) {
    // If the connection broke while it landed, nobody knows whether it has: the next deploy asks, and nothing of it runs on the old host meanwhile.
    if (!(error instanceof UnknownEnd) && (await stateOf(reach, to, account)).coming) {
      await run(reach, from, account, "cancel");
    }
    throw error;
  }
  say(`account ${account}: was down for ${((performance.now() - began) / 1000).toFixed(1)} s\n`);
}

const copyFiles = (reach: Reach, { account, from, to }: Move, pass: "running" | "last") =>
  pipeline(
    [reach(from, ["move", `${account}`, "send", pass]), `the copy of account ${account} from ${from}`],
    [reach(to, ["move", `${account}`, "receive", pass]), `the copy of account ${account} to ${to}`],
    true,
  );

async function copyDatabases(
  reach: Reach,
  { account, from, to }: Move,
  databases: MoveState["databases"],
): Promise<void> {
  // Each server restores one after the other.
  const byEngine = Map.groupBy(databases, ({ engine }) => engine);
  await allOf(
    [...byEngine.values()].map(async (own) => {
      for (const { engine, name } of own) {
        await pipeline(
          [reach(from, ["dump-database", engine, name]), `the dump of ${name} on ${from}`],
          [reach(to, ["move", `${account}`, "restore", engine, name]), `the restore of ${name} on ${to}`],
        );
      }
    }),
  );
}

const copyCertificates = (reach: Reach, { account, from, to }: Move) =>
  pipeline(
    [
      reach(from, ["move", `${account}`, "show-certificates"]),
      `reading the certificates of account ${account} on ${from}`,
    ],
    [reach(to, ["move", `${account}`, "take-certificates"]), `writing the certificates of account ${account} on ${to}`],
  );

async function stateOf(reach: Reach, host: string, account: number): Promise<MoveState> {
  return readAnswer(host, "move state", await run(reach, host, account, "state"));
}

/** Runs a part of a move that must succeed. @param input a secret for its standard input @param say shows how far it is @returns its standard output */
async function run(
  reach: Reach,
  host: string,
  account: number,
  what: string | readonly string[],
  input = "",
  say?: Say,
): Promise<string> {
  const words = [what].flat();
  const named = `${words[0]} of account ${account} on ${host}`;
  return runOn(reach, host, ["move", `${account}`, ...words], named, input, say);
}

/**
 * Runs the applier with these words on a host.
 * @param what it does, as messages say it
 * @param input a secret for its standard input
 * @param say shows what it says of accounts while it works
 * @returns its standard output
 * @throws UserError if it does not succeed
 */
export async function runOn(
  reach: Reach,
  host: string,
  words: readonly string[],
  what: string,
  input = "",
  say?: Say,
): Promise<string> {
  const [program, ...args] = reach(host, words);
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] });
  // When it is gone, its exit status says why.
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const [output] = await Promise.all([text(child.stdout), succeeded(child, what, say)]);
  return output;
}

type End = readonly [command: ReturnType<Reach>, what: string];

/** Connects two commands through this machine, so that no host needs a way into another. @param both also back */
async function pipeline([from, source]: End, [to, target]: End, both = false): Promise<void> {
  const [sender, receiver] = [from, to].map(([program, ...args]) =>
    spawn(program, args, { stdio: ["pipe", "pipe", "pipe"] }),
  );
  for (const { stdin } of [sender!, receiver!]) {
    // When one end is gone, the exit statuses say why.
    stdin.on("error", () => {});
  }
  sender!.stdout.pipe(receiver!.stdin);
  if (both) receiver!.stdout.pipe(sender!.stdin);
  else {
    sender!.stdin.end();
    receiver!.stdout.resume();
  }
  await allOf([succeeded(sender!, source), succeeded(receiver!, target)]);
}

/** Waits for all, so that nothing goes on in the background. @throws UserError with the messages of all that failed */
async function allOf(work: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(work);
  const wrong = results.flatMap((result) => (result.status === "rejected" ? [(result.reason as Error).message] : []));
  if (wrong.length > 0) throw new UserError(wrong.join("\n"));
}

async function succeeded(child: ReturnType<typeof spawn>, what: string, say?: Say): Promise<void> {
  let said = "";
  const keep = (part: string) => (said = (said + part).slice(-2000));
  if (say === undefined) child.stderr?.on("data", (part: Buffer) => keep(part.toString()));
  else
    createInterface({ input: child.stderr! }).on("line", (line) => {
      if (/^account \d+: /.test(line)) say(`${printable(line)}\n`);
      else keep(`${line}\n`);
    });
  const [status, signal] = (await once(child, "close")) as [number | null, string | null];
  if (status === 0) return;
  const message = `${what} failed (${signal ?? status}): ${said.trim()}`;
  throw applierFailed.includes(status) ? new UserError(message) : new UnknownEnd(message);
}
