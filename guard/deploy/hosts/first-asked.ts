import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { UserError } from "../../../lib/user-error.ts";

const schema = z.record(z.string(), z.iso.datetime());

/** An account on a host. */
export interface Placed {
  readonly host: string;
  readonly number: number;
}

const keyOf = ({ host, number }: Placed) => `${host} ${number}`;

/**
 * Remembers, beside the deploys' records, when a deploy first asked a host for the proof of an account. So nothing that happens on the host can begin
 * this time anew: neither lost records, nor a reinstalled system, nor an answer that leaves the account out.
 * @param present all accounts on hosts of the stack: the time of one that has gone, or to another host, is forgotten
 * @param asked those that a deploy asks for now
 * @param now milliseconds
 * @returns milliseconds
 */
export async function firstAsked(
  directory: string,
  present: readonly Placed[],
  asked: readonly Placed[],
  now: number,
): Promise<(placed: Placed) => number> {
  const file = join(directory, "first-asked");
  const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "{}\n";
    throw error;
  });
  const known = new Map(Object.entries(read(file, text)));
  const times = new Map(
    [...present, ...asked].flatMap((placed): [string, number][] => {
      const time = known.get(keyOf(placed));
      // The clock of a controller can have been ahead, too.
      return time === undefined ? [] : [[keyOf(placed), Math.min(Date.parse(time), now)]];
    }),
  );
  for (const placed of asked) if (!times.has(keyOf(placed))) times.set(keyOf(placed), now);
  const sorted = [...times].sort(([left], [right]) => (left < right ? -1 : 1));
  const next = `${JSON.stringify(Object.fromEntries(sorted.map(([key, time]) => [key, new Date(time).toISOString()])), undefined, 2)}\n`;
  if (next !== text) {
    await mkdir(directory, { recursive: true });
    await writeFile(`${file}.new`, next, { mode: 0o600, flush: true });
    await rename(`${file}.new`, file);
  }
  return (placed) => times.get(keyOf(placed)) ?? now;
}

function read(file: string, text: string): z.output<typeof schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new UserError(
      `${file} is damaged, so it is not known since when accounts have been without a proof of their backups. Fix: restore it from a backup, or remove it: then the time that accounts without a proof have begins anew.`,
    );
  }
}
