import { randomBytes } from "node:crypto";
import { chmod, mkdir, open, readdir, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { levels } from "../verdict/weigh.ts";
import { type Owner, ownerSchema } from "./lock/owner.ts";

const moment = z.iso.datetime();

const waveSchema = z.object({
  hosts: z.array(z.string()),
  result: z.enum(["waiting", "running", "succeeded", "failed"]),
  began: moment.exactOptional(),
  ended: moment.exactOptional(),
  /** What the engine or the health gate said. */
  problems: z.array(z.string()),
});

const moveSchema = z.object({
  account: z.number(),
  from: z.string(),
  to: z.string(),
  /** The old host is lost: the account is restored from its newest backup. */
  lost: z.literal(true).exactOptional(),
});
/** An account that moves from one host of the stack to another, with its data. */
export type Move = z.infer<typeof moveSchema>;

const recordSchema = z.object({
  id: z.string(),
  stack: z.string(),
  /** The person and the process that run it. */
  owner: ownerSchema,
  /** The engine that it started last. */
  engine: z.object({ pid: z.number(), started: z.string() }).exactOptional(),
  /** Commit of the project; empty if there is none. */
  commit: z.string(),
  /** Commit of the inventory, where it is in a repository of its own. */
  fleetCommit: z.string().exactOptional(),
  /** Whether files of the project differed from the commit. */
  dirty: z.boolean(),
  /** SHA-256 over the inventory's files. */
  inventory: z.string(),
  /** SHA-256 of the plan of the whole change. */
  plan: z.string().exactOptional(),
  level: z.enum(levels).exactOptional(),
  /** Findings, with their rules. */
  findings: z.array(z.object({ rule: z.string(), level: z.enum(levels), message: z.string() })),
  /** Hosts whose drift was repaired on request. */
  repaired: z.array(z.string()),
  /** Accounts that this deploy moves, or that an earlier one has left held. */
  moves: z.array(moveSchema).exactOptional(),
  waves: z.array(waveSchema),
  result: z.enum(["running", "succeeded", "failed", "refused", "interrupted"]),
  /** Why it ended this way, in a sentence. */
  reason: z.string().exactOptional(),
  began: moment,
  ended: moment.exactOptional(),
  seconds: z.number().exactOptional(),
});
export type DeployRecord = z.infer<typeof recordSchema>;

/** Ids sort by time, to the millisecond. */
export function newRecord(
  facts: Pick<DeployRecord, "stack" | "owner" | "commit" | "fleetCommit" | "dirty" | "inventory">,
  now: Date,
): DeployRecord {
  const id = `${now.toISOString().replace(/[-:.]/g, "")}-${randomBytes(3).toString("hex")}`;
  const began = now.toISOString();
  return { id, ...facts, findings: [], repaired: [], waves: [], result: "running", began };
}

/** The record with its end. A running wave ends with it. */
export function ended(
  record: DeployRecord,
  result: Exclude<DeployRecord["result"], "running">,
  now: Date,
  reason?: string,
): DeployRecord {
  if (record.result !== "running") throw new Error(`record ${record.id} has ended already: ${record.result}`);
  const waves = record.waves.map((wave) =>
    wave.result === "running" ? { ...wave, result: "failed" as const, ended: now.toISOString() } : wave,
  );
  const seconds = Math.round((now.getTime() - Date.parse(record.began)) / 100) / 10;
  return { ...record, waves, result, ended: now.toISOString(), seconds, ...(reason !== undefined && { reason }) };
}

/** The record after the begin or end of one of its waves. */
export function withWave(
  record: DeployRecord,
  index: number,
  result: "running" | "succeeded" | "failed",
  now: Date,
  problems: readonly string[] = [],
): DeployRecord {
  const at = result === "running" ? { began: now.toISOString() } : { ended: now.toISOString() };
  const waves = record.waves.map((wave, each) =>
    each === index ? { ...wave, ...at, result, problems: [...problems] } : wave,
  );
  return { ...record, waves };
}

/**
 * Writes a record atomically: readers see the old one or the new one. It survives a power failure. Only its owner may read it, since it
 * repeats what programs have printed.
 */
export async function writeRecord(directory: string, record: DeployRecord): Promise<void> {
  await mkdir(directory, { recursive: true });
  const path = join(directory, `${record.id}.json`);
  const file = await open(`${path}.new`, "w", 0o600);
  try {
    await file.writeFile(`${JSON.stringify(record, undefined, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  const folder = await open(directory);
  await folder.sync().finally(() => folder.close());
}

/** Takes records of older releases, which everybody could read, from everybody but their owner. */
export async function restrictRecords(directory: string): Promise<void> {
  const names = await readdir(directory).catch(() => []);
  for (const name of names.filter((each) => each.endsWith(".json"))) {
    // Another person's record stays theirs.
    await chmod(join(directory, name), 0o600).catch(() => {});
  }
}

/**
 * Every record, oldest first. Files that are not records are skipped.
 * @param unreadable called with each file that is not a record
 */
export async function readRecords(
  directory: string,
  unreadable: (file: string) => void = () => {},
): Promise<DeployRecord[]> {
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const records: DeployRecord[] = [];
  for (const name of names.filter((each) => each.endsWith(".json")).sort()) {
    try {
      records.push(recordSchema.parse(JSON.parse(await readFile(join(directory, name), "utf8"))));
    } catch {
      unreadable(join(directory, name));
    }
  }
  return records.sort((left, right) => Date.parse(left.began) - Date.parse(right.began));
}

/** Where a stack's records are: FAIRHOST_RECORDS, or beside a state that is in files, or in the project. */
export function recordsDirectory({
  directory,
  stack,
  environment,
}: {
  directory: string;
  stack: string;
  environment: NodeJS.ProcessEnv;
}): string {
  const name = stack.split("/").at(-1)!;
  const backend = environment.PULUMI_BACKEND_URL ?? "";
  const base =
    environment.FAIRHOST_RECORDS ||
    join(backend.startsWith("file:///") ? new URL(backend).pathname : join(directory, ".state"), "records");
  return join(base, name);
}

export function whoIs({ user, hostname }: Owner): string {
  return `${user}@${hostname}`;
}
