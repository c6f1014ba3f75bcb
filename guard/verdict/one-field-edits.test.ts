import { join } from "node:path";
import { expect, test } from "vitest";
import type { z } from "zod";
import { bare } from "../../components/registry/bare.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { type FileKey, type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import { objectsOf } from "../../components/registry/schema-walk.ts";
import { declare, heldBy } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { corpusToday as today } from "../../testing/corpus/corpus.ts";
import { leavesOf } from "../../testing/recording.ts";
import { sideOf } from "../change/side.ts";
import { review } from "./review.ts";

/**
 * Each field of each file of the example fleet that is declared, changed once. Generated from the files' schemas, so a new field is here
 * without being listed. What passes without a finding is in the golden file, where each line is to be read in a review.
 */
const { fleet } = await loadFleet(join(import.meta.dirname, "../../inventory/prod"));
const old = declare(fleet);
const held = heldBy(old);

type Path = readonly (string | number)[];

interface Place {
  readonly path: Path;
  readonly value: unknown;
  readonly schema: z.ZodType;
}

/** Places of a schema's fields in data: the first item of each list that has it. */
function* placesOf(schema: z.ZodType, data: unknown, at: Path): Generator<Place> {
  const inner = bare(schema);
  if (Array.isArray(data) && "element" in inner) {
    const item = inner.element as z.ZodType;
    if (objectsOf(item).length === 0) yield { path: at, value: data, schema };
    else for (const [index, each] of data.entries()) yield* placesOf(item, each, [...at, index]);
  } else if (objectsOf(inner).length > 0 && data !== null && typeof data === "object") {
    const keys = new Set(objectsOf(inner).flatMap(({ shape }) => Object.keys(shape)));
    for (const key of keys) {
      const shape = objectsOf(inner).find(({ shape }) => key in shape)!.shape;
      yield* placesOf(shape[key] as z.ZodType, Reflect.get(data, key), [...at, key]);
    }
  } else if (data !== undefined) yield { path: at, value: data, schema };
}

const general = (path: Path) => path.map((step) => (typeof step === "number" ? "*" : step)).join(".");

/** Other values that the loader takes, each with what it is; of a number both directions, because one of them is the weaker. */
function others({ value, schema }: Place): (readonly [what: string, unknown])[] {
  const made = (): (readonly [string, unknown])[] => {
    if (typeof value === "number") {
      const steps = bare(schema).safeParse(value + 1).success ? [value + 1, value - 1] : [20, 3];
      return [
        ["more", steps[0]],
        ["less", steps[1]],
      ];
    }
    if (typeof value === "boolean") return [["", !value]];
    if (Array.isArray(value))
      return [
        ["more", [...value, value[0] ?? "ruby"]],
        ["less", value.slice(1)],
      ];
    if (typeof value !== "string") return [["", { ...(value as object), ADDED: "x" }]];
    const inner = bare(schema);
    if ("options" in inner) return (inner.options as string[]).map((option) => ["", option] as const);
    return [`${value}x`, value.replace(/.$/, "9"), value.replace(/.$/, "8"), "2a00:b6e0:900::/40", "US"].map(
      (each) => ["", each] as const,
    );
  };
  const valid = made().filter(
    ([, each]) => JSON.stringify(each) !== JSON.stringify(value) && schema.safeParse(each).success,
  );
  return typeof value === "string" ? valid.slice(0, 1) : valid;
}

function edited(data: unknown, [step, ...rest]: Path, value: unknown): unknown {
  if (step === undefined) return value;
  const copy = Array.isArray(data) ? [...data] : { ...(data as object) };
  Reflect.set(copy, step, edited(Reflect.get(copy, step), rest, value));
  return copy;
}

/** What the guard says of one edit; an edit that the loader or the program refuses is no change. */
function judged(path: Path, value: unknown): string | undefined {
  let after: ReturnType<typeof declare>;
  try {
    after = declare(edited(fleet, path, value) as Fleet, { held });
  } catch {
    return undefined;
  }
  const { level, effects, findings } = review({
    ...{ before: sideOf(old), after: sideOf(after), approvals: [], limits: fleet.limits, today },
  });
  expect([...effects, ...findings], `${path.join(".")} is said in words`).not.toEqual([]);
  return level;
}

/**
 * Why the golden lines are right: `more` of what accounts or the fleet have takes nothing away; names, makers, cities and classes of
 * availability are texts; HTTP servers, services and scheduled tasks are their account owner's, and all of it is said; `less` overcommit
 * keeps more of a promise.
 * Two `more` (mirrors, survives) only repeat an item that is there, which the loader refuses.
 */

/** Files that are no component: other tests and guard rules look at them. */
const beside: readonly FileKey[] = ["limits", "approvals", "retired", "tombstones", "waivers", "knownHosts"];

test("every declared field of every file is said in words, and what is safe is known", async () => {
  const levels = new Map<string, string>();
  const tried = new Set<string>();
  for (const [key, { schema, path: folder }] of Object.entries<FileKind>(fileKinds)) {
    if (beside.includes(key as FileKey)) continue;
    const entries = folder.endsWith("/") ? (fleet[key as FileKey] as readonly unknown[]) : [fleet[key as FileKey]];
    for (const [index, entry] of entries.entries()) {
      const at: Path = folder.endsWith("/") ? [key, index] : [key];
      for (const place of placesOf(schema, entry, at)) {
        const name = general(place.path);
        if (levels.has(name)) continue;
        const edits = others(place);
        for (const [direction, other] of edits) {
          const level = judged(place.path, other);
          if (level) levels.set(`${name} ${direction}`.trim(), level);
        }
        if (edits.length > 0) tried.add(name);
        levels.set(name, levels.get(name) ?? "");
      }
    }
  }
  const all = Object.entries<FileKind>(fileKinds).flatMap(([key, { schema, path }]) =>
    beside.includes(key as FileKey) ? [] : [...leavesOf(schema, path.endsWith("/") ? `${key}.*` : key)],
  );
  const untried = all.map(({ path }) => path.replace(/\.\*$/, "")).filter((path) => !tried.has(path));
  const safe = [...levels].flatMap(([name, found]) => (found === "safe" ? [name] : []));
  await expect(`safe:\n${safe.join("\n")}\nnot in the example fleet:\n${untried.join("\n")}\n`).toMatchFileSnapshot(
    "one-field-edits.golden.txt",
  );
});
