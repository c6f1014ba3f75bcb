import type { ReportViolation, ResourceValidationPolicy, StackValidationPolicy } from "@pulumi/policy";
import { Config } from "@pulumi/pulumi";
import { pageOf, type RuleText } from "../../components/rule.ts";
import { utcToday } from "../../lib/today.ts";
import { shownPerRule, whyAndFix } from "../format-violations.ts";
import { rules } from "../rules.generated.ts";
import { shapes } from "./elements.ts";
import type { EngineResource } from "./engine-rules.ts";
import { judgeResource, judgeStack, packRules, type Report } from "./judge.ts";
import { kindsRead } from "./kinds-read.ts";

/** Today's date: `fairhost:today` of the stack's configuration, otherwise the clock. */
const today = new Config("fairhost").get("today") ?? utcToday();

/**
 * Judges once for all policies: the policy runtime asks one policy after the other about the same subject, within one
 * turn of its event loop. If that changed, each policy would judge by itself, which is slower but not wrong.
 */
function onceATurn<T>(judge: (subject: T, today: string) => Report[]): (key: string, subject: T) => Report[] {
  const judged = new Map<string, Report[]>();
  return (key, subject) => {
    const known = judged.get(key);
    if (known) return known;
    const reports = judge(subject, today);
    if (judged.size === 0) setImmediate(() => judged.clear());
    judged.set(key, reports);
    return reports;
  };
}

const reportsOfResource = onceATurn(judgeResource);
/**
 * The lean runtime shows a stack only to its first policy. Every stack has at least one resource, its own: an empty stack would
 * pass every rule, so it is refused.
 */
const reportsOfStack = onceATurn((resources: readonly EngineResource[], day: string) => {
  if (resources.length === 0)
    throw new Error(
      "The policy runtime shows a stack without resources, so nothing can be judged: install the pinned @pulumi/policy (`npm ci`), or remove leanRuntime() from policies/pack/pack.ts.",
    );
  return judgeStack(resources, day);
});

function report(rule: RuleText, all: readonly Report[], reportViolation: ReportViolation): void {
  const reports = all.filter((each) => each.rule === rule.name);
  for (const { message, urn } of reports.slice(0, shownPerRule)) {
    reportViolation(`${message}\n${whyAndFix(rule)}`, urn);
  }
  const hidden = reports.slice(shownPerRule);
  const last = hidden.at(-1);
  if (last) reportViolation(`And ${hidden.length} more, the last: ${last.message}`, last.urn);
}

/** The only type of component that a rule about single resources looks at; undefined if there are several. */
export function onlyTypeOf({ name }: RuleText): string | undefined {
  const rule = rules.find((each) => each.name === name);
  const read = rule && kindsRead(rule);
  const types = [...shapes].filter(([, { kind }]) => read?.has(kind)).map(([type]) => type);
  return types.length === 1 ? types[0] : undefined;
}

function policyOf(rule: RuleText): ResourceValidationPolicy | StackValidationPolicy {
  const text = {
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.fix,
    url: pageOf(rule),
    enforcementLevel: "mandatory",
  } as const;
  if (rule.scope === "resource") {
    const validateResource: ResourceValidationPolicy["validateResource"] = (args, reportViolation) =>
      report(rule, reportsOfResource(args.urn, args), reportViolation);
    // Set by the SDK's `validateResourceOfType`: the runtime does not read resources of other types again for this policy, which
    // is most of the cost of a policy.
    return { ...text, validateResource: Object.assign(validateResource, { __pulumiType: onlyTypeOf(rule) }) };
  }
  return {
    ...text,
    validateStack: ({ resources }, reportViolation) => report(rule, reportsOfStack("", resources), reportViolation),
  };
}

/** The pack's policies: one for each rule, so that each is shown with its name. */
export const policies = packRules.map(policyOf);
