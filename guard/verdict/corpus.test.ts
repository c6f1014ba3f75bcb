import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { declare, heldBy } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { judgeDeclaration } from "../../policies/check-declaration.ts";
import { rules } from "../../policies/rules.generated.ts";
import { needsApproval } from "../../testing/corpus/approval.ts";
import { type CorpusCase, corpusToday } from "../../testing/corpus/corpus.ts";
import { hostileAccounts } from "../../testing/corpus/hostile-accounts.ts";
import { hostileFleet } from "../../testing/corpus/hostile-fleet.ts";
import { safe } from "../../testing/corpus/safe.ts";
import { unsafe } from "../../testing/corpus/unsafe.ts";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { fileChanges } from "../change/effects/file-changes.ts";
import { type Side, sideOf } from "../change/side.ts";
import { guardRules } from "../rules.generated.ts";
import { type Review, review } from "./review.ts";
import type { Level } from "./weigh.ts";

const clean = join(import.meta.dirname, "../../inventory/prod");
const golden: string[] = [];
/** Guard rules that found something in some case. */
const found = new Set<string>();

async function reviewCase({ base, edit, sides, keeps }: CorpusCase): Promise<Review> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-corpus-"));
  try {
    cpSync(clean, directory, { recursive: true });
    const draft = new Draft(directory);
    base?.(draft);
    const was = (await loadFleet(directory)).fleet;
    const old = declare(was);
    edit(draft);
    const { fleet } = await loadFleet(directory);
    const both = [sideOf(old), without(sideOf(declare(fleet, { held: heldBy(old) })), keeps)] as const;
    const [before, after] = sides?.(...both) ?? both;
    const { approvals } = fleet;
    const also = fileChanges(was, fleet).findings;
    return review({ before, after, approvals, limits: was.limits, today: corpusToday, also });
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** The side of a program that has only some of the rules. */
function without(side: Side, keeps: CorpusCase["keeps"]): Side {
  if (!keeps) return side;
  const kept = rules.filter(keeps);
  return {
    ...side,
    judge: (declaration, today) => judgeDeclaration(declaration, today, kept),
    rules: kept.map(({ name }) => name),
  };
}

const hostile = Object.entries({ ...hostileAccounts, ...hostileFleet });
const twins = hostile.map(
  ([name, { base, twin }]) => [`the twin of: ${name}`, { ...(base && { base }), edit: twin }] as const,
);
const ofLevel = (of: Level) => Object.fromEntries(hostile.filter(([, { level }]) => level === of));

describe.each<[Level, Readonly<Record<string, CorpusCase>>]>([
  ["safe", { ...safe, ...Object.fromEntries(twins) }],
  ["needs approval", { ...needsApproval, ...ofLevel("needs approval") }],
  ["blocked", { ...unsafe, ...ofLevel("blocked") }],
])("%s", (level, cases) => {
  test("at least twenty", () => expect(Object.keys(cases).length).toBeGreaterThanOrEqual(20));

  test.each(Object.entries(cases))("%s", async (name, each) => {
    const result = await reviewCase(each);
    for (const { rule } of result.findings) found.add(rule);
    golden.push(
      [
        `== ${level}: ${name}`,
        ...result.effects.map(({ sentence }) => `  ${sentence}`),
        ...result.findings.map((finding) => {
          const asks = finding.approval ? ` [${finding.approval.action} ${finding.approval.resource}]` : "";
          return `  ${finding.level}: ${finding.rule}: ${finding.message}${asks}`;
        }),
      ].join("\n"),
    );
    expect(result.level, golden.at(-1)).toBe(level);
    if (level !== "safe") expect(result.findings[0]).toMatchObject({ level });
  });
});

test.each([
  "comments and empty lines",
  "the keys of a file in another order",
  "an account's file by another name",
  "a list of tombstones in another order",
])("%s are an empty diff", async (name) => {
  const { changes, hosts, waves, effects } = await reviewCase(safe[name]!);
  expect({ changes, hosts, waves, effects }).toEqual({ changes: [], hosts: [], waves: [], effects: [] });
});

test.each(guardRules.map(({ name }) => name))("guard rule %s finds something in some case", (name) => {
  expect([...found]).toContain(name);
});

test("every message is the golden one", async () => {
  await expect(`${golden.join("\n\n")}\n`).toMatchFileSnapshot("corpus.golden.txt");
});
