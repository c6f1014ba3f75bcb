import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type TemporaryRepository, temporaryRepository } from "../../testing/projects/temporary-repository.ts";
import { type Report, reportSchema } from "../report/json.ts";

let repository: TemporaryRepository;
beforeAll(async () => {
  repository = await temporaryRepository();
});
afterEach(async () => {
  expect(await repository.leftovers()).toEqual([]);
  await repository.reset();
});
afterAll(() => repository[Symbol.asyncDispose]());

async function review(base: string, ...more: string[]): Promise<{ exitCode: number | undefined; report: Report }> {
  const { exitCode, stdout, stderr } = await repository.guard([
    "review",
    "--base",
    base,
    "--json",
    "-",
    "--today",
    "2026-11-24",
    ...more,
  ]);
  expect(stderr).toBe("");
  return { exitCode, report: reportSchema.parse(JSON.parse(stdout)) };
}

const messages = ({ findings }: Report) => findings.map(({ level, rule, message }) => `${level} ${rule}: ${message}`);

test("a comment and another order of keys change nothing; every cell is asked all the same", async () => {
  await repository.edit({
    "inventory/prod/accounts/1001-bakery.yaml": [
      ["number: 1001\nname: bakery", "# A shop.\nname: bakery\nnumber: 1001"],
    ],
  });
  const { exitCode, report } = await review("HEAD");
  expect([exitCode, report.verdict, report.changes, report.hosts]).toEqual([0, "safe", [], []]);
  expect((await repository.guard(["cells", "--base", "HEAD"])).stdout).toBe('["main"]');
});

test("an account that moves: only its two hosts and those of its backups are rendered, and it needs an approval", async () => {
  await repository.edit({ "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]] });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(3);
  expect(messages(report)).toEqual([
    "needs approval moves-planned: Moves account 1001 (bakery) from par1-web1 to par1-web2; `guard deploy` copies its data and stops it for the last part, `pulumi up` copies nothing.",
  ]);
  expect(report.findings[0]!.where).toBe("inventory/prod/accounts/1001-bakery.yaml:5");
  expect(report.hosts.map(({ host, groups }) => [host, groups.map(({ group }) => group)])).toEqual([
    ["bak1-backup1", ["account-1001"]],
    ["bak1-backup2", ["account-1001"]],
    ["par1-web1", ["account-1001"]],
    ["par1-web2", ["account-1001"]],
  ]);
});

test("a changed renderer shows as changed files on every host, and its accounts are counted", async () => {
  await repository.edit({
    "components/account/sandbox/render-sandbox.ts": [['NoNewPrivileges: "yes"', 'NoNewPrivileges: "no"']],
  });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(3);
  expect(report.hosts).toHaveLength(12);
  expect(report.hosts.every(({ applier }) => !applier)).toBe(true);
  expect(messages(report)[0]).toBe(
    "needs approval nothing-opened: Changes security files of bak1-backup1: systemd/account-.service.d/50-sandbox.conf.",
  );
  expect(JSON.parse((await repository.guard(["cells", "--base", "HEAD"])).stdout)).toEqual(["main"]);
});

test("another applier shows on every host", async () => {
  await repository.edit({ "host/main.ts": [[/$/, "console.error('changed');\n"]] });
  const { report } = await review("HEAD");
  expect(report.hosts.map(({ applier }) => applier)).toEqual(Array(12).fill(true));
});

test("a rule that is weakened together with what it refuses is blocked", async () => {
  await repository.edit({
    "components/host/rules/hot-swap-ssds.ts": [
      ["*find({ hosts }) {", "*find({ hosts: all }) {\n    const hosts = all.slice(0, 0);"],
    ],
    "inventory/prod/hosts/par2-web4.yaml": [[/hotSwap: true\nmirrors/, "hotSwap: false\nmirrors"]],
  });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(4);
  expect(messages(report)).toEqual([
    "blocked rules-kept: Rule hot-swap-ssds no longer reports this: Disk bay1 of host par2-web4 cannot be hot-swapped.",
    "needs approval redundancy-kept: Host par2-web4 changes its redundancy: disks bay1 hot swap removed.",
  ]);
});

test("removing a rule of the policies or of the guard needs an approval", async () => {
  await repository.edit({
    "policies/rules.generated.ts": [["  hotSwapSsds,\n", ""]],
    "guard/rules.generated.ts": [["  blastRadius,\n", ""]],
  });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(3);
  expect(report.missingApprovals).toEqual([
    { action: "weaken", resource: "rule hot-swap-ssds" },
    { action: "weaken", resource: "rule blast-radius" },
  ]);
});

test("a guard rule that is weakened still holds for the change that weakens it", async () => {
  await repository.edit({
    "guard/rules/moves-planned.ts": [
      ["change.before.host === change.after.host", "change.before.host !== change.after.plan"],
    ],
    "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]],
  });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(3);
  expect(messages(report)).toEqual([
    "needs approval rules-kept: Guard rule moves-planned of the base reports this, the changed rule does not: Moves account 1001 (bakery) from par1-web1 to par1-web2; `guard deploy` copies its data and stops it for the last part, `pulumi up` copies nothing.",
  ]);
  expect(report.missingApprovals).toEqual([{ action: "move", resource: "account 1001" }]);
});

test("a guard rule that finds less of one element: what it still finds there excuses nothing else", async () => {
  await repository.edit({
    "guard/rules/moves-planned.ts": [["of namesOf(server)) {", "of namesOf(server).slice(0, 1)) {"]],
    "inventory/prod/accounts/1001-bakery.yaml": [
      ["hostnames: [bakery.example.com, www.bakery.example.com]", "hostnames: [bakery.example.org]"],
    ],
    "inventory/prod/accounts/1002-choir.yaml": [
      ["hostnames: [choir.example.org", "hostnames: [bakery.example.com, www.bakery.example.com, choir.example.org"],
    ],
  });
  const { report } = await review("HEAD");
  expect(report.missingApprovals).toEqual(
    ["bakery.example.com", "www.bakery.example.com"].map((name) => ({
      action: "hand-over",
      resource: `hostname ${name}`,
    })),
  );
  expect(messages(report)).toContainEqual(
    "needs approval rules-kept: Guard rule moves-planned of the base reports this, the changed rule does not: Moves host name www.bakery.example.com from account 1001 to account 1002.",
  );
});

test("an approval that does not count excuses nothing that only the base's guard finds", async () => {
  await repository.edit({ "inventory/prod/limits.yaml": "secondPerson: true\n" });
  const base = await repository.commit();
  const own = { approvedBy: "Mallory", reason: "moved to the other host", expires: "2026-12-01" };
  await repository.edit({
    "guard/rules/moves-planned.ts": [
      ["change.before.host === change.after.host", "change.before.host !== change.after.plan"],
    ],
    "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]],
    "inventory/prod/approvals.yaml": JSON.stringify([{ action: "move", resource: "account 1001", ...own }]),
  });
  const { exitCode, report } = await review(base);
  expect(exitCode).toBe(3);
  expect(messages(report)).toEqual([
    expect.stringMatching(
      /^needs approval rules-kept: Guard rule moves-planned of the base reports this, .*; its approval is by its own author/,
    ),
  ]);
});

test("an account that vanishes is blocked, with the place where it was", async () => {
  await repository.edit({ "inventory/prod/accounts/1001-bakery.yaml": undefined });
  const { exitCode, report } = await review("HEAD");
  expect(exitCode).toBe(4);
  expect(messages(report).map((text) => text.split(":")[0])).toEqual(["blocked policies-hold", "blocked data-kept"]);
  expect(report.findings[1]!.where).toBe("inventory/prod/accounts/1001-bakery.yaml:2 (before)");
});

test("limits that are raised do not yet hold for the change that raises them", async () => {
  await repository.edit({ "inventory/prod/limits.yaml": "deployment: at-once\nhosts: 1\n" });
  const strict = await repository.commit();
  await repository.edit({
    "inventory/prod/limits.yaml": "hosts: 10\n",
    "inventory/prod/hosts/par1-web1.yaml": [["asNumber: 4200001011", "asNumber: 4200001111"]],
    "inventory/prod/hosts/par1-web2.yaml": [["asNumber: 4200001012", "asNumber: 4200001112"]],
  });
  const { exitCode, report } = await review(strict);
  expect(exitCode).toBe(4);
  expect(messages(report)[0]).toMatch(/^blocked blast-radius: One update touches 2 hosts and/);
  expect(report.notices).toEqual([
    "This change also changes limits.yaml: it is judged by the old limits, the next change by the new ones.",
    "limits.yaml changes: way of deploying at-once to in-waves, hosts 1 to 10.",
  ]);
});

test("an inventory with problems is blocked and its problems are listed, nothing else", async () => {
  await repository.edit({ "inventory/prod/accounts/1001-bakery.yaml": [["plan: small", "plan: smal"]] });
  const { exitCode, report } = await review("HEAD");
  expect([exitCode, report.verdict, report.changes]).toEqual([4, "blocked", []]);
  expect(report.problems).toMatchObject([
    { file: "inventory/prod/accounts/1001-bakery.yaml", line: 4, message: 'there is no plan "smal"' },
  ]);
  expect((await repository.guard(["cells", "--base", "HEAD"])).stdout).toBe('["main"]');
});

test("a base that its own program cannot judge needs an approval, with the reason", async () => {
  await repository.edit({
    "policies/rules.generated.ts": [["export const rules:", "export const all:"]],
    "policies/check-declaration.ts": [["import { rules }", "import { all as rules }"]],
  });
  const old = await repository.commit();
  await repository.edit({
    "policies/rules.generated.ts": [["export const all:", "export const rules:"]],
    "policies/check-declaration.ts": [["import { all as rules }", "import { rules }"]],
  });
  await repository.commit();
  const { exitCode, report } = await review(old);
  expect(exitCode).toBe(3);
  // Which of the importing files Node.js names first is its own affair.
  expect(messages(report)).toEqual([
    expect.stringMatching(
      /^needs approval rules-kept: The base cannot be judged by its own program: The requested module '[./]+policies\/rules\.generated\.ts' does not provide an export named 'rules'\. It is unknown whether this change weakens a rule or changes files on hosts\.$/,
    ),
  ]);
});

test("cells: only those that a change touches; all of them when something shared changes", async () => {
  const cells = async (...args: string[]) =>
    JSON.parse((await repository.guard(["cells", "--base", "HEAD", ...args])).stdout) as unknown;
  const second = ["par2-web1", "par2-web2", "bak1-backup2"].map(
    (host) => [`inventory/prod/hosts/${host}.yaml`, [[`name: ${host}`, `name: ${host}\ncell: second`]]] as const,
  );
  await repository.edit(Object.fromEntries(second));
  expect(await cells()).toEqual(["main", "second"]);
  await repository.commit();
  await repository.edit({ "inventory/prod/accounts/1008-school.yaml": [["plan: small", "plan: medium"]] });
  expect(await cells()).toEqual(["second"]);
  const { report } = await review("HEAD", "--cell", "second");
  // Its own host, and that which keeps its backups.
  expect(report.hosts.map(({ host }) => host)).toEqual(["bak1-backup2", "par2-web1"]);
  // The rules judge the whole fleet: half of it would break them.
  expect(report.policies.violations).toEqual([]);
  expect((await review("HEAD", "--cell", "main")).report.changes.filter(({ kind }) => kind !== "plans")).toEqual([]);
  await repository.edit({ "inventory/prod/plans/large.yaml": [["cores: 0.5", "cores: 0.4"]] });
  expect(await cells()).toEqual(["main", "second"]);
  const unknown = await repository.guard(["review", "--base", "HEAD", "--cell", "third"]);
  expect([unknown.exitCode, unknown.stderr]).toEqual([
    5,
    'no host is in cell "third"; there are main, routers, second',
  ]);
});

test("a base that cannot be compared and wrong usage have their own exit statuses", async () => {
  const run = async (...args: string[]) => {
    const { exitCode, stderr } = await repository.guard(args);
    return [exitCode, stderr.split("\n")[0]];
  };
  expect(await run("review", "--base", "no-such-branch")).toEqual([
    5,
    '"no-such-branch" is neither a directory nor a commit known to git here: give a branch, a tag or a commit; in CI, fetch more history',
  ]);
  expect(await run("review", "--base", "--output=/tmp/x")).toEqual([
    5,
    expect.stringContaining('"--output=/tmp/x" is neither'),
  ]);
  expect(await run("review")).toEqual([2, "error: required option '--base <ref|directory>' not specified"]);
  expect((await run("review", "--base", "HEAD", "--today", "tomorrow"))[0]).toBe(2);
  expect(await run("review", "--base", "HEAD", "--json", "-", "--markdown", "-")).toEqual([
    2,
    "error: --json and --markdown cannot both go to standard output",
  ]);
  expect((await run("reveiw"))[0]).toBe(2);
});
