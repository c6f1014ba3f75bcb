import { globSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test, vi } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Rule } from "../components/rule.ts";
import { declarationFixture, today } from "../testing/fixtures/fixture.ts";
import { declareSeed } from "../testing/inventory/declare-seed.ts";
import { seededToday, seeds } from "../testing/inventory/seeded.cases.ts";
import type { BrokenCase } from "../testing/test-rule.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { rules } from "./rules.generated.ts";

/** The broken cases beside every rule, collected instead of tested again. Other tests in those files run here once more. */
const casesBeside = vi.hoisted(() => new Map<string, Readonly<Record<string, BrokenCase>>>());
vi.mock("../testing/test-rule.ts", async (original) => ({
  ...(await original<object>()),
  testRule: (rule: Rule, cases: Readonly<Record<string, BrokenCase>>) => casesBeside.set(rule.name, cases),
}));
const checkout = join(import.meta.dirname, "..");
const testFiles = globSync(["components/*/rules/*.test.ts", "policies/{data,isolation,redundancy}/*.test.ts"], {
  cwd: checkout,
});
for (const file of testFiles) await import(join(checkout, file));

/** A declaration of a test, with the name of its case. */
interface Judged {
  readonly name: string;
  readonly declaration: Declaration;
  readonly day: string;
}

const seeded = new Map<string, Declaration>();
beforeAll(async () => {
  for (const [name, { edit }] of Object.entries(seeds)) seeded.set(name, (await declareSeed(edit)).declaration);
}, 60_000);

/** The cases that demand a violation of this rule: its own, beside it, and seeds. */
function casesOf({ name: rule }: Rule): Judged[] {
  const own = Object.entries(casesBeside.get(rule) ?? {}).map(([name, { break: breakIt }]) => {
    return { name: `${rule}: ${name}`, declaration: breakIt(declarationFixture()), day: today };
  });
  const sown = Object.entries(seeds).filter(([, seed]) => seed.rules.includes(rule));
  return [
    ...own,
    ...sown.map(([name]) => ({ name: `seed: ${name}`, declaration: seeded.get(name)!, day: seededToday })),
  ];
}

/** Names of the cases whose violations are no longer found when this rule's body is replaced by one that finds nothing. */
function killers(rule: Rule, cases: readonly Judged[]): string[] {
  const mutated = rules.map((each) => (each === rule ? { ...each, check: () => [] } : each));
  const finds = ({ declaration, day }: Judged, judgedBy: readonly Rule[]): boolean =>
    checkDeclaration(declaration, day, judgedBy).some((violation) => violation.rule === rule.name);
  return cases.filter((each) => finds(each, rules) && !finds(each, mutated)).map(({ name }) => name);
}

test.each(rules.map((rule) => [rule.name, rule] as const))(
  "%s with an empty body fails every case of it",
  (_, rule) => {
    const cases = casesOf(rule);
    expect(casesBeside.get(rule.name), "cases beside the rule").toBeDefined();
    expect(cases).not.toEqual([]);
    expect(killers(rule, cases)).toEqual(cases.map(({ name }) => name));
  },
);
