import { chmodSync, mkdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { keptRecords } from "../../delivery/protocol/backups.ts";
import { accountGroup, bundleOf, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import type { Run } from "../os/machine.ts";
import { exposition, newestOf, series, writeMetrics } from "./metrics.ts";
import { expireBackups } from "./repositories.ts";
import { writeState } from "./state.ts";

const record = (account: number) => ({
  path: `backup/accounts/${account}`,
  content: JSON.stringify({ account, site: "beta", retentionDays: 7, proofDays: 10 }),
});
const bundle = bundleOf({
  1: accountGroup(1, "one", [record(1)]),
  2: accountGroup(2, "two", [record(2)]),
});

let tree: Tree;
let machine: ReturnType<Tree["machine"]>;
beforeEach(async () => {
  tree = new Tree();
  machine = tree.machine();
  await apply(machine, bundle, undefined);
});
afterEach(() => tree[Symbol.dispose]());

/** Series of an account by name, as a reader of the text format finds them. */
async function read(account: number): Promise<Record<string, number>> {
  await writeMetrics(machine);
  const text = readFileSync(tree.at("var/lib/fairhost/metrics/backups.prom"), "utf8");
  for (const line of text.split("\n").filter(Boolean))
    expect(line).toMatch(/^(# (HELP|TYPE) fairhost_\w+ .+|fairhost_\w+\{account="\d+"\} [\d.e+]+)$/);
  const lines = text.matchAll(/^fairhost_(\w+)\{account="(\d+)"\} (\S+)$/gm);
  return Object.fromEntries(
    [...lines].flatMap(([, name, of, value]) => (of === `${account}` ? [[name, Number(value)]] : [])),
  );
}
const last = { keeper: "bak1", repository: "r", snapshot: "s", bytes: 70, files: 3 };
const at = (second: number) => new Date(Date.parse("2026-11-20T03:00:00Z") + second * 1000).toISOString();

test("what backups take of each account's part on their host is counted once", async () => {
  const directory = tree.at("/srv/accounts/spool/1/known/web1.1.7.1/cache");
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, "pack"), Buffer.alloc(10_000));
  machine = tree.machine({ space: () => ({ freeBytes: 1e12, freeInodes: 1e6 }) });
  expect(await read(1)).toMatchObject({ backup_spool_bytes: 12_288, backup_spool_allowed_bytes: 25e9 });
  // Of the half that they share the other one has taken nothing beyond its part.
  expect(await read(2)).toMatchObject({ backup_spool_bytes: 0, backup_spool_allowed_bytes: 25e9 });
});

/** A record of a drill; nothing here looks at its signature. */
function drilled(...drills: readonly (readonly [second: number, outcome: string])[]) {
  mkdirSync(tree.at("var/lib/fairhost/proofs"), { recursive: true });
  const records = drills.map(([second, outcome]) => ({
    text: JSON.stringify({ account: 1, time: at(second), outcome, seconds: { restore: 4.5, drill: 6 } }),
    signatures: [],
  }));
  writeFileSync(tree.at("var/lib/fairhost/proofs/1.json"), JSON.stringify(records));
}

test("of each declared account there is its newest backup and proof, and what its plan allows; what is not known is left out", async () => {
  writeState(machine, 1, { last: { time: at(5), ...last } });
  // Not declared here any more.
  writeState(machine, 3, { last: { time: at(5), ...last } });
  drilled([60, "restored"], [70, "failed"]);
  expect(await read(1)).toMatchObject({
    backup_last_timestamp_seconds: Date.parse(at(5)) / 1000,
    backup_allowed_age_seconds: 36 * 3600,
    backup_new_bytes: 70,
    backup_files: 3,
    backup_failed_runs_total: 0,
    backup_proof_timestamp_seconds: Date.parse(at(60)) / 1000,
    backup_proof_allowed_age_seconds: 10 * 86_400,
    backup_restore_seconds: 4.5,
    backup_failed_drills_total: 1,
  });
  const born = Math.floor(statSync(tree.at("srv/accounts/2")).birthtimeMs / 1000);
  expect((await read(2)).backup_since_timestamp_seconds).toBe(born);
  expect(Object.keys(await read(2))).not.toContain("backup_last_timestamp_seconds");
  expect(await read(3)).toEqual({});
});

describe("on a backup host", () => {
  const kept = (account: number) => ({
    path: `${keptRecords}${account}`,
    content: JSON.stringify({ account, retentionDays: 7 }),
  });
  const snapshots = (account: number) => tree.at(`srv/accounts/${account}/repositories/web1.${account}.7.1/snapshots`);

  /** Each account has repositories, as its own user. */
  async function keeper(run?: Run): Promise<void> {
    machine = tree.machine(run && { run });
    chmodSync(tree.root, 0o755);
    await apply(
      machine,
      bundleOf({ 1: accountGroup(1, "one", [kept(1)]), 2: accountGroup(2, "two", [kept(2)]) }),
      undefined,
    );
    for (const account of [1, 2]) {
      mkdirSync(snapshots(account), { recursive: true });
      writeFileSync(join(snapshots(account), "one"), "");
      utimesSync(join(snapshots(account), "one"), 1000, 1000 + account);
    }
  }

  test.runIf(process.getuid?.() === 0)(
    "what cannot be read of one account is left out, and nothing of another",
    async () => {
      await keeper();
      chmodSync(snapshots(1), 0o700);
      expect(await read(1)).toEqual({ repository_damaged_files: 0 });
      expect(await read(2)).toMatchObject({ repository_newest_timestamp_seconds: 1002 });
      expect(machine.said).toContainEqual(
        expect.stringMatching(/^metrics of account 1: du ended with 1: .*Permission denied/),
      );
    },
  );

  test.runIf(process.getuid?.() === 0)("files that go while they are counted take nothing else away", async () => {
    const { run } = tree.machine();
    // What du(1) then says, and its status.
    await keeper((program, args, options) =>
      run(program, args.includes("du") ? [...args, `${args.at(-1)}/gone`] : args, options),
    );
    const { repository_bytes, repository_newest_timestamp_seconds } = await read(1);
    expect(repository_bytes).toBeGreaterThanOrEqual(0);
    expect(repository_newest_timestamp_seconds).toBe(1001);
  });

  test.runIf(process.getuid?.() === 0)(
    "of more damaged files than a call may have arguments all stay known",
    async () => {
      await keeper();
      // A day on which neither account is read anew.
      const now = new Date(10 * 7 * 86_400_000);
      const damaged = Array.from({ length: 130_000 }, (_, index) => join(snapshots(1), `${index}`));
      writeFileSync(
        tree.at("var/lib/fairhost/repositories.json"),
        JSON.stringify({ until: now.getTime(), damaged, retention: {} }),
      );
      expect(await expireBackups(machine, now)).toEqual({ removed: [], wrong: [] });
      expect(await read(1)).toMatchObject({ repository_damaged_files: damaged.length });
    },
  );

  test("of more snapshots than a call may have arguments the newest is found", () => {
    expect(newestOf(`${"5.25\n".repeat(100_000)}7.9\n${"6.5\n".repeat(100_000)}`)).toBe(7);
    expect(newestOf("")).toBeUndefined();
  });
});

test("each failure is counted once, however often the file is written", async () => {
  writeState(machine, 1, { failed: { time: at(1), why: "away" } });
  drilled([1, "failed"]);
  for (const _ of [1, 2])
    expect(await read(1)).toMatchObject({ backup_failed_runs_total: 1, backup_failed_drills_total: 1 });
  writeState(machine, 1, { last: { time: at(2), ...last } });
  expect(await read(1)).toMatchObject({ backup_failed_runs_total: 1 });
  writeState(machine, 1, { failed: { time: at(3), why: "away" } });
  drilled([1, "failed"], [2, "failed"], [3, "restored"], [4, "failed"]);
  expect(await read(1)).toMatchObject({ backup_failed_runs_total: 2, backup_failed_drills_total: 3 });
});

test("a time in the future, a damaged record and damaged counts say nothing, and keep nothing else from being said", async () => {
  writeState(machine, 1, { last: { time: "2126-01-01T00:00:00Z", ...last } });
  mkdirSync(tree.at("var/lib/fairhost/metrics"), { recursive: true });
  mkdirSync(tree.at("var/lib/fairhost/proofs"), { recursive: true });
  writeFileSync(tree.at("var/lib/fairhost/metrics/backups.json"), '{"1":{"runs":"x"}}');
  writeFileSync(tree.at("var/lib/fairhost/proofs/1.json"), '[{"text":"{"},{"text":"null"},{}]');
  const names = Object.keys(await read(1));
  expect(names).toContain("backup_failed_runs_total");
  expect(names).not.toContain("backup_last_timestamp_seconds");
  expect(names).not.toContain("backup_proof_timestamp_seconds");
});

test("the reference names each series, and no other", () => {
  const page = readFileSync(new URL("../../docs/reference/backup-metrics.md", import.meta.url), "utf8");
  const rows = [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name);
  expect(rows).toEqual(Object.keys(series));
});

test("each alert asks for series that there are, and says what to do on a page that there is", () => {
  const root = new URL("../../", import.meta.url);
  const { groups } = parse(readFileSync(new URL("examples/prometheus/backup-alerts.yaml", root), "utf8")) as {
    groups: { rules: { alert: string; expr: string; annotations: Record<string, string> }[] }[];
  };
  const rules = groups.flatMap((group) => group.rules);
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
  for (const { alert, expr, annotations } of rules) {
    const asked = [...expr.matchAll(/fairhost_(\w+)/g)].map(([, name]) => name!);
    expect(asked.length, alert).toBeGreaterThan(0);
    expect(
      asked.filter((name) => !Object.hasOwn(series, name)),
      alert,
    ).toEqual([]);
    expect(Object.keys(annotations), alert).toEqual(["summary", "todo", "page"]);
    const [, page = "", anchor = ""] = /^(docs\/\S+\.md)#(\S+)$/.exec(annotations.page!) ?? [];
    const titles = readFileSync(new URL(page, root), "utf8").matchAll(/^#+ (.*)$/gm);
    const anchors = [...titles].map(([, title]) =>
      title!
        .toLowerCase()
        .replace(/[^\w -]/g, "")
        .replaceAll(" ", "-"),
    );
    expect(anchors, alert).toContain(anchor);
  }
});

test("a value that is none is left out", () => {
  expect(exposition(new Map([[1, { backup_files: Number.NaN, backup_new_bytes: 1 }]]))).toBe(
    '# HELP fairhost_backup_new_bytes Bytes that the newest whole backup added.\n# TYPE fairhost_backup_new_bytes gauge\nfairhost_backup_new_bytes{account="1"} 1\n',
  );
});
