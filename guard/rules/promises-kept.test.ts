import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { promisesKept } from "./promises-kept.ts";

const less = <T extends { memoryMaxMb: number }>(limits: T): T => ({ ...limits, memoryMaxMb: limits.memoryMaxMb / 2 });
const smallPlan = {
  ...changed(valid, "plans", 0, less),
  accounts: valid.accounts.map((account) => ({ ...account, limits: less(account.limits) })),
};
const standby = changed(valid, "accounts", 0, (account) => ({ ...account, standby: "h2" }));

testGuardRule(promisesKept, {
  "a plan with less memory is one finding, not one for each of its accounts": {
    change: to(smallPlan),
    expect: ["needs approval: plan small: Plan small promises less: memory 512 MiB to 256 MiB. [shrink plan small]"],
  },
  "a plan with more memory": { change: between(smallPlan, valid), expect: [] },
  "a plan that no longer survives a failure": {
    change: to(changed(valid, "plans", 0, (plan) => ({ ...plan, survives: plan.survives.slice(1), takeover: false }))),
    expect: [
      "needs approval: plan small: Plan small promises less: survives no longer includes disk, takeover removed. [shrink plan small]",
    ],
    alsoFound: ["policies-hold"],
  },
  "an account whose backups are kept for fewer days": {
    change: to(changed(valid, "accounts", 0, (each) => ({ ...each, backup: { ...each.backup!, retentionDays: 3 } }))),
    expect: ["needs approval: account 1: Account 1 (acme-1) gets less: retention 7 to 3 days. [shrink account 1]"],
    alsoFound: ["policies-hold"],
  },
  "an account without its standby": {
    change: between(standby, valid),
    expect: ["needs approval: account 1: Account 1 (acme-1) gets less: standby removed (was h2). [shrink account 1]"],
  },
  "a host with less capacity": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, capacity: { ...host.capacity, cores: 16 } }))),
    expect: ["needs approval: host h1 capacity: Host h1 has less capacity: cores 32 to 16. [shrink host h1]"],
  },
});
