import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { take } from "../../host/store/lock.ts";
import { UserError } from "../../lib/user-error.ts";
import { ownerSchema, ownerWords, self } from "./owner.ts";

const holderSchema = z.object({ owner: ownerSchema, command: z.string(), since: z.iso.datetime() });
type Holder = z.infer<typeof holderSchema>;

/** Somebody else deploys. */
export class LockedError extends UserError {
  constructor(message: string) {
    super(message, "locked");
  }
}

/**
 * One deploy of a stack at a time. The kernel holds the lock and takes it away with the process, however that ends, so none is ever
 * left behind; the file says who has it.
 * @param directory the stack's records
 * @param say is told once whom it waits for
 * @throws LockedError naming the holder when the time is up
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
    say(`Waiting for ${await holderWords(file)}, up to ${waitSeconds} s.\n`);
    release = await take(file, waitSeconds);
  }
  if (!release) {
    throw new LockedError(
      `${capital(await holderWords(file))} has this stack; nothing was touched. Wait for it (--wait SECONDS), or look at \`guard records\`.`,
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
    return `\`${command}\` of ${ownerWords(owner)}, since ${since},`;
  } catch {
    // Just taken, or just let go.
    return "another run";
  }
}

function capital(text: string): string {
  return text.replace(/^a/, "A");
}
