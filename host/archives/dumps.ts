import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, closeSync, existsSync, openSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { readCurrent } from "../store/generations.ts";
import { accountDirectory, bytesBelow } from "./archives.ts";

/**
 * Dumps of databases are written beside the accounts, where no disk limit counts them, and what they take has little to do with what a database takes
 * on the disk: a compressed column of MariaDB can be a thousand times as large in its dump.
 */

/** Bytes that stay free for the other accounts. */
export const reserve = 1 << 30;

/** Until when something may come that no disk limit counts, and of which nobody knows before what it takes: backups have zeros for the holes of files. */
export const whileFree = (machine: Machine, directory: string) => () =>
  machine.space(directory).freeBytes < reserve
    ? `less than ${mib(reserve)} would stay free for the other accounts: free some space`
    : undefined;

/** How many times an account's disk limit its dumps may take together, as its backups may on a backup host: bytes are written as two digits. */
const most = 4;

/** Bytes that are written between two looks at what is free. */
const step = 64 << 20;

/** What dumps of one account may still take together, in bytes. */
export interface DumpRoom {
  readonly account: number;
  readonly bytes: number;
  left: number;
}

/** A dump that cannot be, or be loaded, because of what its account has put into the database: the host and its servers are as they should be. */
export class OwnDump extends ApplyError {}

/** Room for all dumps of an account: by its disk limit, or, where none is declared (any more), by what its databases take now. */
export async function dumpRoom(machine: Machine, account: number): Promise<DumpRoom> {
  const bytes = most * (diskLimit(readCurrent(machine).bundle, account) ?? (await onDisk(machine, account)));
  return { account, bytes, left: bytes };
}

/** Bytes that an account may have on the disk; undefined if none are declared. */
export function diskLimit({ groups }: Bundle, account: number): number | undefined {
  return groups[`account-${account}`]?.account?.quotas?.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function onDisk(machine: Machine, account: number): Promise<number> {
  let bytes = reserve;
  for (const engine of engineNames) {
    const directory = join(accountDirectory(machine, account), engine);
    if (existsSync(directory)) bytes += (await bytesBelow(machine, directory)) ?? 0;
  }
  return bytes;
}

/**
 * Writes a dump, which a command says, to a new file.
 * @param room of the account, of which it takes its part
 * @param over ends it when its time is over
 * @throws ApplyError if the command fails, there is no room left for the account, or too little would stay free for the others
 */
export async function writeDump(
  machine: Machine,
  file: string,
  [program, ...args]: readonly [string, ...string[]],
  room: DumpRoom,
  over?: AbortSignal,
): Promise<void> {
  if (over?.aborted) throw new ApplyError(noTime);
  const out = openSync(file, "wx", 0o600);
  const child = spawn("nice", ["-n", "10", program, ...args], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close") as Promise<[number | null, string | null]>;
  const kill = () => child.kill();
  over?.addEventListener("abort", kill);
  let written = 0;
  try {
    let unseen = step;
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      if (unseen >= step) {
        if (machine.space(dirname(file)).freeBytes < reserve + step)
          throw new ApplyError(`only ${mib(reserve)} are free beside it, and stay free for the other accounts`);
        unseen = 0;
      }
      room.left -= chunk.length;
      if (room.left < 0) throw tooLarge(machine, file, room);
      writeFileSync(out, chunk);
      unseen += chunk.length;
      written += chunk.length;
    }
    const [status, signal] = await closed;
    if (status !== 0) throw new ApplyError(over?.aborted ? noTime : `${program} ended with ${signal ?? status}`);
    machine.say(`${file}: ${written} bytes`);
  } finally {
    over?.removeEventListener("abort", kill);
    child.kill();
    await closed;
    closeSync(out);
  }
}

const noTime = "the time for dumps of this account is over";

const mib = (bytes: number) => `${Math.ceil(bytes / (1 << 20))} MiB`;

/** Says it in the account's log, too: nobody else can make its databases smaller. */
function tooLarge(machine: Machine, file: string, { account, bytes }: DumpRoom): OwnDump {
  const [engine, name] = file.split("/").at(-1)!.split(".");
  const why = `dumps of this account's databases are larger than ${mib(bytes)} together (${most} times its disk limit)`;
  const log = join(accountDirectory(machine, account), "admin/logs/databases.log");
  try {
    // Only root can write there. An account may have gone since.
    if (existsSync(dirname(log)))
      appendFileSync(log, `${new Date().toISOString()} fairhost: ${name} (${engine}) cannot be dumped: ${why}\n`);
  } catch (error) {
    machine.say(`${log}: ${String(error)}`);
  }
  return new OwnDump(`${why}: compressed columns or tables are larger in a dump`);
}
