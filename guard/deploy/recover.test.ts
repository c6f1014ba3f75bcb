import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { deployVariable, processesOf } from "./lock/orphans.ts";
import { self } from "./lock/owner.ts";
import { type DeployRecord, newRecord, readRecords, writeRecord } from "./record.ts";
import { recover } from "./recover.ts";

let directory: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "fairhost-recover-"));
});
afterEach(async () => {
  for (const child of children) child.kill("SIGKILL");
  children = [];
  await rm(directory, { recursive: true });
});

/** The record of a running deploy whose guard is gone: no process has this id. */
async function killedDeploy(): Promise<DeployRecord> {
  const owner = { ...(await self()), pid: 4_194_303 };
  const record = newRecord({ stack: "test", owner, commit: "", dirty: false, inventory: "" }, new Date());
  await writeRecord(directory, record);
  return record;
}

/** A process that a deploy has started, and that lives on without it. */
async function orphanOf(deploy: string): Promise<void> {
  children.push(spawn("sleep", ["600"], { env: { ...process.env, [deployVariable]: deploy }, stdio: "ignore" }));
  await expect.poll(async () => (await processesOf(deploy)).map(({ name }) => name)).toEqual(["sleep"]);
}

test("what a killed deploy has left is ended, and its record says so; another deploy's processes stay", async () => {
  const { id } = await killedDeploy();
  const other = `${id}-other`;
  await orphanOf(id);
  await orphanOf(other);
  const said: string[] = [];
  await recover(directory, (text) => said.push(text));
  expect(await processesOf(id)).toEqual([]);
  expect(await processesOf(other)).toHaveLength(1);
  expect(await readRecords(directory)).toMatchObject([{ id, result: "interrupted", reason: "its process is gone" }]);
  expect(said.join("")).toMatch(new RegExp(`^Deploy ${id} of .* was killed; cleaning up after it\\.\\n$`));
});

test("a deploy that still runs is refused, and nothing of it is touched", async () => {
  const record = newRecord({ stack: "test", owner: await self(), commit: "", dirty: false, inventory: "" }, new Date());
  await writeRecord(directory, record);
  await orphanOf(record.id);
  await expect(recover(directory, () => {})).rejects.toThrow("has been running since");
  expect(await processesOf(record.id)).toHaveLength(1);
  expect(await readRecords(directory)).toEqual([record]);
});
