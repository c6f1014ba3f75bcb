import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LeftForLater, receiveFiles } from "./receive-files.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-receive-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

/** What came of files of these bytes from a shell's script, which gets their names on standard input. @param until the time is over when this one has come */
async function received(script: string, bytes: Readonly<Record<string, number>>, until?: string) {
  const came: string[] = [];
  const over = new AbortController();
  const asked = Object.entries(bytes).map(([path, bytes]) => ({ path, bytes }));
  const taken = (path: string, file: string) => {
    came.push(`${path}=${readFileSync(file, "utf8")}`);
    if (path === until) over.abort();
  };
  const work = receiveFiles(["sh", "-c", script], asked, join(directory, "incoming"), taken, over.signal);
  return { came, failed: await work.then(() => undefined).catch((error: unknown) => error as Error) };
}

test("empty files come wherever they are asked for", async () => {
  const all = { a: 0, b: 2, c: 0, d: 0, e: 1, f: 0 };
  expect(await received("cat >/dev/null; printf bbe", all)).toEqual({
    came: ["a=", "b=bb", "c=", "d=", "e=e", "f="],
    failed: undefined,
  });
  expect((await received("cat >/dev/null", { a: 0 })).came).toEqual(["a="]);
});

test("one file too few or too many is said", async () => {
  const few = await received("cat >/dev/null; printf bb; exit 3", { a: 2, b: 1 });
  expect([few.came, few.failed?.message]).toEqual([["a=bb"], "it ended after 1 of 2 files (3): "]);
  expect((await received("cat >/dev/null; printf bbb", { a: 2 })).failed?.message).toContain("more than it was asked");
});

test("what came in time stays, the rest is left for later", async () => {
  const all = { a: 2, b: 2, c: 1 };
  for (const script of ["printf aab; exec sleep infinity", "printf aabbc; exec sleep infinity"]) {
    const { came, failed } = await received(`cat >/dev/null; ${script}`, all, "a");
    expect(came).toEqual(["a=aa"]);
    expect(failed).toBeInstanceOf(LeftForLater);
    expect(failed?.message).toBe("1 of 3 files came in the time of one account: the next run goes on");
  }
});
