import { describe, expect, test } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds, elementName, nothingDeclared } from "../components/registry/subject.ts";
import type { Rule } from "../components/rule.ts";
import { checkDeclaration } from "../policies/check-declaration.ts";
import { rules } from "../policies/rules.generated.ts";
import { declarationFixture, today } from "./fixtures/fixture.ts";

type Element<K extends keyof Declaration> = Declaration[K][number];

/**
 * Changes one element of a declaration: what a test breaks. `undefined` for `element` takes it out.
 * @param which its position, or its name where another kind's fixture may come between: `2/www`
 * @throws if there is none, since then nothing would be broken
 */
export function changed<K extends keyof Declaration>(
  declaration: Declaration,
  kind: K,
  which: number | string,
  change: (element: Element<K>) => Element<K> | undefined,
): Declaration {
  const elements: readonly Element<K>[] = declaration[kind];
  const index = typeof which === "number" ? which : elements.findIndex((each) => elementName(kind, each) === which);
  if (elements[index] === undefined) throw new RangeError(`the declaration has no ${kind} ${which}`);
  return {
    ...declaration,
    [kind]: elements.flatMap((element, position) => (position === index ? (change(element) ?? []) : [element])),
  };
}

/** Puts all accounts on one host, with everything that belongs to them. */
export function allOn(declaration: Declaration, host: string): Declaration {
  const moved = allKinds
    .filter(({ accountOf }) => accountOf)
    .map(({ key }) => [key, declaration[key].map((element) => ({ ...element, host }))]);
  return { ...declaration, ...Object.fromEntries(moved) };
}

/** What belongs to accounts, of every kind but the accounts themselves, after a change of each; without those that are no more. */
export function changedOwn(
  declaration: Declaration,
  change: <T extends { readonly account: number; readonly host: string }>(element: T) => T | undefined,
): Declaration {
  const own = allKinds
    .filter(({ key, accountOf }) => accountOf && key !== "accounts")
    .map(({ key }) => {
      const elements = declaration[key] as readonly { readonly account: number; readonly host: string }[];
      return [key, elements.flatMap((element) => change(element) ?? [])];
    });
  return { ...declaration, ...Object.fromEntries(own) };
}

/** Only these kinds of what belongs to accounts: for a test that counts what is left behind. */
export function having(declaration: Declaration, ...kinds: readonly (keyof Declaration)[]): Declaration {
  const others = allKinds.filter(({ key, accountOf }) => accountOf && key !== "accounts" && !kinds.includes(key));
  return { ...declaration, ...Object.fromEntries(others.map(({ key }) => [key, []])) };
}

/** One way to break a rule: from the valid fixture (2 hosts, 3 accounts) to one that only this rule may object to. */
export interface BrokenCase {
  readonly break: (valid: Declaration) => Declaration;
  /** Expected violations, in order: `<kind> <name> <path>: <message>`. */
  readonly expect: readonly [string, ...string[]];
  /** Other rules that must object too, because they judge the same value. */
  readonly alsoBreaks?: readonly string[];
}

/**
 * Tests of one rule: the valid fixture passes; each broken case gives exactly these violations when all rules judge it;
 * and with this rule silenced they are gone, so no other rule stands in for it.
 */
export function testRule(rule: Rule, cases: Readonly<Record<string, BrokenCase>>): void {
  describe(rule.name, () => {
    test("passes the valid fixture", () => expect(rule.check(declarationFixture(), today)).toEqual([]));
    test("has a broken case", () => expect(Object.keys(cases)).not.toEqual([]));
    for (const [name, { break: breakIt, expect: expected, alsoBreaks = [] }] of Object.entries(cases)) {
      test(name, () => {
        const broken = breakIt(declarationFixture());
        const violations = checkDeclaration(broken, today);
        const own = violations.filter((violation) => violation.rule === rule.name);
        expect(
          own.map(({ subject: { kind, name, path }, message }) => `${[kind, name, path].join(" ")}: ${message}`),
        ).toEqual(expected);
        const others = checkDeclaration(
          broken,
          today,
          rules.filter((other) => other !== rule),
        ).map(({ rule }) => rule);
        expect([...new Set(others)].sort()).toEqual([...alsoBreaks].sort());
        if (rule.scope === "resource") expect(judgedAlone(rule, broken)).toEqual(own);
      });
    }
  });
}

/** Violations of a rule when each element is judged alone, as the policy pack does for `resource` rules. */
function judgedAlone(rule: Rule, declaration: Declaration) {
  const kinds = Object.keys(nothingDeclared) as (keyof Declaration)[];
  return kinds.flatMap((kind) =>
    declaration[kind].flatMap((element) => checkDeclaration({ ...nothingDeclared, [kind]: [element] }, today, [rule])),
  );
}
