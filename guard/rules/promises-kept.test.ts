import { between, testGuardRule, to, valid } from "../../testing/test-guard-rule.ts";
import { changed } from "../../testing/test-rule.ts";
import { promisesKept } from "./promises-kept.ts";

const less = <T extends { memoryMaxMb: number }>(limits: T): T => ({ ...limits, memoryMaxMb: limits.memoryMaxMb / 2 });
const smallPlan = {
  ...changed(valid, "plans", 0, less),
  accounts: valid.accounts.map((account) => ({ ...account, limits: less(account.limits) })),
};
const [plan] = valid.plans;
/** The valid fixture with a second plan, and the first account on it or on the first one. */
/** Without logins by password, which another rule judges. */
const { passwordLogins: _, ...newPlan } = plan!;
const twoPlans = (change: Partial<typeof plan>, on = "other") => ({
  ...changed(valid, "accounts", 0, (account) => ({ ...account, plan: on })),
  plans: [...valid.plans, { ...plan!, name: "other", ...change }],
});
const suspended = changed(valid, "accounts", 0, (each) => ({
  ...each,
  suspended: { since: "2026-11-27", reason: "unpaid since August" },
}));
const planWith = (change: Partial<typeof plan>) => to(changed(valid, "plans", 0, (each) => ({ ...each, ...change })));

const newcomer = { ...valid.accounts[0]!, number: 99, name: "newcomer" };
const withMemory = (memoryMaxMb: number, on = "small") =>
  changed(valid, "accounts", 0, (account) => ({ ...account, plan: on, limits: { ...account.limits, memoryMaxMb } }));

const guarded = (waf: NonNullable<(typeof valid.httpServers)[number]["waf"]>) =>
  changed(valid, "httpServers", 0, (server) => ({ ...server, waf }));

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
    expect: [
      "needs approval: account 1: Account 1 (acme-1) gets less: backup retention days 7 to 3. [shrink account 1]",
    ],
    alsoFound: ["policies-hold"],
  },
  "an account that is suspended": {
    change: to(suspended),
    expect: [
      "needs approval: account 1 suspended: Suspends account 1 (acme-1): unpaid since August. [suspend account 1]",
    ],
  },
  "an account that is resumed": { change: between(suspended, valid), expect: [] },
  "more overcommit: the same memory is promised more often": {
    change: planWith({ overcommit: { memory: 1000, disk: 4 } }),
    expect: ["needs approval: plan small: Plan small promises less: overcommit memory 8 to 1000. [shrink plan small]"],
  },
  "a web application firewall that refuses less": {
    change: between(
      guarded({ level: "complete" }),
      guarded({ level: "basic", watchOnly: true, exclusions: ["942100"] }),
    ),
    expect: [
      "needs approval: httpServer 1/www waf: HTTP server 1/www promises less: WAF level complete to basic, WAF watching only none to true, WAF exclusions now includes 942100. [shrink httpServer 1/www]",
    ],
  },
  "a web application firewall that does not look at an application's fields": {
    change: between(guarded({ level: "strong" }), guarded({ level: "strong", applications: ["wordpress"] })),
    expect: [
      "needs approval: httpServer 1/www waf: HTTP server 1/www promises less: WAF applications now includes wordpress. [shrink httpServer 1/www]",
    ],
  },
  "a web application firewall that refuses more": {
    change: between(
      guarded({ level: "basic", watchOnly: true, exclusions: ["942100"] }),
      guarded({ level: "complete" }),
    ),
    expect: [],
  },
  "a web application firewall where none was": {
    change: to(guarded({ level: "basic", watchOnly: true })),
    expect: [],
    alsoFound: ["nothing-opened"],
  },
  "a web application firewall that is taken away": {
    change: between(guarded({ level: "basic" }), valid),
    expect: [
      "needs approval: httpServer 1/www waf: HTTP server 1/www promises less: WAF level basic to none. [shrink httpServer 1/www]",
    ],
    alsoFound: ["nothing-opened"],
  },
  "less overcommit": { change: planWith({ overcommit: { memory: 4, disk: 4 } }), expect: [] },
  "a larger CPU weight, which takes from all other accounts of a host": {
    change: planWith({ cpuWeight: 10_000 }),
    expect: [
      "needs approval: plan small: Plan small takes more from other accounts: CPU weight 100 to 10000. [shrink plan small]",
    ],
    alsoFound: ["policies-hold"],
  },
  "a new plan that takes more than the others": {
    change: to(twoPlans({ cpuWeight: 10_000, overcommit: { memory: 1000, disk: 4 } }, "small")),
    expect: [
      "needs approval: plan other: New plan other takes more than any plan before: CPU weight 100 to 10000, overcommit memory 8 to 1000. [shrink plan other]",
    ],
    alsoFound: ["trust-approved"],
  },
  "a new account with a weight and tasks of its own beyond its plan, which its neighbours lose": {
    change: to({
      ...valid,
      accounts: [
        ...valid.accounts,
        { ...newcomer, limits: { ...newcomer.limits, cpuWeight: 10_000, tasksMax: 65_536 } },
      ],
    }),
    expect: [
      `needs approval: account 99: Account 99 (newcomer) gets more than its plan small: CPU weight 100 to 10000, tasks ${newcomer.limits.tasksMax} to 65536. [shrink account 99]`,
    ],
    alsoFound: ["policies-hold"],
  },
  "a new account with what its plan gives, or less": {
    change: to({ ...valid, accounts: [...valid.accounts, { ...newcomer, limits: { ...newcomer.limits, diskGb: 1 } }] }),
    expect: [],
    alsoFound: ["policies-hold"],
  },
  "an account that gets more than its plan from now on": {
    change: to(withMemory(100_000)),
    expect: [
      "needs approval: account 1: Account 1 (acme-1) gets more than its plan small: memory 512 MiB to 100000 MiB. [shrink account 1]",
    ],
  },
  "an account that had more than its plan, and has less of it": {
    change: between(withMemory(700), withMemory(600)),
    expect: ["needs approval: account 1: Account 1 (acme-1) gets less: memory 700 MiB to 600 MiB. [shrink account 1]"],
  },
  "an account that keeps what its old plan gave, on a smaller one": {
    change: between(
      { ...withMemory(700, "other"), plans: [plan!, { ...plan!, name: "other", memoryMaxMb: 700 }] },
      { ...withMemory(700), plans: [plan!, { ...plan!, name: "other", memoryMaxMb: 700 }] },
    ),
    expect: [
      "needs approval: account 1: Account 1 (acme-1) gets more than its plan small: memory 512 MiB to 700 MiB. [shrink account 1]",
    ],
  },
  "another plan that survives less and guarantees less": {
    change: between(
      twoPlans({ survives: ["disk"], guaranteed: { cores: 0.01, memoryMb: 64 } }, "small"),
      twoPlans({ survives: ["disk"], guaranteed: { cores: 0.01, memoryMb: 64 } }),
    ),
    expect: [
      "needs approval: account 1: Account 1 (acme-1) gets less: survives no longer includes supply, chain, link, switch, router, operator, guaranteed cores 0.05 to 0.01. [shrink account 1]",
    ],
    alsoFound: ["policies-hold"],
  },
  "a plan that gives more of what all accounts of a host share, and of what rules add up": {
    change: to(
      changed(valid, "plans", 0, (each) => ({ ...each, mailsPerMinute: 6000, swapMaxMb: 4096, memoryMaxMb: 1024 })),
    ),
    expect: [
      "needs approval: plan small: Plan small lets its accounts use more of what all accounts of a host share: swap 0 MiB to 4096 MiB, mails a minute 60 to 6000. [shrink plan small]",
    ],
  },
  "a new plan that gives more of what all share": {
    change: to({ ...valid, plans: [...valid.plans, { ...newPlan, name: "mailer", mailsPerMinute: 6000 }] }),
    expect: [
      "needs approval: plan mailer: New plan mailer takes more than any plan before: mails a minute 60 to 6000. [shrink plan mailer]",
    ],
  },
  "another plan that promises the same": {
    change: between(twoPlans({}, "small"), twoPlans({})),
    expect: [],
  },
  "a package that programs run on": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, runtimes: [] }))),
    expect: [
      "needs approval: host h1 runtimes: Host h1 promises less: runtimes no longer includes ruby. [shrink host h1]",
    ],
    alsoFound: ["nothing-opened"],
  },
  "an account that is no longer protected": {
    change: to(changed(valid, "accounts", 0, (account) => ({ ...account, protect: false }))),
    expect: ["needs approval: account 1: Account 1 (acme-1) gets less: protect removed. [shrink account 1]"],
    alsoFound: ["policies-hold"],
  },
  "a smaller disk in the same place": {
    change: to(
      changed(valid, "hosts", 0, (host) => ({ ...host, disks: host.disks.map((disk) => ({ ...disk, sizeGb: 910 })) })),
    ),
    expect: [
      "needs approval: host h1 disks: Host h1 has less capacity: disks bay0 size 960 GB to 910 GB, disks bay1 size 960 GB to 910 GB. [shrink host h1]",
    ],
  },
  "a host with more capacity that is the same machine: more could be sold than there is": {
    change: to(
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        capacity: { ...host.capacity, cores: 3200 },
        disks: host.disks.map((disk) => ({ ...disk, sizeGb: 1920 })),
      })),
    ),
    expect: [
      "needs approval: host h1 disks: Host h1 is declared larger than before, with the same serial number: disks bay0 size 960 GB to 1920 GB, disks bay1 size 960 GB to 1920 GB, cores 32 to 3200. [weaken host h1]",
    ],
  },
  "another machine with more capacity, and a larger disk in the place of one": {
    change: to(
      changed(valid, "hosts", 0, (host) => ({
        ...{ ...host, serial: "ANOTHER", capacity: { ...host.capacity, cores: 64 } },
        disks: host.disks.map((disk, at) => (at === 0 ? { ...disk, serial: "LARGER", sizeGb: 1920 } : disk)),
      })),
    ),
    expect: [],
    alsoFound: ["nothing-replaced"],
  },
  "a host with less capacity": {
    change: to(changed(valid, "hosts", 0, (host) => ({ ...host, capacity: { ...host.capacity, cores: 16 } }))),
    expect: ["needs approval: host h1 capacity: Host h1 has less capacity: cores 32 to 16. [shrink host h1]"],
  },
});
