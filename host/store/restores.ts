import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { type RestoreRequest, restoreRequests } from "../../delivery/protocol/restores.ts";
import type { Machine } from "../os/machine.ts";
import { isMarked, marked } from "./moving.ts";
import { isRecord, readOwn, readOwnIfWhole, type Schema } from "./own-file.ts";

/**
 * How far a declared restore of an account is on this host.
 * `due`: nothing has changed yet. `switching`: all that comes is on this host's disk, beside the account, which is held (mark `replacing`); data of before and after may
 * be in force. `landing`: all that came is in force, and the account is about to run again. `done`, `failed`: nothing of before the restore, or
 * all of it, is in force. `passed`: this host leaves it alone.
 */
const phases = ["due", "switching", "landing", "done", "failed", "passed"] as const;
export type Phase = (typeof phases)[number];

/** Something that is exchanged: a path in the account's directory, and the inode number of what comes there. */
export interface Piece {
  readonly path: string;
  readonly inode: number;
}

export interface RestoreState {
  readonly id: string;
  readonly phase: Phase;
  /** When it was first delivered, ISO 8601. */
  readonly since: string;
  /** What was done, why it was not, or why it is not yet: a sentence without its dot. */
  readonly why?: string;
  /** How often no backup host could be reached, and when that was last, ISO 8601. */
  readonly tries?: number;
  readonly tried?: string;
  /** Id of the backup of which a part lies beside the account already. */
  readonly brings?: string;
  /** Of which backup, in words. */
  readonly from?: string;
  readonly pieces?: readonly Piece[];
  /** Dumps that come into databases. */
  readonly dumps?: readonly string[];
  /** Whether those databases were dumped as they were before. */
  readonly dumped?: true;
  /** Ids that are over on this host, the oldest first. */
  readonly earlier?: readonly string[];
}

type Place = Pick<Machine, "layout">;

/** Ids that are remembered. */
const most = 100;

/** Ids that are over once this one is, too: the newest ones. */
export const withId = ({ id, earlier = [] }: RestoreState): readonly string[] => [...earlier, id].slice(-most);

const directoryOf = ({ layout }: Place) => join(layout.state, "restores");
const fileOf = (machine: Place, number: number) => join(directoryOf(machine), `${number}.json`);

const isText = (value: unknown) => value === undefined || typeof value === "string";
const isState: Schema<RestoreState> = (value): value is RestoreState =>
  isRecord(value) &&
  typeof value.id === "string" &&
  phases.some((phase) => phase === value.phase) &&
  typeof value.since === "string" &&
  isText(value.why) &&
  [value.from, value.tried, value.brings].every(isText) &&
  (value.tries === undefined || Number.isSafeInteger(value.tries)) &&
  (value.pieces === undefined || (Array.isArray(value.pieces) && value.pieces.every(isPiece))) &&
  [value.dumps, value.earlier].every(
    (list) => list === undefined || (Array.isArray(list) && list.every((each) => typeof each === "string")),
  );

const isPiece = (value: unknown) =>
  isRecord(value) && typeof value.path === "string" && Number.isSafeInteger(value.inode);

/** @throws ApplyError if the file is damaged: nobody knows then what was done */
export function readRestore(machine: Place, number: number): RestoreState | undefined {
  const remedy = `Look at what account ${number} has and at /srv/accounts/replaced/${number}, then declare the restore with a new id`;
  return readOwn(fileOf(machine, number), isState, remedy);
}

export function writeRestore(machine: Machine, number: number, state: RestoreState): void {
  machine.disk.makeDirectory(directoryOf(machine), 0o700);
  machine.disk.replace(fileOf(machine, number), `${JSON.stringify(state)}\n`, 0o600);
}

/** Accounts of which something is known. */
export function knownRestores(machine: Place): number[] {
  const directory = directoryOf(machine);
  const names = existsSync(directory) ? readdirSync(directory) : [];
  return names.flatMap((name) => /^([1-9]\d*)\.json$/.exec(name)?.[1] ?? []).map(Number);
}

/** What a bundle asks for, by account. */
export function restoresIn({ groups }: Bundle): ReadonlyMap<number, RestoreRequest> {
  const found = new Map<number, RestoreRequest>();
  for (const group of Object.values(groups)) {
    for (const { path, content } of group?.files ?? []) {
      if (!path.startsWith(restoreRequests) || content === undefined) continue;
      const request = JSON.parse(content) as RestoreRequest;
      found.set(request.account, request);
    }
  }
  return found;
}

/** Restores that are asked for now and that are not done: `broken` if nobody knows. Also one that was begun and is no longer asked for. */
export function openRestores(machine: Place, bundle: Bundle): { readonly number: number; readonly text: string }[] {
  const requests = restoresIn(bundle);
  const numbers = new Set([...requests.keys(), ...marked(machine, "replacing")]);
  return [...numbers]
    .sort((left, right) => left - right)
    .flatMap((number) => {
      const state = readOwnIfWhole(fileOf(machine, number), isState);
      const id = requests.get(number)?.id ?? state?.id;
      const isHeld = isMarked(machine, "replacing", number);
      if (!state || state.id !== id) {
        return isHeld || existsSync(fileOf(machine, number))
          ? [
              {
                number,
                text: `account ${number}: how far restore ${id ?? ""} is cannot be read${isHeld ? "; the account is held" : ""}`,
              },
            ]
          : [];
      }
      if (!isHeld && (state.phase === "done" || state.phase === "passed")) return [];
      return [{ number, text: `account ${number}: ${inWords(state)}` }];
    });
}

/** A sentence without its dot. */
export function inWords({ id, phase, since, why }: RestoreState): string {
  const more = why === undefined ? "" : `: ${why}`;
  switch (phase) {
    case "due":
      return `restore ${id} is due since ${since}${more}`;
    case "landing":
      return `restore ${id} is in force, and its account is about to run again${more}`;
    case "switching":
      return `restore ${id} was begun and is not complete, and the account is held${more}`;
    case "done":
      return `restore ${id} is done${more}`;
    case "failed":
      return `restore ${id} failed, and nothing was changed${more}`;
    case "passed":
      return `restore ${id} is left alone${more}`;
    default:
      return phase satisfies never;
  }
}

const began: readonly Phase[] = ["switching", "landing"];

/**
 * Remembers what a delivery newly asks for, before anything of it is in force. It counts only for an account that this host had already, and that did not ask for
 * it: with a move, a takeover or a new machine an old wish comes with its account, and must not overwrite what that has written since. Can be repeated.
 * @param before what was delivered before
 * @returns lines for the report
 */
export function noteRestores(machine: Machine, before: Bundle, delivered: Bundle, now = new Date()): string[] {
  const [then, requests] = [restoresIn(before), restoresIn(delivered)];
  const notes: string[] = [];
  for (const number of knownRestores(machine)) {
    const known = readOwnIfWhole(fileOf(machine, number), isState);
    if (requests.has(number) || (known && began.includes(known.phase))) continue;
    if (delivered.groups[`account-${number}`] === undefined) machine.disk.remove(fileOf(machine, number));
    else if (known?.phase === "due")
      writeRestore(machine, number, { ...known, phase: "passed", why: "it was taken back before it began" });
  }
  for (const [number, { id }] of requests) {
    const known = readOwnIfWhole(fileOf(machine, number), isState);
    if (known?.id === id) {
      if (known.phase === "due") notes.push(isDue(number, id));
      continue;
    }
    // What was begun ends first; the next delivery or run finds the new one.
    if (known && began.includes(known.phase)) {
      notes.push(`account ${number}: restore ${id} waits: ${inWords(known)}`);
      continue;
    }
    const earlier = known ? withId(known) : [];
    const group = before.groups[`account-${number}`];
    const why = earlier.includes(id)
      ? "this host has had that id before: give it a new one"
      : group === undefined || isMarked(machine, "coming", number)
        ? "it came to this host together with the account: if it is wanted here, give it a new id"
        : known === undefined && then.get(number)?.id === id
          ? "whether it was done is not known, as its state on this host is lost: if it is wanted, give it a new id"
          : undefined;
    const state = { id, since: now.toISOString(), ...(earlier.length > 0 && { earlier }) };
    writeRestore(machine, number, why === undefined ? { ...state, phase: "due" } : { ...state, phase: "passed", why });
    notes.push(why === undefined ? isDue(number, id) : `account ${number}: restore ${id} is left alone: ${why}`);
  }
  return notes;
}

const isDue = (number: number, id: string) =>
  `account ${number}: restore ${id} is due: \`guard deploy\` does it now, or fairhost-restore.timer within minutes`;
