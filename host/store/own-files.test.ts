import { cpSync, lstatSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { accountGroup, bundleOf, secret, Tree } from "../../testing/fakes/host-tree.ts";
import { apply } from "../apply/apply.ts";
import { recover, retire } from "../apply/retire.ts";
import { formatStatus, status } from "../apply/status.ts";
import { readArchives } from "../archives/archives.ts";
import { readCopyState, writeCopyState } from "../backups/copies.ts";
import { writeMetrics } from "../backups/metrics.ts";
import { expireBackups } from "../backups/repositories.ts";
import { readState, writeState } from "../backups/state.ts";
import { beginProofs, provenOf } from "../drills/proofs.ts";
import { keepUntried, readUntried } from "../drills/untried.ts";
import { formatInspection, inspect } from "../inspect/inspect.ts";
import { fence } from "../moves/fence.ts";
import { moveState } from "../moves/state.ts";
import { purgeSuperseded } from "../moves/steps.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { restoreDeclared } from "../restores/declared.ts";
import { placeOf, purgeReplaced, writeKept } from "../restores/kept.ts";
import { forgetSpooled } from "../spool/bring.ts";
import { rememberAnswer } from "./answers.ts";
import { recordName } from "./layout.ts";
import { withLock } from "./lock.ts";
import { awaited, type Mark, markNames, setMark } from "./moving.ts";
import { storeReport } from "./report.ts";
import { writeRestore } from "./restores.ts";
import { rememberRunning } from "./waiting.ts";

/**
 * Whatever files the applier has of its own, each is damaged in every way that a full disk, a failing one or a hand can do: a command does its
 * work, or ends with the file's path and what to do. The files are found in the tree of a host that has one of each kind, and the kinds in the
 * sources: a new one fails here until it is made.
 */
const before = bundleOf({ 1: accountGroup(1, "before"), 2: accountGroup(2) });
const bundle = bundleOf({ 1: accountGroup(1) });

/** Without the programs of a real host. */
const quiet = (machine: Machine): Machine => ({ ...machine, run: async () => ({ status: 0, stdout: "", stderr: "" }) });

const commands: Readonly<Record<string, (machine: Machine) => Promise<unknown>>> = {
  status: async (machine) => formatStatus(await status(machine)),
  inspect: async (machine) => formatInspection(await inspect(machine, {}, "/nowhere")),
  recover: (machine) => withLock(machine, "recover", () => recover(machine)),
  retire: (machine) => withLock(machine, "retire", () => retire(machine)),
  apply: (machine) => withLock(machine, "apply", () => apply(machine, bundle, secret)),
  "move state": async (machine) => moveState(machine, 1),
  "move purge": (machine) => purgeSuperseded(quiet(machine), new Date()),
  fence: (machine) => fence(quiet(machine), false),
  "fence at boot": (machine) => fence(quiet(machine), true),
  "repositories expire": (machine) => expireBackups(machine, new Date()),
  "spool forget": async (machine) => forgetSpooled(machine, new Set(), Date.now()),
  "proof list": async (machine) => [readUntried(machine), await provenOf(quiet(machine), "web1", 1)],
  "backup state": async (machine) => readState(machine, 1),
  "copy state": async (machine) => readCopyState(machine, 1),
  "restore declared": (machine) => restoreDeclared(quiet(machine), []),
  "restore purge": (machine) => purgeReplaced(quiet(machine), new Date()),
  archives: async (machine) => readArchives(machine, 1),
};

/** What makes files of each kind, by the source that reads them. */
const makers: Readonly<Record<string, (machine: Machine) => unknown>> = {
  "store/generations.ts": () => "by an apply",
  "store/report.ts": () => "by an apply",
  "store/lock.ts": () => "by an apply",
  "apply/job.ts": ({ disk, layout }) => {
    disk.makeDirectory(layout.jobs, 0o700);
    disk.replace(join(layout.jobs, "apply-1.report"), JSON.stringify({ result: "applied" }), 0o600);
  },
  "store/moving.ts": (machine) => {
    const texts: Partial<Record<Mark, string>> = {
      gone: JSON.stringify({ by: ["vault"], lost: "2026-11-27", number: 1 }),
      restoring: awaited,
      copying: "2",
    };
    for (const mark of markNames) setMark(machine, mark, mark === "held" || mark === "gone" ? 1 : 3, texts[mark]);
    machine.disk.replace(machine.layout.delivered, JSON.stringify(bundle), 0o600);
  },
  "os/network/links.ts": ({ disk, layout }) =>
    disk.replace(join(layout.state, "links-confirmed.json"), JSON.stringify([["10-fairhost.network", ""]]), 0o600),
  "store/answers.ts": (machine) => rememberAnswer(machine, 7),
  "store/waiting.ts": (machine) => rememberRunning(machine),
  "backups/state.ts": (machine) =>
    writeState(machine, 1, { failed: { time: new Date().toISOString(), why: "the backup host is away" } }),
  "backups/copies.ts": (machine) => {
    const time = new Date().toISOString();
    writeCopyState(machine, 1, {
      ...{ since: time, declared: time, compared: time },
      copy: { time, keeper: "vault", repository: "web1.1.7.2900" },
      failed: { time, why: "the backup host is away" },
    });
  },
  "backups/metrics.ts": async (machine) => {
    await writeMetrics(machine);
    const counted = join(machine.layout.state, "metrics/backups.json");
    machine.disk.replace(counted, JSON.stringify({ 1: { runs: 1, drills: 0 } }), 0o600);
  },
  "backups/repositories.ts": (machine) => expireBackups(machine, new Date()),
  "spool/bring.ts": (machine) => {
    const snapshots = machine.layout.at("/srv/accounts/spool/9/waiting/web1.1.7.1/snapshots");
    machine.disk.makeDirectory(snapshots, 0o700);
    machine.disk.create(join(snapshots, "a".repeat(64)), "", 0o600, { sync: false });
    forgetSpooled(machine, new Set(), Date.now());
  },
  "drills/proofs.ts": (machine) => {
    beginProofs(machine);
    machine.disk.replace(join(machine.layout.state, "proofs/1.json"), '[{"text":"{}","signatures":[]}]\n', 0o600);
  },
  "drills/untried.ts": (machine) => keepUntried(machine, new Set([1]), new Set(), new Map([[1, "away"]])),
  "store/restores.ts": (machine) =>
    writeRestore(machine, 1, { id: "shop-1", phase: "due", since: new Date().toISOString(), earlier: ["shop-0"] }),
  "restores/kept.ts": (machine) => {
    const place = placeOf(machine, 1, "shop-0");
    machine.disk.makeDirectory(place, 0o700);
    writeKept(machine, place, { paths: ["home"], dumps: [] });
  },
  "archives/archives.ts": ({ disk, layout }) => {
    const path = layout.at("/srv/accounts/archives/1/2026-11-27T00:00:00Z");
    disk.makeDirectory(path, 0o700);
    const times = { begun: "2026-11-27T00:00:00Z", keepUntil: "2030-01-01T00:00:00Z" };
    disk.replace(join(path, "archive.json"), JSON.stringify({ format: 1, account: 1, ...times, parts: {} }), 0o600);
  },
};

const damages: Readonly<Record<string, (text: string) => string | Buffer>> = {
  empty: () => "",
  "cut in the middle": (text) => text.slice(0, text.length / 2),
  "another text": () => "x\n",
  "an empty object": () => "{}",
  "an empty list": () => "[]",
  nothing: () => "null",
  "a number": () => "7",
  "a block of zeros": (text) => Buffer.alloc(Math.max(1, text.length)),
};

/** A host that was deployed twice, and has one of each file. */
async function deployed(): Promise<Tree> {
  const tree = new Tree();
  const machine = tree.machine();
  mkdirSync(tree.at("/srv/accounts"), { recursive: true });
  for (const each of [before, bundle])
    await withLock(machine, "apply", async () => storeReport(machine, await apply(machine, each, secret)));
  for (const make of Object.values(makers)) await make(machine);
  return tree;
}

/** Files of the applier's own, but not those that bundles brought: what is wrong with these is drift. */
function ownFiles(tree: Tree): string[] {
  const { layout } = tree.machine();
  const isOfBundle = (path: string) => {
    const inGeneration = [layout.current, layout.generations].some((each) => path.startsWith(`${each}/`));
    return inGeneration && basename(path) !== recordName;
  };
  return [layout.state, layout.jobs, layout.at("/srv/accounts/archives")]
    .flatMap((top) => readdirSync(top, { recursive: true, encoding: "utf8" }).map((name) => join(top, name)))
    .filter((path) => lstatSync(path).isFile() && !isOfBundle(path))
    .map((path) => path.slice(tree.root.length));
}

const host = await deployed();
afterAll(() => host[Symbol.dispose]());
const files = ownFiles(host);

test("all of them are found", () => {
  const names = files.map((file) => file.replace("/var/lib/fairhost/", ""));
  expect(names).toEqual(
    expect.arrayContaining(["applied.json", "host", "current/generation.json", "secrets/master-1", "report.json"]),
  );
  for (const mark of markNames) expect(names).toContainEqual(expect.stringMatching(new RegExp(`(?:^|/)${mark}/\\d$`)));
});

test("what a host writes for itself is no drift: root alone may read it", async () => {
  const { differences } = await inspect(host.machine(), {}, "");
  expect(differences.filter(({ kind }) => kind === "secret-exposed")).toEqual([]);
});

test("whatever reads such a file has one here, and reads it in one way", () => {
  const host = join(import.meta.dirname, "..");
  const sources = readdirSync(host, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => [name, readFileSync(join(host, name), "utf8")] as const);
  const readers = sources.filter(([name, text]) => /\breadOwn\w*[<(]/.test(text) && name !== "store/own-file.ts");
  expect(readers.map(([name]) => name).sort()).toEqual(Object.keys(makers).sort());
  const others = sources
    .filter(([, text]) => /JSON\.parse\((?:readFileSync|readMark)\(/.test(text))
    .map(([name]) => name);
  // What a backup has brought is no file of the applier's own.
  expect(others).toEqual(["drills/drill.ts"]);
});

test.each(files)("%s", async (file) => {
  for (const [damage, make] of Object.entries(damages)) {
    for (const [name, command] of Object.entries(commands)) {
      using tree = new Tree();
      cpSync(host.root, tree.root, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
      const text = readFileSync(tree.at(file), "utf8");
      writeFileSync(tree.at(file), make(text));
      const machine = tree.machine();
      const how = `${name} with ${damage} in ${file}`;
      try {
        await command(machine);
      } catch (error) {
        expect(error, how).toBeInstanceOf(ApplyError);
        expect((error as Error).message, how).toContain(tree.at(file));
        expect((error as Error).message, how).toMatch(/deploy|restore|remove/i);
        continue;
      }
      // Nothing was taken for another thing: the next deploy ends as it should, and the one after it has nothing to do.
      if (name !== "apply") continue;
      expect((await apply(tree.machine(), bundle, secret)).result, how).toBe("unchanged");
    }
  }
});
