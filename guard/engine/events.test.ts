import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type EngineEvent, followEvents, parseEvents } from "./events.ts";

const recorded = await readFile(new URL("./fixtures/router-address.events.jsonl", import.meta.url), "utf8");
const all = parseEvents(recorded);

let directory: string;
let log: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairhost-events-"));
  log = join(directory, "events");
});

afterEach(() => rm(directory, { recursive: true }));

test("a log cut short by a crash is read up to its last whole line", () => {
  expect(parseEvents(recorded.slice(0, -20))).toEqual(all.slice(0, -1));
});

test("results of steps are skipped, and everything else is read", () => {
  const event = (kind: string) =>
    `${JSON.stringify({ sequence: 7, timestamp: 1_795_636_546, [kind]: { metadata: {} } })}\n`;
  expect(parseEvents(event("resOutputsEvent") + event("cancelEvent"))).toHaveLength(1);
});

function lines(text: Buffer): number {
  return text.toString().split("\n").length - 1;
}

test("a log is read while it is written, wherever a write ends, and the last write is not missed", async () => {
  const text = Buffer.from(recorded.replaceAll("account", "äccount"));
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const taken: EngineEvent[] = [];
  const following = followEvents(log, ended, (event) => taken.push(event));
  // After the first byte of a character, at the end of a line, and in the middle of one.
  const middle = text.length >> 1;
  const cuts = [text.indexOf("ä", middle) + 1, text.indexOf("\n", middle + 10_000) + 1, text.length - 20, text.length];
  for (const [index, cut] of cuts.entries()) {
    const begin = cuts[index - 1] ?? 0;
    await appendFile(log, text.subarray(begin, cut));
    if (cut === text.length) end();
    else await expect.poll(() => taken.length, { timeout: 10_000 }).toBe(lines(text.subarray(0, cut)));
  }
  await following;
  expect(taken).toEqual(parseEvents(text.toString()));
});

test("an engine that never wrote a log had no events", async () => {
  const taken: EngineEvent[] = [];
  await followEvents(log, Promise.reject(new Error("no such program")), (event) => taken.push(event));
  expect(taken).toEqual([]);
});

test("an event of another shape is an error; it is not skipped", async () => {
  await writeFile(log, `${JSON.stringify({ resourcePreEvent: { metadata: { op: 7 } } })}\n`);
  await expect(followEvents(log, Promise.resolve(), () => {})).rejects.toThrow("op");
});
