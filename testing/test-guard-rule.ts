import { describe, expect, test } from "vitest";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { schema as approvals } from "../components/review/approvals.file.ts";
import { defaultLimits } from "../components/review/limits.file.ts";
import { sideOf } from "../guard/change/side.ts";
import type { EngineStep } from "../guard/engine/engine-step.ts";
import type { GuardRule } from "../guard/rule.ts";
import { type Review, type ReviewInput, review } from "../guard/verdict/review.ts";
import type { Weighed } from "../guard/verdict/weigh.ts";
import { declarationFixture, today } from "./fixtures/fixture.ts";

/** The declaration from which changes begin: 2 hosts, 3 accounts. */
export const valid = declarationFixture();

/** Reviews a change of the valid fixture; `more` overrides any input. */
export function reviewed(more: Partial<ReviewInput> = {}): Review {
  const side = sideOf(valid);
  return review({ before: side, after: side, approvals: [], limits: defaultLimits, today, ...more });
}

/** The review's input for a change from one declaration to another. */
export function between(before: Declaration, after: Declaration): Pick<ReviewInput, "before" | "after"> {
  return { before: sideOf(before), after: sideOf(after) };
}

/** Makes the valid fixture to that declaration. */
export function to(after: Declaration): Pick<ReviewInput, "before" | "after"> {
  return between(valid, after);
}

/** A step of the engine: by default the deletion of a command. */
export function step(change: Partial<EngineStep>): EngineStep {
  const urn = "urn:pulumi:prod::fairhost::x::y";
  return { op: "delete", urn, type: "command:remote:Command", name: "y", replaceKeys: [], ...change };
}

/** One change, and what a guard rule says of it. */
export interface ChangeCase {
  readonly change: Partial<ReviewInput>;
  /** Expected findings, in order: `<level>: <kind> <name> <path>: <message> [<approval>]`. None: the change is free. */
  readonly expect: readonly string[];
  /** Other guard rules that must say something too. */
  readonly alsoFound?: readonly string[];
}

/**
 * Tests of one guard rule: of each change it says exactly this, and no other rule says anything that is not named; each
 * approval that it asks for is one that `approvals.yaml` accepts, and lets just its own finding pass.
 */
export function testGuardRule(rule: GuardRule, cases: Readonly<Record<string, ChangeCase>>): void {
  const own = ({ findings }: Review) => findings.filter((finding) => finding.rule === rule.name);
  describe(rule.name, () => {
    test("has a change that it finds", () => {
      expect(Object.values(cases).flatMap((each) => each.expect)).not.toEqual([]);
    });
    test.each(Object.entries(cases))("%s", (_, { change, expect: expected, alsoFound = [] }) => {
      const result = reviewed(change);
      const found = own(result);
      expect(found.map(line)).toEqual(expected);
      const others = result.findings.flatMap((finding) => (finding.rule === rule.name ? [] : finding.rule));
      expect([...new Set(others)].sort()).toEqual([...alsoFound].sort());
      const asked = found.flatMap(({ approval }) => (approval ? { ...approval, ...signature } : []));
      const approved = own(reviewed({ ...change, approvals: approvals.parse(asked) }));
      expect(approved.filter(({ level }) => level !== "safe").map(line)).toEqual(
        expected.filter((text) => text.startsWith("blocked")),
      );
    });
  });
}

const signature = { approvedBy: "Grace Example", reason: "agreed with the owners", expires: today };

function line({ level, subject: { kind, name, path }, message, approval }: Weighed): string {
  const asks = approval ? ` [${approval.action} ${approval.resource}]` : "";
  return `${level}: ${[kind, name, path].filter(Boolean).join(" ")}: ${message}${asks}`;
}
