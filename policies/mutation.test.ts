import { readdirSync } from "node:fs";
import { beforeAll, expect, test, vi } from "vitest";
import type { Declaration } from "../components/declaration.ts";
import { checkDeclaration } from "./check-declaration.ts";
import { declareSeed } from "./declare-seed.ts";
import { declarationFixture, today } from "./fixture.ts";
import type { Rule } from "./rule.ts";
import { ruleFolders, rules } from "./rules.ts";
import { seededToday, seeds } from "./seeded.cases.ts";
import type { BrokenCase } from "./test-rule.ts";

/** The broken cases beside every rule, collected instead of tested again. What else is tested in those files runs here once more. */
const casesBeside = vi.hoisted(() => new Map<string, Readonly<Record<string, BrokenCase>>>());
vi.mock("./test-rule.ts", async (original) => ({
  ...(await original<object>()),
  testRule: (rule: Rule, cases: Readonly<Record<string, BrokenCase>>) => casesBeside.set(rule.name, cases),
}));
for (const folder of Object.keys(ruleFolders)) {
  for (const file of readdirSync(new URL(folder, import.meta.url))) {
    if (file.endsWith(".test.ts")) await import(new URL(`${folder}/${file}`, import.meta.url).href);
  }
}

/** A declaration that some test judges, and how that case is called. */
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
