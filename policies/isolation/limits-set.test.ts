import { changed, testRule } from "../../testing/test-rule.ts";
import { limitsSet } from "./limits-set.ts";

testRule(limitsSet, {
  "no memoryMaxMb": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, limits: { ...account.limits, memoryMaxMb: 0 } })),
    expect: ["account 1 limits.memoryMaxMb: Account 1 has memoryMaxMb 0, which is out of bounds."],
  },
  "no tasksMax": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, limits: { ...account.limits, tasksMax: 0 } })),
    expect: ["account 1 limits.tasksMax: Account 1 has tasksMax 0, which is out of bounds."],
  },
  "no diskGb": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, limits: { ...account.limits, diskGb: 0 } })),
    expect: ["account 1 limits.diskGb: Account 1 has diskGb 0, which is out of bounds."],
  },
  "half a task": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({ ...account, limits: { ...account.limits, tasksMax: 0.5 } })),
    expect: ["account 1 limits.tasksMax: Account 1 has tasksMax 0.5, which is out of bounds."],
  },
  "a limit without end": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({
        ...account,
        limits: { ...account.limits, diskGb: Number.POSITIVE_INFINITY },
      })),
    expect: ["account 1 limits.diskGb: Account 1 has diskGb Infinity, which is out of bounds."],
    alsoBreaks: ["capacity-after-host-loss", "overcommit-within-plan"],
  },
  "not a number": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({
        ...account,
        limits: { ...account.limits, memoryMaxMb: Number.NaN },
      })),
    expect: ["account 1 limits.memoryMaxMb: Account 1 has memoryMaxMb NaN, which is out of bounds."],
    alsoBreaks: ["overcommit-within-plan"],
  },
  "weights out of range": {
    break: (valid) =>
      changed(valid, "accounts", 0, (account) => ({
        ...account,
        limits: { ...account.limits, cpuWeight: 0, ioWeight: 10_001 },
      })),
    expect: [
      "account 1 limits.cpuWeight: Account 1 has cpuWeight 0, which is out of bounds.",
      "account 1 limits.ioWeight: Account 1 has ioWeight 10001, which is out of bounds.",
    ],
    alsoBreaks: ["equal-weights-in-a-plan", "guaranteed-cores"],
  },
  "a plan without a limit": {
    break: (valid) => changed(valid, "plans", 0, (plan) => ({ ...plan, memoryMaxMb: -1 })),
    expect: ["plan small memoryMaxMb: Plan small has memoryMaxMb -1, which is out of bounds."],
    alsoBreaks: ["guarantee-within-limits"],
  },
});
