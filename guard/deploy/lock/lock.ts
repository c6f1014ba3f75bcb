import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { take } from "../../../lib/kernel-lock.ts";
import { UserError } from "../../../lib/user-error.ts";
import { ownerSchema, ownerWords, self } from "./owner.ts";

const holderSchema = z.object({ owner: ownerSchema, command: z.string(), since: z.iso.datetime() });
type Holder = z.infer<typeof holderSchema>;

/** Another deploy of the stack runs. */
export class LockedError extends UserError {
  constructor(message: string) {
    super(message, "locked");
  }
}

/**
 * One deploy of a stack at a time. The kernel releases the lock when the process ends, however it ends, so no stale lock remains. The
 * file names the holder.
 * @param directory the stack's records
 * @param say called once, with the deploy that it waits for
 * @throws LockedError with the holder, when the time is up
 */
export async function deployLock(
  directory: string,
  command: string,
  waitSeconds: number,
  say: (text: string) => void,
): Promise<AsyncDisposable> {
  await mkdir(directory, { recursive: true });
  const file = join(directory, "lock");
  let release = await take(file, 0);
  if (!release && waitSeconds > 0) {
    say(`Waiting up to ${waitSeconds} s for ${await holderWords(file)}.\n`);
    release = await take(file, waitSeconds);
  }
  if (!release) {
    throw new LockedError(
      `The stack is locked by ${await holderWords(file)}; nothing was touched. Wait for it (--wait SECONDS), or check \`guard records\`.`,
    );
  }
  const own: Holder = { owner: await self(), command, since: new Date().toISOString() };
  await writeFile(file, JSON.stringify(own));
  return {
    async [Symbol.asyncDispose]() {
      await writeFile(file, "");
      await release();
    },
  };
}

async function holderWords(file: string): Promise<string> {
  try {
    const { owner, command, since } = holderSchema.parse(JSON.parse(await readFile(file, "utf8")));
    return `\`${command}\` of ${ownerWords(owner)} since ${since}`;
  } catch {
    // The lock was taken or released at this moment.
    return "another run";
  }
}
