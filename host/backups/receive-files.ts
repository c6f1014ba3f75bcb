import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { type FileHandle, open } from "node:fs/promises";
import { ApplyError } from "../os/machine.ts";
import { Unreachable } from "./restic.ts";

/** Milliseconds without a byte after which a backup host counts as gone. */
const longestSilence = 300_000;

/** A file that is asked for. */
interface Asked {
  readonly path: string;
  readonly bytes: number;
}

/** The time was over before all files had come. */
export class LeftForLater extends ApplyError {}

/**
 * Asks a command for files, whose paths go to its standard input, one a line, and whose contents follow each other on its standard output. It takes from it
 * as many bytes as were asked for, and writes each file durably to one path, one after the other.
 * @param into path of that file, which is replaced each time
 * @param taken is called with each whole file, in order, and the SHA-256 of its content in hexadecimal; it may move it away
 * @param over ends it when its time is over
 * @throws LeftForLater then; files of before have been taken, as with the others
 * @throws Unreachable if the connection breaks
 * @throws ApplyError if fewer bytes come, or more; files of before have been taken then
 */
export async function receiveFiles(
  [program, ...args]: readonly string[],
  files: readonly Asked[],
  into: string,
  taken: (path: string, received: string, sum: string) => void,
  over?: AbortSignal,
): Promise<void> {
  if (files.length === 0) return;
  const child = spawn(program!, args, { stdio: ["pipe", "pipe", "pipe"] });
  const ended = once(child, "close") as Promise<[number | null]>;
  let said = "";
  child.stderr.on("data", (part: Buffer) => (said = `${said}${part}`.slice(-2000)));
  // When it is gone, its exit status says why.
  child.stdin.on("error", () => {});
  child.stdin.end(files.map(({ path }) => `${path}\n`).join(""));
  const kill = () => child.kill();
  over?.addEventListener("abort", kill);
  const silent = setTimeout(kill, longestSilence);
  let received: { file: FileHandle; left: number; sum: ReturnType<typeof createHash> } | undefined;
  let index = 0;
  const begin = async () => {
    received = { file: await open(into, "w", 0o644), left: files[index]!.bytes, sum: createHash("sha256") };
  };
  const requireTime = () => {
    if (over?.aborted && index < files.length)
      throw new LeftForLater(`${index} of ${files.length} files came in the time of one account: the next run goes on`);
  };
  const end = async () => {
    const { file, sum } = received!;
    received = undefined;
    await file.sync();
    await file.close();
    taken(files[index]!.path, into, sum.digest("hex"));
    index++;
  };
  // No byte comes for them.
  const takeEmpty = async () => {
    while (files[index]?.bytes === 0) {
      await begin();
      await end();
    }
  };
  try {
    for await (const data of child.stdout as AsyncIterable<Buffer>) {
      silent.refresh();
      for (let at = 0; at < data.length; ) {
        requireTime();
        if (!received) await takeEmpty();
        if (index === files.length) throw new ApplyError("it sends more than it was asked for");
        if (!received) await begin();
        const part = data.subarray(at, at + received!.left);
        await received!.file.writeFile(part);
        received!.sum.update(part);
        received!.left -= part.length;
        at += part.length;
        if (received!.left === 0) await end();
      }
    }
    requireTime();
    await takeEmpty();
    const [status] = await ended;
    if (status === 255 && !/Permission denied/.test(said))
      throw new Unreachable(`the connection broke: ${said.trim()}`);
    if (index < files.length || (status !== 0 && !over?.aborted)) {
      throw new ApplyError(
        `it ended after ${index} of ${files.length} files (${child.signalCode ?? status}): ${said.trim()}`,
      );
    }
  } finally {
    clearTimeout(silent);
    over?.removeEventListener("abort", kill);
    child.kill();
    await received?.file.close();
  }
}
