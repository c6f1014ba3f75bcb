import { nameOf } from "../../components/registry/subject.ts";
import type { Rule, RuleText } from "../../components/rule.ts";
import { applyRules, compareSubjects } from "../check-declaration.ts";
import { rules } from "../rules.generated.ts";
import { waiversInForce, waiversInForceText } from "../waivers.ts";
import { declarationOf, type Element, shapes } from "./elements.ts";
import { type EngineResource, engineRules, readableInputs, readableOutputs } from "./engine-rules.ts";
import { kindsRead } from "./kinds-read.ts";
import { readElement } from "./read-element.ts";

/** All rules of the pack: those of the program, and those about facts that only the engine has. */
export const packRules: readonly RuleText[] = [
  readableInputs,
  readableOutputs,
  ...engineRules,
  waiversInForceText,
  ...rules,
];

/** A violation of a rule of the pack. */
export interface Report {
  readonly rule: string;
  /** One sentence about what is wrong. */
  readonly message: string;
  /** The resource; if undefined, the whole stack. */
  readonly urn?: string;
}

const scoped = (scope: Rule["scope"]) => ({
  engine: engineRules.filter((rule) => rule.scope === scope),
  plain: rules.filter((rule) => rule.scope === scope),
});
const byScope = { resource: scoped("resource"), stack: scoped("stack") };

/** For each kind, the rules about single resources that look at its elements. */
const plainOf = ofKinds(byScope.resource.plain);

function ofKinds(plain: readonly Rule[]): ReadonlyMap<Element["kind"], Rule[]> {
  const read = plain.map((rule) => ({ rule, kinds: kindsRead(rule) }));
  const about = (kind: Element["kind"]) => read.filter(({ kinds }) => kinds.has(kind)).map(({ rule }) => rule);
  return new Map([...shapes.values()].map(({ kind }) => [kind, about(kind)]));
}

/** Judges one resource by the inputs it is registered with. */
export function judgeResource(resource: EngineResource, today: string): Report[] {
  const reports: Report[] = [];
  for (const rule of byScope.resource.engine) {
    const message = rule.judge(resource);
    if (message !== undefined) reports.push({ rule: rule.name, message });
  }
  const shape = shapes.get(resource.type);
  if (!shape) return reports;
  const read = readElement(shape, resource.props);
  if ("problems" in read) {
    for (const problem of read.problems) {
      reports.push({ rule: readableInputs.name, message: `${resource.name}: ${problem}` });
    }
    return reports;
  }
  const declaration = declarationOf([read.element]);
  const violations = [
    ...applyRules(declaration, today, plainOf.get(shape.kind)!).violations,
    ...waiversInForce(declaration, today, rules),
  ];
  return [...reports, ...violations.map(({ rule, message }) => ({ rule, message }))];
}

/** Judges by the rules that need several resources, using their registered outputs. Reads each resource once for all rules. */
export function judgeStack(resources: readonly EngineResource[], today: string): Report[] {
  const reports: Report[] = [];
  const elements: Element[] = [];
  const urns = new Map<string, string>();
  let readable = true;
  for (const resource of resources) {
    const { name, type, urn } = resource;
    for (const rule of byScope.stack.engine) {
      const message = rule.judge(resource);
      if (message !== undefined) reports.push({ rule: rule.name, message, urn });
    }
    const shape = shapes.get(type);
    if (!shape) continue;
    const read = readElement(shape, resource.props);
    if ("problems" in read) {
      readable = false;
      for (const problem of read.problems) {
        reports.push({ rule: readableOutputs.name, message: `${name}: ${problem}`, urn });
      }
    } else {
      elements.push(read.element);
      urns.set(nameOf(read.element.subject), urn);
    }
  }
  // Without the unreadable elements, references to them would look dangling.
  if (!readable) return reports;
  // Components are registered in any order, but messages must not depend on it.
  elements.sort((left, right) => compareSubjects(left.subject, right.subject));
  for (const { rule, subject, message } of applyRules(declarationOf(elements), today, byScope.stack.plain).violations) {
    const urn = urns.get(nameOf({ kind: subject.kind, name: subject.name }));
    reports.push(urn === undefined ? { rule, message } : { rule, message, urn });
  }
  return reports;
}
