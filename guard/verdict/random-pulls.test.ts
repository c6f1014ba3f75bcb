import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { parse, stringify } from "yaml";
import type { FileKind } from "../../components/registry/file.ts";
import { type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import { declare, heldBy } from "../../fleet/declare/declare.ts";
import { InventoryError, loadFiles } from "../../fleet/load/load.ts";
import { kindOfFile, readFleet } from "../../fleet/load/read-fleet.ts";
import { readSource, type Source } from "../../fleet/load/source.ts";
import { lazy } from "../../lib/once.ts";
import { withEverything } from "../../testing/random-pulls/account-edits.ts";
import { edits, type Files, harmful, harmless, withLostHost } from "../../testing/random-pulls/edits.ts";
import { fullFiles } from "../../testing/random-pulls/full-files.ts";
import { differences } from "../../testing/random-pulls/slow-fields.ts";
import { losses } from "../../testing/random-pulls/slow-judge.ts";
import { survived } from "../../testing/random-pulls/survived.ts";
import { leavesOf } from "../../testing/recording.ts";
import { carriedFinding, carriedHosts, staying } from "../change/effects/carried-hosts.ts";
import { fileChanges } from "../change/effects/file-changes.ts";
import { sideOf } from "../change/side.ts";
import { review } from "./review.ts";
import type { Level } from "./weigh.ts";

/** Random pull requests on the example fleet, judged by the guard and by the slow judge of testing/random-pulls: nothing is safe in which the other finds a loss. */

const prod = join(import.meta.dirname, "../../inventory/prod");
const today = "2026-11-22";
const example: Files = withLostHost(
  withEverything(
    new Map(
      readdirSync(prod, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".yaml"))
        .sort()
        .map((file) => [file, parse(readFileSync(join(prod, file), "utf8"))]),
    ),
  ),
);

/** The hosts' keys, which no edit changes: without them no backup host is known. */
const knownHosts = readFleet(prod).sources.filter(({ key }) => key === "knownHosts");

interface Step {
  readonly edit: string;
  readonly picks: readonly number[];
}

interface Pull {
  readonly steps: readonly Step[];
  /** How the changed files are written anew. */
  readonly style: { readonly indent: number; readonly flow: boolean; readonly reverse: boolean };
  /** The change takes back what the edits do, instead of doing it. */
  readonly backwards: boolean;
}

const step = (names: readonly string[]): fc.Arbitrary<Step> =>
  fc.record({ edit: fc.constantFrom(...names), picks: fc.array(fc.nat(99_991), { minLength: 6, maxLength: 6 }) });
const pulls: fc.Arbitrary<Pull> = fc.record({
  steps: fc.array(step(Object.keys(edits)), { minLength: 1, maxLength: 4 }),
  style: fc.record({ indent: fc.constantFrom(2, 4), flow: fc.boolean(), reverse: fc.boolean() }),
  backwards: fc.boolean(),
});

/** Other edits lean on what it may take away. */
const last = "another value of a field";

/** Where a pull request begins: any field can be edited where all are there. */
function baseOf(steps: readonly Step[]): Files {
  return steps.some(({ edit }) => edit === last) ? full() : example;
}

function made(steps: readonly Step[]): Files {
  const files: Files = structuredClone(baseOf(steps));
  const inOrder = [...steps.filter(({ edit }) => edit !== last), ...steps.filter(({ edit }) => edit === last)];
  for (const { edit, picks } of inOrder) {
    let next = 0;
    edits[edit]!(files, (below) => (below === 0 ? 0 : picks[next++ % picks.length]! % below));
  }
  return files;
}

/** Files by their path, style and content: most pull requests leave most files alone, and YAML is half of what one costs. */
const written = new Map<string, Source>();

/** A file in some style, read again. */
function reread(file: string, content: object, { indent, flow, reverse }: Pull["style"]): Source {
  const key = JSON.stringify([file, indent, flow, reverse, content]);
  const known = written.get(key);
  if (known) return known;
  const keys = Array.isArray(content) || !reverse ? content : Object.fromEntries(Object.entries(content).reverse());
  const text = stringify(keys, {
    indent,
    collectionStyle: flow ? "flow" : "any",
    lineWidth: flow ? 0 : 80,
    aliasDuplicateObjects: false,
  });
  const { source } = readSource(file, text);
  written.set(key, source);
  return source;
}

/** The fleet that the files declare, written in some style; undefined if the loader refuses it. */
function loaded(files: Files, style: Pull["style"]): Fleet | undefined {
  const sources = [...files].map(([file, content]) => ({
    key: kindOfFile(file)!,
    source: reread(file, content, style),
  }));
  try {
    return loadFiles("random", { sources: [...sources, ...knownHosts], problems: [] }).fleet;
  } catch (error) {
    if (error instanceof InventoryError) return undefined;
    throw error;
  }
}

const plain: Pull["style"] = { indent: 2, flow: false, reverse: false };
const exampleFleet = loaded(example, plain)!;
const full = lazy(() => fullFiles(exampleFleet));
const declared = [
  lazy(() => [exampleFleet, declare(exampleFleet)] as const),
  lazy(() => {
    const fleet = loaded(full(), plain)!;
    return [fleet, declare(fleet)] as const;
  }),
];

/** The guard's verdict, as of a review of two inventories; undefined if the changed one does not load. */
function verdictOf({ steps, style, backwards }: Pull): Level | undefined {
  const changed = loaded(made(steps), style);
  if (changed === undefined) return undefined;
  const [base, declaration] = declared[baseOf(steps) === example ? 0 : 1]!();
  const [old, head] = backwards ? [changed, base] : [base, changed];
  const carried = carriedHosts(old, head, undefined);
  const before = old === base && carried.length === 0 ? declaration : declare(staying(old, carried, undefined));
  const after = declare(staying(head, carried, undefined), { held: heldBy(before) });
  const also = [...fileChanges(old, head).findings, ...carried.map(carriedFinding)];
  return review({ before: sideOf(before), after: sideOf(after), also, approvals: [], limits: old.limits, today }).level;
}

/** With a fixed seed, the same on every run; more with FAIRHOST_PULLS. */
const runs = { numRuns: Number(process.env.FAIRHOST_PULLS ?? 500), seed: 13 };

test("random pull requests: none is safe in which something is lost", () => {
  const seen = { safe: 0, "needs approval": 0, blocked: 0, refused: 0 };
  const unseen: string[] = [];
  for (const pull of fc.sample(pulls, runs)) {
    const level = verdictOf(pull) ?? "refused";
    seen[level] += 1;
    if (level !== "safe") continue;
    const [base, changed] = [baseOf(pull.steps), made(pull.steps)];
    const [before, after] = pull.backwards ? [changed, base] : [base, changed];
    const lost = losses(before, after);
    if (lost.length === 0) continue;
    const how = `${pull.backwards ? "taken back: " : ""}${pull.steps.map(({ edit }) => edit).join(", ")}`;
    unseen.push(`${how}: ${lost.map(({ what }) => what).join("; ")}`);
  }
  expect(unseen).toEqual([]);
  // Each outcome often enough that this means something.
  expect(Math.min(seen.safe, seen["needs approval"], seen.blocked), JSON.stringify(seen)).toBeGreaterThan(
    runs.numRuns / 20,
  );
  expect(seen.refused, JSON.stringify(seen)).toBeLessThan(runs.numRuns / 5);
}, 300_000);

test("the slow judge itself: the example fleet loses nothing, and survives what its plans promise", () => {
  for (const files of [example, full()]) expect(losses(files, structuredClone(files))).toEqual([]);
  const plans = new Map([...example].flatMap(([file, plan]) => (file.startsWith("plans/") ? [[plan.name, plan]] : [])));
  const accounts = [...example].flatMap(([file, account]) => (file.startsWith("accounts/") ? [account] : []));
  const survives = survived(example);
  for (const { number, plan } of accounts) {
    expect([...survives.get(number)!]).toEqual(expect.arrayContaining(plans.get(plan).survives));
  }
});

test.each(Object.keys(harmful))("the slow judge sees the loss in: %s", (edit) => {
  const somewhere = fc.sample(step([edit]), { numRuns: 40, seed: 13 });
  expect(somewhere.some((one) => losses(baseOf([one]), made([one])).length > 0)).toBe(true);
});

test.each(Object.keys(harmless))("the slow judge sees no loss in: %s", (edit) => {
  for (const one of fc.sample(step([edit]), { numRuns: 10, seed: 13 }))
    expect(losses(baseOf([one]), made([one]))).toEqual([]);
});

test("edits of any field touch all that the full fleet has, and the list of what they do not is known", async () => {
  const touched = new Set<string>();
  let fields = 1;
  for (let at = 0; at < fields; at++) {
    for (const other of [0, 1]) {
      const files: Files = structuredClone(full());
      let asked = 0;
      edits[last]!(files, (below) => {
        asked += 1;
        if (asked === 1) fields = below;
        return asked === 1 ? at : asked === 2 ? 0 : other % below;
      });
      for (const { path } of differences(full(), files)) touched.add(path);
    }
  }
  const leaves = Object.entries<FileKind>(fileKinds).flatMap(([key, { schema, path }]) =>
    [...leavesOf(schema, path.endsWith("/") ? `${key}.*` : key)].map((leaf) => leaf.path.replace(/(?:\.\*)+$/, "")),
  );
  expect(touched.size).toBeGreaterThan(80);
  // That a name comes and goes is told of its element.
  const isTouched = (leaf: string) => [...touched].some((path) => path === leaf || path.startsWith(`${leaf}.`));
  const untouched = new Set(leaves.filter((leaf) => !isTouched(leaf) && !leaf.endsWith(".name")));
  await expect(`${[...untouched].sort().join("\n")}\n`).toMatchFileSnapshot("untouched-by-pulls.golden.txt");
}, 300_000);
