import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { declarationOf, type FixtureAccount, programServer, task } from "../../testing/fixtures/bundle-fixture.ts";
import { accepted } from "./calendar.cases.ts";

/** Scheduled tasks on a real systemd, by the real applier. Those of this test come every second, which the loader refuses. */
const sh = (script: string) => ["/bin/sh", "-c", script];
const never = { calendar: "2199-01-01 00:00" };
const bob = {
  number: 2,
  name: "bob",
  servers: [programServer("app", ["/usr/bin/true"])],
  tasks: [
    task("ticks", ["bin/tick", "a b", "$HOME %n"], { directory: "jobs", environment: { NAME: "x y" } }),
    task("slow", sh("echo begin; sleep 4; echo end")),
    task("late", sh("trap '' TERM; echo begin; while :; do sleep 1; done"), { ...never, limitSeconds: 1 }),
    task("fails", sh("test -e works"), never),
    task("floods", sh("head -c 30000000 /dev/zero | tr '\\0' x; echo"), never),
    task("outside", sh("cat /srv/accounts/1/home/private; cat own"), never),
    task("spread", ["/usr/bin/true"], { calendar: "03:00", timeZone: "Europe/Paris", randomDelaySeconds: 1800 }),
  ],
} satisfies FixtureAccount;
const alice = { number: 1, name: "alice", tasks: [task("ticks", ["/usr/bin/true"], never)] } satisfies FixtureAccount;
const home = "/srv/accounts/2/home";
const tick = `#!/bin/sh\nprintf '%s|' "$@" "$NAME" "$PWD" "$(id -un)" "$(cat $CREDENTIALS_DIRECTORY/account-secret | wc -c)"; echo\n`;
const bundle = (account: FixtureAccount = bob) => renderBundle(declarationOf([alice, account]), "web1");

let on: AppliedHost;
const unit = (name: string) => `account-2-task-${name}`;
const log = (name: string) => on.shell(`cat /srv/accounts/2/admin/logs/task-${name}.log`);
const words = async (name: string) =>
  (await log(name)).split("\n").map((line) => line.replace(/^\d\S+T\S+ fairhost: /, "fairhost: "));
const soon = { timeout: 30_000, interval: 200 };
const run = (name: string) => on.host.run(`systemctl start --wait ${unit(name)}.service`);

beforeAll(async () => {
  on = await appliedHost("tasks");
  // Its home first.
  const empty = await on.apply(bundle({ number: 2, name: "bob" }));
  expect(empty.report.result, empty.stderr).toBe("applied");
  await on.shell(`install -d -o 1900000002 -g 1900000002 ${home}/jobs ${home}/bin`);
  await on.host.writeFile(`${home}/bin/tick`, tick, 0o755);
  await on.host.writeFile(`${home}/own`, "bob's own\n");
  await on.host.writeFile("/srv/accounts/1/home/private", "alice's\n", 0o666);
  const { report, stderr } = await on.apply(bundle());
  expect(report.result, stderr).toBe("applied");
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("a task runs at its times, as the account, with exactly its arguments, variables and directory", async () => {
  await expect
    .poll(() => words("ticks"), soon)
    .toEqual(
      expect.arrayContaining([expect.stringMatching(/^a b\|\$HOME %n\|x y\|\/home\/bob\/jobs\|a2\|[1-9]\d*\|$/)]),
    );
  const times = async () => (await words("ticks")).filter((line) => /^fairhost: done in \d+ s$/.test(line)).length;
  const first = await times();
  await expect.poll(times, soon).toBeGreaterThan(first + 1);
});

test("a time that comes while the last run is still going is skipped", async () => {
  await expect.poll(async () => (await words("slow")).filter((line) => line === "end").length, soon).toBeGreaterThan(1);
  const lines = (await words("slow")).filter((line) => /^(begin|end)$/.test(line));
  for (const [index, line] of lines.entries()) expect(line).toBe(index % 2 === 0 ? "begin" : "end");
});

test("a run that takes longer than its limit is ended, even one that is deaf to SIGTERM", async () => {
  // Not that this gave it up after a minute, which would be 124.
  expect((await run("late")).exitCode).toBe(1);
  expect((await words("late")).at(-1)).toBe("fairhost: ended, because it took longer than its limit of 1 s");
  const failing = [{ task: unit("late"), failures: 1, status: "124" }];
  await expect.poll(() => on.status(), soon).toMatchObject({ failing });
});

test("failed runs in a row are counted and shown, until one succeeds", async () => {
  await run("fails");
  await run("fails");
  const counted = { task: unit("fails"), failures: 2, result: "exit-code", status: "1" };
  await expect.poll(async () => (await on.status()).failing, soon).toContainEqual(expect.objectContaining(counted));
  expect(await on.shell("fairhost-host status")).toMatch(
    /^failing +.*account-2-task-fails \(2 in a row, the last at \S+Z: exit-code 1\)/m,
  );
  expect((await on.host.run(["fairhost-host", "inspect"])).stdout).toContain(
    "note: task-failing: account-2-task-fails has failed 2 times in a row",
  );
  expect((await words("fails")).at(-1)).toMatch(/^fairhost: the task ended with status 1 after \d+ s$/);
  await on.shell(`touch ${home}/works`);
  await run("fails");
  await expect.poll(async () => (await on.status()).failing.map(({ task }) => task), soon).not.toContain(unit("fails"));
});

test("what a run writes is bounded as every log of the account", async () => {
  await run("floods");
  const size = () => on.shell("stat -c %s /srv/accounts/2/admin/logs/task-floods.log").then(Number);
  await expect.poll(size, { timeout: 30_000, interval: 500 }).toBeLessThan(8_400_000);
  expect(await on.shell("ls /srv/accounts/2/admin/logs")).toMatch(/task-floods\.log\.\S+\.gz/);
});

test("a task sees its own home and not its neighbour's, and is rated as an HTTP server is", async () => {
  await run("outside");
  expect(await log("outside")).toContain("/srv/accounts/1/home/private: No such file or directory\nbob's own");
  const exposure = async (name: string) => {
    const text = await on.shell(`systemd-analyze security --no-pager ${name} | tail -n 1`);
    return Number(/: ([\d.]+) /.exec(text)?.[1]);
  };
  const ofServer = await exposure("account-2-http-app.service");
  expect(ofServer).toBeGreaterThan(0);
  expect(await exposure(`${unit("ticks")}.service`)).toBeLessThanOrEqual(ofServer);
});

test("a task that is spread comes after its time in its time zone, by a delay of its own", async () => {
  const next = await on.shell(`systemctl show -p NextElapseUSecRealtime --value ${unit("spread")}.timer`);
  const at = await on.shell(`TZ=Europe/Paris date -d '${next}' +%H:%M`);
  expect(at).toMatch(/^03:[0-3]\d$/);
});

test("systemd accepts every time that the loader accepts", async () => {
  const list = accepted.map((each) => `'${each}'`).join(" ");
  await on.shell(`systemd-analyze calendar ${list}`);
});

test("a time that systemd refuses is refused on the host, and the account keeps what it had", async () => {
  const wrong = {
    ...bob,
    tasks: bob.tasks.map((each) => (each.name === "spread" ? { ...each, calendar: "25:00" } : each)),
  };
  const { report } = await on.apply(bundle(wrong));
  expect(report).toMatchObject({
    result: "partial",
    errors: expect.arrayContaining([
      expect.objectContaining({
        group: "account-2",
        path: `systemd/${unit("spread")}.timer`,
        message: expect.stringContaining("Failed to parse calendar specification, ignoring: 25:00 Europe/Paris"),
      }),
    ]),
  });
  expect(await on.states(`${unit("spread")}.timer`)).toEqual(["active"]);
});

test("a task that changes or goes touches no other, and one that goes ends", async () => {
  const others = bob.tasks.filter(({ name }) => name === "slow" || name === "ticks");
  await on.shell(`until systemctl -q is-active ${unit("slow")}.service; do sleep 0.1; done`);
  await on.apply(bundle({ ...bob, tasks: others }));
  const { report } = await on.apply(bundle({ ...bob, tasks: others.filter(({ name }) => name === "ticks") }));
  expect(report.hooks).toEqual([`stop ${unit("slow")}.service ${unit("slow")}.timer`]);
  expect(await on.states(`${unit("slow")}.service`, `${unit("slow")}.timer`)).toEqual(["inactive", "inactive"]);
  const lines = await log("ticks");
  await expect.poll(() => log("ticks"), soon).not.toBe(lines);
});
