import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { spoolFile, usualSpoolGb } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { reserve, whileFree } from "../archives/dumps.ts";
import { bytesIn } from "../backups/copies.ts";
import { backupsOf } from "../backups/keepers.ts";
import type { Machine } from "../os/machine.ts";
import { filesOf } from "../store/generations.ts";

/**
 * What this host keeps of backups, `/srv/accounts/spool/<account>/`, beside the accounts, so no disk limit counts it; for root alone, and encrypted as on the backup host:
 * - `known/<repository>/`: what it knows of the repository on the backup host, which are its indexes, its snapshots and its directories, and no file.
 * - `waiting/<repository>/`: backups that were made while no backup host answered, in a repository of restic that begins with what was known. Its `base` has the snapshots that are
 *   on the backup host.
 */
export const spoolDirectory = ({ layout }: Machine) => layout.at("/srv/accounts/spool");
export const spoolOfAccount = (machine: Machine, account: number) => join(spoolDirectory(machine), `${account}`);
export const waitingPlace = (machine: Machine, account: number) => join(spoolOfAccount(machine, account), "waiting");
export const knownPlace = (machine: Machine, account: number) => join(spoolOfAccount(machine, account), "known");

export const namesIn = (directory: string) => (existsSync(directory) ? readdirSync(directory) : []);

/** Accounts of which there is anything, declared or not. */
const spooledAccounts = (machine: Machine) => namesIn(spoolDirectory(machine)).map(Number).filter(Number.isSafeInteger);

/** What never takes more than this part of what is free. */
const part = 4;

/**
 * Bytes that one account may have. Half of all is shared evenly, so each account has its part whatever the others do; of the other half one account takes at most a half.
 * @param bound bytes of all
 * @param accounts how many there are
 * @param others what each of the others has
 */
export function roomFor(bound: number, accounts: number, others: readonly number[]): number {
  const own = bound / 2 / Math.max(1, accounts);
  const shared = others.reduce((sum, bytes) => sum + Math.max(0, bytes - own), 0);
  return Math.floor(own + Math.max(0, Math.min(bound / 4, bound / 2 - shared)));
}

/** Bytes that the accounts' waiting backups may take together, as declared, in gigabytes of the bundle. */
const declaredBytes = (bundle: Bundle) => Number(filesOf(bundle).get(spoolFile)?.content?.trim() ?? usualSpoolGb) * 1e9;

/** Says how much accounts may have in the spool. */
export interface Room {
  /** Bytes of {@link spoolOfAccount}: none if less is free than what stays free for the accounts themselves. */
  allowedFor(account: number): number;
  /** What an account has, and may have, as they were when one of these was first asked for. */
  seen(account: number): { readonly bytes: number; readonly allowed: number };
}

/** For one run: what accounts have is counted once, and then as they go. */
export function roomOf(machine: Machine, bundle: Bundle): Room {
  const count = (account: number) => bytesIn(spoolOfAccount(machine, account));
  const accounts = backupsOf(bundle).length;
  const declared = declaredBytes(bundle);
  let counted: Map<number, number> | undefined;
  let last: number | undefined;
  const taken = () => {
    counted ??= new Map(spooledAccounts(machine).map((each) => [each, count(each)]));
    return counted;
  };
  const allowed = (account: number) => {
    const directory = spoolDirectory(machine);
    const { freeBytes } = machine.space(existsSync(directory) ? directory : dirname(directory));
    const others = [...taken()].flatMap(([each, bytes]) => (each === account ? [] : [bytes]));
    const all = others.reduce((sum, bytes) => sum + bytes, taken().get(account) ?? 0);
    return freeBytes < reserve ? 0 : roomFor(Math.min(declared, (freeBytes + all) / part), accounts, others);
  };
  return {
    allowedFor(account) {
      for (const each of new Set([last ?? account, account])) taken().set(each, count(each));
      last = account;
      return allowed(account);
    },
    seen: (account) => ({ bytes: taken().get(account) ?? 0, allowed: allowed(account) }),
  };
}

/** Why restic is to end while it writes into an account's part of the spool: asked again and again. @param allowed bytes, as {@link Room.allowedFor} says before */
export function whileRoom(machine: Machine, account: number, allowed: number): () => string | undefined {
  const isFree = whileFree(machine, spoolDirectory(machine));
  return () => {
    if (bytesIn(spoolOfAccount(machine, account)) <= allowed) return isFree();
    return `what is kept of the account's backups may take ${Math.floor(allowed / 1e6)} MB on this host (\`spoolGb\`, and a part of what is free)`;
  };
}

/** What waits for a backup host. */
export interface Waiting {
  /** Names of repositories and of their snapshots that wait. */
  readonly snapshots: readonly string[];
  /** When the newest of them was made, in milliseconds since 1970. */
  readonly newest: number;
}

/** Of an account. No key is needed for it. */
export function waitingOf(machine: Machine, account: number): Waiting {
  const place = waitingPlace(machine, account);
  const snapshots = namesIn(place).flatMap((name) => {
    const base = new Set(namesIn(join(place, name, "base")));
    // What restic has not ended has another name.
    return namesIn(join(place, name, "snapshots")).flatMap((id) =>
      /^[0-9a-f]{64}$/.test(id) && !base.has(id) ? [join(name, "snapshots", id)] : [],
    );
  });
  const times = snapshots.map((path) => statSync(join(place, path)).mtimeMs);
  return { snapshots, newest: Math.max(0, ...times) };
}
