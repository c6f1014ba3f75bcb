import { appendFileSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { keptDays, type RestoreRequest, undoneRestore } from "../../delivery/protocol/restores.ts";
import { accountDirectory, removeTree, withArchives } from "../archives/archives.ts";
import { Unreachable } from "../backups/restic.ts";
import { patientSeconds, withBackup } from "../backups/state.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { isMarked, marked, markNames, removeMarks } from "../store/moving.ts";
import {
  inWords,
  knownRestores,
  type RestoreState,
  readRestore,
  restoresIn,
  withId,
  writeRestore,
} from "../store/restores.ts";
import { gather } from "./gather.ts";
import { boundKept, placeOf } from "./kept.ts";
import { isPaused, pauseAfter, withTry } from "./pause.ts";
import { GivenUp, replace } from "./replace.ts";

/** Milliseconds after which one that has not begun is given up: what the account has written in the meantime nobody has agreed to lose. */
const patience = 24 * 3_600_000;

/** What became of declared restores, one line each. */
export interface Restored {
  readonly done: readonly string[];
  readonly wrong: readonly string[];
}

/**
 * Does what the inventory asks for and this host has not done, and goes on with what was interrupted.
 * @param only numbers of accounts; without any, all for which there is something to do, but those that {@link isPaused wait} for a backup host
 */
export async function restoreDeclared(machine: Machine, only: readonly number[], now = Date.now()): Promise<Restored> {
  const done: string[] = [];
  const wrong: string[] = [];
  const all = new Set([...knownRestores(machine), ...marked(machine, "replacing")]);
  for (const number of only.length > 0 ? only : [...all].sort((left, right) => left - right)) {
    try {
      if (only.length === 0 && !isOpen(machine, number, now)) continue;
      const state = await withArchives(machine, number, () =>
        withBackup(machine, number, () => restoreOne(machine, number, now), patientSeconds),
      );
      (state.phase === "done" ? done : wrong).push(`account ${number}: ${inWords(state)}`);
    } catch (error) {
      wrong.push(`account ${number}: ${reason(error)}`);
    }
  }
  return { done, wrong };
}

function isOpen(machine: Machine, number: number, now: number): boolean {
  const state = readRestore(machine, number);
  if (isMarked(machine, "replacing", number)) return true;
  return (
    state !== undefined && !isPaused(state, now) && (!isOver(state) || nextOf(machine, number, state) !== undefined)
  );
}

const isOver = ({ phase }: RestoreState) => phase === "done" || phase === "failed" || phase === "passed";

/** One that was delivered while another one was under way. */
function nextOf(machine: Machine, number: number, { id, earlier = [] }: RestoreState): string | undefined {
  const wanted = restoresIn(readCurrent(machine).bundle).get(number)?.id;
  return wanted === id || (wanted !== undefined && earlier.includes(wanted)) ? undefined : wanted;
}

/** @throws ApplyError if it is not over: the next run goes on with it */
async function restoreOne(machine: Machine, number: number, now: number): Promise<RestoreState> {
  const state = readRestore(machine, number);
  if (!state) throw new ApplyError("no restore was asked for on this host: declare `restore` in its file, and deploy");
  switch (state.phase) {
    case "done":
    case "failed":
    case "passed": {
      const id = nextOf(machine, number, state);
      if (id === undefined) return state;
      const next = { id, since: new Date(now).toISOString(), earlier: withId(state) };
      writeRestore(machine, number, { ...next, phase: "due" });
      return begin(machine, number, { ...next, phase: "due" }, now);
    }
    case "switching":
    case "landing":
      return finish(machine, number, state);
    case "due":
      return begin(machine, number, state, now);
    default:
      return state.phase satisfies never;
  }
}

async function begin(machine: Machine, number: number, state: RestoreState, now: number): Promise<RestoreState> {
  const request = restoresIn(readCurrent(machine).bundle).get(number);
  // A deploy that put it in force for the others only is not over.
  if (request?.id !== state.id) throw new ApplyError(`restore ${state.id} is not in force on this host: deploy again`);
  const waits = now - Date.parse(state.since);
  if (waits > patience) {
    const last = state.why === undefined ? "" : `; the last run said: ${state.why}`;
    return failed(
      machine,
      number,
      state,
      `it could not begin within a day${last}; if it is still wanted, give it a new id`,
      request,
    );
  }
  // Held by a restore of its own it goes on. Whatever else marks it has its data in hand.
  const busy = markNames.find((mark) => isMarked(machine, mark, number));
  if (busy && !isMarked(machine, "replacing", number))
    throw new ApplyError(
      `restore ${state.id} waits: account ${number} is marked "${busy}" here, as a move, copy or takeover of it is not over; \`fairhost-host status\` says more`,
    );
  let known = state;
  const begins = (brings: string) => {
    known = { ...state, brings };
    writeRestore(machine, number, known);
  };
  try {
    machine.say(`account ${number}: restore ${state.id} begins`);
    const { missing, ...gathered } = await gather(machine, request, state.brings, begins);
    const ready: RestoreState = { ...known, ...gathered, ...(missing.length > 0 && { why: missing.join("; ") }) };
    return await finish(machine, number, ready);
  } catch (error) {
    if (isMarked(machine, "replacing", number)) throw error;
    const why = reason(error);
    if (!(error instanceof Unreachable)) return failed(machine, number, state, why, request);
    known = withTry(known, why, Date.now());
    writeRestore(machine, number, known);
    throw new ApplyError(
      `restore ${state.id} has not begun: ${why}; it is tried again in ${pauseAfter(known.tries!) / 60_000} minutes, for a day, or by \`fairhost-host restore-declared ${number}\`; what has come stays until then`,
    );
  }
}

async function finish(machine: Machine, number: number, state: RestoreState): Promise<RestoreState> {
  if (isMarked(machine, "gone", number))
    throw new ApplyError(`restore ${state.id} waits: the account has another host now`);
  if (!readCurrent(machine).bundle.groups[`account-${number}`]) {
    removeMarks(machine, number, "replacing");
    const why = `its account left this host while it was not complete: what was replaced is in ${placeOf(machine, number, state.id)}`;
    return over(machine, number, { id: state.id, since: state.since, phase: "passed", why });
  }
  const request = restoresIn(readCurrent(machine).bundle).get(number);
  try {
    const { why, ...done } = await replace(machine, number, state);
    const gone = await madeRoom(machine, number, state.id);
    const said = [
      `${state.from} is in force since ${new Date().toISOString().slice(0, 19)}Z; what it replaced is kept for ${keptDays} days, and comes back with a new id and \`snapshot: before ${state.id}\``,
      ...[
        state.phase === "due" ? state.why : undefined,
        gone.length === 0
          ? undefined
          : `what ${gone.join(", ")} had replaced was removed, as all of it takes no more than the account's disk limit`,
        why === undefined ? undefined : `not all of it started: ${why}`,
      ],
    ];
    return over(machine, number, { ...done, why: said.filter((each) => each !== undefined).join("; ") });
  } catch (error) {
    if (error instanceof GivenUp) return failed(machine, number, state, error.message, request);
    writeRestore(machine, number, { ...(readRestore(machine, number) ?? state), why: reason(error) });
    throw new ApplyError(
      `restore ${state.id} is not complete, and the account is held: ${reason(error)}; it is tried again every few minutes, or by \`fairhost-host restore-declared ${number}\``,
    );
  }
}

/** Whatever becomes of what is too much: the restore is done, and the daily run removes it. */
async function madeRoom(machine: Machine, number: number, done: string): Promise<string[]> {
  try {
    return await boundKept(machine, number, done);
  } catch (error) {
    machine.say(`account ${number}: ${reason(error)}`);
    return [];
  }
}

/** Nothing was changed. What an earlier restore had kept is kept on. */
async function failed(
  machine: Machine,
  number: number,
  { id, since, earlier }: RestoreState,
  why: string,
  request?: RestoreRequest,
): Promise<RestoreState> {
  const place = placeOf(machine, number, id);
  const undone = request && undoneRestore(request.snapshot);
  if (undone !== undefined && existsSync(place)) {
    await removeTree(machine, join(place, "before"));
    if (existsSync(join(place, "dumps"))) machine.disk.rename(join(place, "dumps"), join(place, "before"));
    machine.disk.rename(place, placeOf(machine, number, undone));
  } else await removeTree(machine, place);
  return over(machine, number, { id, since, ...(earlier && { earlier }), phase: "failed", why });
}

/** Says what became of it where the account's owner looks, too. */
function over(machine: Machine, number: number, state: RestoreState): RestoreState {
  writeRestore(machine, number, state);
  const log = join(accountDirectory(machine, number), "admin/logs/restore.log");
  try {
    // Only root can write there.
    if (existsSync(dirname(log))) appendFileSync(log, `${new Date().toISOString()} fairhost: ${inWords(state)}\n`);
  } catch (error) {
    machine.say(`${log}: ${String(error)}`);
  }
  return state;
}

function reason(error: unknown): string {
  return error instanceof ApplyError ? error.message : String(error);
}
