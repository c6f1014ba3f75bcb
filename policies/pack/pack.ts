import { PolicyPack, type ReportViolation } from "@pulumi/policy";
import { whyAndMend } from "../format-violations.ts";
import type { RuleText } from "./engine-rules.ts";
import { judgeResource, judgeStack, packRules, type Report } from "./judge.ts";

/** For the length of one request: the policy runtime asks every policy in turn, within one turn of the event loop. */
function onceARequest<T>(judge: (key: string, subject: T) => Report[]): (key: string, subject: T) => Report[] {
  const judged = new Map<string, Report[]>();
  return (key, subject) => {
    const known = judged.get(key);
    if (known) return known;
    const reports = judge(key, subject);
    if (judged.size === 0) setImmediate(() => judged.clear());
    judged.set(key, reports);
    return reports;
  };
}

const ofResource = onceARequest((_urn, resource: Parameters<typeof judgeResource>[0]) => judgeResource(resource));
const ofStack = onceARequest((_stack, resources: Parameters<typeof judgeStack>[0]) => judgeStack(resources));

function report(rule: RuleText, reports: readonly Report[], reportViolation: ReportViolation): void {
  for (const { rule: name, message, urn } of reports) {
    if (name === rule.name) reportViolation(`${message}\n${whyAndMend(rule)}`, urn);
  }
}

new PolicyPack("fairhost", {
  description: "What every fairhost stack must keep: redundancy, isolation and data.",
  enforcementLevel: "mandatory",
  policies: packRules.map((rule) => ({
    name: rule.name,
    description: rule.description,
    severity: rule.severity,
    remediationSteps: rule.remediation,
    enforcementLevel: "mandatory",
    ...(rule.scope === "resource"
      ? { validateResource: (args, reportViolation) => report(rule, ofResource(args.urn, args), reportViolation) }
      : {
          validateStack: ({ resources }, reportViolation) =>
            report(rule, ofStack(`${resources.length} resources`, resources), reportViolation),
        }),
  })),
});
