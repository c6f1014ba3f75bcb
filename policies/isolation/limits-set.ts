import { defineRule, type Finding, type Subject, subject } from "../../components/rule.ts";

type Limit = "memoryMaxMb" | "tasksMax" | "diskGb" | "cpuWeight" | "ioWeight";

const limits: readonly Limit[] = ["memoryMaxMb", "tasksMax", "diskGb", "cpuWeight", "ioWeight"];

export const limitsSet = defineRule({
  name: "limits-set",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description:
    "Every plan and every account has a positive limit for memory, tasks and disk, and weights from 1 to 10000.",
  reason: "An account without a limit can take all memory, tasks or disk of its host, and every neighbour stops.",
  remediation: "Set a positive number in the account's plan (weights: systemd.resource-control(5)).",
  *find({ plans, accounts }) {
    for (const plan of plans) yield* judge(plan, `Plan ${plan.name}`, (path) => subject.plan(plan, path));
    for (const account of accounts) {
      yield* judge(account.limits, `Account ${account.number}`, (path) => subject.account(account, `limits.${path}`));
    }
  },
});

function* judge(
  values: Readonly<Record<Limit, number>>,
  owner: string,
  subjectOf: (path: Limit) => Subject,
): Generator<Finding> {
  for (const limit of limits) {
    const value = values[limit];
    const most = limit.endsWith("Weight") ? 10_000 : Number.MAX_SAFE_INTEGER;
    // A disk limit may be a fraction of a gigabyte; the others are written into units as whole numbers.
    const least = limit === "diskGb" ? Number.MIN_VALUE : 1;
    const whole = limit === "diskGb" || Number.isInteger(value);
    if (whole && value >= least && value <= most) continue;
    yield { subject: subjectOf(limit), message: `${owner} has ${limit} ${value}.` };
  }
}
