import { afterAll, beforeAll, expect, test } from "vitest";
import { heldAccounts } from "../../delivery/protocol/moving.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { placeFiles, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, type FixtureAccount, thresholdTask } from "../../testing/fixtures/bundle-fixture.ts";
import { failures } from "./render-task.ts";

/**
 * Tasks near a limit, under a kernel of its own that counts memory and disk of accounts, with the units and the sandbox that a host gets. It has no IPv6, so the
 * accounts have no network there.
 */
const say = ["/bin/sh", "-c", "id -un"];
const limits = { memoryMaxMb: 64, diskGb: 0.02, inodes: 2000 };
const disk = (command: readonly string[] = say) => thresholdTask("disk", command, "disk", 80);
const [alice, moved, failing, control, suspended] = [1, 2, 3, 4, 5];
const accounts: FixtureAccount[] = [
  { number: alice, name: "alice", limits, tasks: [thresholdTask("memory", say, "memory", 50), disk()] },
  { number: moved, name: "moved", limits, tasks: [disk()] },
  { number: failing, name: "failing", limits, tasks: [disk(["/bin/sh", "-c", "exit 3"])] },
  { number: control, name: "control", limits, tasks: [disk()] },
  {
    ...{ number: suspended, name: "suspended", limits, tasks: [disk()] },
    suspended: { since: "2026-11-22", reason: "unpaid" },
  },
];
const bundle = renderBundle(declarationOf(accounts), "web1");

let host: OwnKernelHost;
const sh = (command: string) => succeed(host, command);
const soon = { timeout: 120_000, interval: 1000 };
const state = "/var/lib/fairhost-thresholds";
const slice = `/sys/fs/cgroup/account.slice/account-${alice}.slice`;

/** How often a task has run to its end. */
const runs = async (number: number, name: string) =>
  Number(
    await sh(`cat /srv/accounts/${number}/admin/logs/task-${name}.log 2>/dev/null | grep -c 'fairhost: ' || true`),
  );
const as = (number: number, command: string) => {
  const { uid, gid } = bundle.groups[`account-${number}`]!.account!;
  return sh(
    `cd /srv/accounts/${number}/home && setpriv --reuid=${uid} --regid=${gid} --clear-groups sh -c '${command}'`,
  );
};
const fill = (number: number) => as(number, "head -c 16000000 /dev/zero >fill");

beforeAll(async () => {
  host = await bootOwnKernel();
  await placeFiles(host, bundle);
  // As the applier gives quotas (host/os/quota.it.test.ts).
  const quotas = accounts.flatMap(({ number }) =>
    bundle.groups[`account-${number}`]!.account!.quotas!.map(
      ({ path, project, bytes, inodes }) =>
        `chattr -R -p ${project} +P /srv/accounts/${number}/${path} 2>/dev/null; setquota -P ${project} 0 ${Math.floor(bytes / 1024)} 0 ${inodes} /srv/accounts`,
    ),
  );
  await sh(quotas.join("\n"));
  await sh(`mkdir -p ${heldAccounts} && touch ${heldAccounts}/${moved}`);
  await sh("systemctl daemon-reload && systemctl restart fairhost-view fairhost-thresholds");
}, 300_000);
afterAll(() => host?.stop());

test("a full disk starts the task once, as the account, in its sandbox; not that of an account that has moved or is suspended", async () => {
  await fill(moved);
  await fill(suspended);
  await fill(alice);
  await expect.poll(() => runs(alice, "disk"), soon).toBe(1);
  expect(await sh(`cat /srv/accounts/${alice}/admin/logs/task-disk.log`)).toMatch(
    /^a1\n\S+ fairhost: done in \d+ s\n$/,
  );
  expect(await runs(moved, "disk")).toBe(0);
  // Not even about to start.
  expect(await sh(`ls ${state}`)).not.toContain(`account-${moved}-`);
  expect(await sh(`ls ${state} /var/lib/fairhost/current/thresholds`)).not.toContain(`account-${suspended}-`);
}, 300_000);

test("many files count as a full disk, and a run that fails is counted", async () => {
  await as(failing, "mkdir d && cd d && seq 1500 | xargs touch");
  await expect
    .poll(() => sh(`cat ${failures}/account-${failing}-task-disk 2>/dev/null || true`), soon)
    .toMatch(/^1 exit-code 3 /);
}, 300_000);

test("one that goes below and above again and again is started no more often than every quarter of an hour", async () => {
  await as(alice, "rm fill");
  await expect.poll(() => sh(`cat ${state}/account-${alice}-task-disk`), soon).toMatch(/^below \d{6,}\n$/);
  await fill(alice);
  // What was looked at after it.
  await fill(control);
  await expect.poll(() => runs(control, "disk"), soon).toBe(1);
  expect(await runs(alice, "disk")).toBe(1);
  // As after that time.
  await sh(`echo below 1000000 >${state}/account-${alice}-task-disk`);
  await expect.poll(() => runs(alice, "disk"), soon).toBe(2);
}, 300_000);

test("memory that the kernel can drop does not count, memory of programs does", async () => {
  await sh(
    `systemd-run --quiet --slice=account-${alice}.slice --unit=reads sh -c 'head -c 50000000 /dev/zero >/srv/accounts/read; sleep infinity'`,
  );
  await expect.poll(async () => Number(await sh(`cat ${slice}/memory.current`)), soon).toBeGreaterThan(40_000_000);
  await sh(`echo below 1000000 >${state}/account-${control}-task-disk`);
  await expect.poll(() => runs(control, "disk"), soon).toBe(2);
  expect(await runs(alice, "memory")).toBe(0);
  const program = 'import time; held = b"x" * 40_000_000; time.sleep(1000)';
  await sh(`systemd-run --quiet --slice=account-${alice}.slice --unit=holds python3 -c '${program}'`);
  await expect.poll(() => runs(alice, "memory"), soon).toBe(1);
}, 300_000);
