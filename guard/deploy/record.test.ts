import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Journal } from "./journal.ts";
import { LockedError } from "./lock/lock.ts";
import { self } from "./lock/owner.ts";
import { type DeployRecord, ended, newRecord, readRecords, recordsDirectory, withWave, writeRecord } from "./record.ts";
import { recover } from "./recover.ts";

const began = new Date("2026-11-24T14:00:00.500Z");
const later = new Date("2026-11-24T14:01:02.600Z");
let directory: string;
let fresh: DeployRecord;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairhost-records-"));
  fresh = newRecord({ stack: "prod", owner: await self(), commit: "abc", dirty: false, inventory: "d" }, began);
});
afterEach(() => rm(directory, { recursive: true }));

const waves: DeployRecord["waves"] = [
  { hosts: ["web1"], result: "waiting", problems: [] },
  { hosts: ["web2"], result: "waiting", problems: [] },
];

test("ids sort by time", () => {
  expect(fresh.id).toMatch(/^20261124T140000500Z-[0-9a-f]{6}$/);
});

test("records are read in the order in which their deploys began, also within a second, and whatever they are called", async () => {
  const records = [1, 2, 3, 4, 5, 6].map((second) => ({
    ...fresh,
    id: `20261124T140000Z-${(7 - second).toString().repeat(6)}`,
    began: new Date(began.getTime() + second).toISOString(),
  }));
  for (const record of records) await writeRecord(directory, record);
  expect(await readRecords(directory)).toEqual(records);
});

test("a wave begins and ends; the end of the deploy also ends a running wave", () => {
  const running = withWave(withWave({ ...fresh, waves }, 0, "running", began), 0, "succeeded", later);
  const second = withWave(running, 1, "running", later);
  expect(ended(second, "interrupted", later, "its process is gone")).toMatchObject({
    waves: [
      { result: "succeeded", began: began.toISOString(), ended: later.toISOString() },
      { result: "failed", ended: later.toISOString() },
    ],
    result: "interrupted",
    reason: "its process is gone",
    seconds: 62.1,
  });
});

test("a record ends once", () => {
  expect(() => ended(ended(fresh, "succeeded", later), "failed", later)).toThrow("has ended already: succeeded");
});

test("written records are read again, in order, and never partial ones", async () => {
  const journal = await Journal.begin(directory, fresh);
  await Promise.all([journal.write({ waves }), journal.wave(0, "running"), journal.wave(0, "failed", ["why"])]);
  await journal.end("failed", "why");
  const older = { ...fresh, id: "20250101T000000Z-000000" };
  await writeRecord(directory, ended(older, "succeeded", later));
  const odd: string[] = [];
  await writeFile(join(directory, "notes.json"), "{}");
  const [first, second] = await readRecords(directory, (file) => odd.push(file));
  expect(first?.id).toBe(older.id);
  expect(second).toMatchObject({
    result: "failed",
    reason: "why",
    waves: [{ result: "failed", problems: ["why"] }, {}],
  });
  expect(odd).toEqual([join(directory, "notes.json")]);
  expect((await readdir(directory)).filter((name) => name.endsWith(".new"))).toEqual([]);
});

test("only its owner can read a record, also one of an older release", async () => {
  const mode = async (name: string) => (await stat(join(directory, name))).mode & 0o777;
  await writeRecord(directory, ended(fresh, "succeeded", later));
  expect(await mode(`${fresh.id}.json`)).toBe(0o600);
  await writeFile(join(directory, "old.json"), "{}", { mode: 0o644 });
  await recover(directory, () => {});
  expect(await mode("old.json")).toBe(0o600);
});

test("a running record of a dead process becomes interrupted; one of a living or a remote process stays", async () => {
  await writeRecord(directory, { ...fresh, owner: { ...fresh.owner, started: "1" }, engine: { pid: 7, started: "1" } });
  expect(await recover(directory, () => {})).toMatchObject({
    engines: [{ pid: 7, started: "1", boot: fresh.owner.boot, began: began.toISOString() }],
  });
  expect(await readRecords(directory)).toMatchObject([{ result: "interrupted", reason: "its process is gone" }]);
  await writeRecord(directory, { ...fresh, owner: { ...fresh.owner, hostname: "elsewhere" } });
  await expect(recover(directory, () => {})).rejects.toThrow(LockedError);
  expect(await readRecords(directory)).toMatchObject([{ result: "running" }]);
  await writeRecord(directory, fresh);
  await expect(recover(directory, () => {})).rejects.toThrow("has been running since 2026-11-24T14:00:00.500Z");
});

test("records are beside the state, or in the configured directory", () => {
  const at = (environment: NodeJS.ProcessEnv) =>
    recordsDirectory({ directory: "/srv/project", stack: "organization/fairhost/prod", environment });
  expect(at({ PULUMI_BACKEND_URL: "file:///srv/state" })).toBe("/srv/state/records/prod");
  expect(at({ PULUMI_BACKEND_URL: "file:///srv/state?metadata=skip" })).toBe("/srv/state/records/prod");
  expect(at({ PULUMI_BACKEND_URL: "s3://bucket" })).toBe("/srv/project/.state/records/prod");
  expect(at({ PULUMI_BACKEND_URL: "s3://bucket", FAIRHOST_RECORDS: "/mnt/team" })).toBe("/mnt/team/prod");
});
