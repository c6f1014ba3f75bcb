import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Bundle, BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import {
  type AppliedHost,
  appliedHost,
  base,
  delivery,
  firewall,
  fullHost,
  nginx,
  site,
} from "../../testing/fakes/applied-host.ts";
import { accountGroup, bundleOf } from "../../testing/fakes/host-tree.ts";

let on: AppliedHost;

/** A unit that takes seconds to start, so that a test can interrupt the apply that starts it. */
function slow(seconds: number, text: string): { files: BundleFile[]; units: BundleUnit[] } {
  const name = "fairhost-slow.service";
  const content = `[Unit]\nDescription=${text}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/usr/bin/sleep ${seconds}\n`;
  return {
    files: [{ path: `systemd/${name}`, content }],
    units: [{ name, want: "start", restartOn: [`systemd/${name}`] }],
  };
}

function slowBundle(seconds: number, text: string): Bundle {
  const { files, units } = slow(seconds, text);
  return bundleOf(
    { 1: accountGroup(1, text, [site(1)]), 2: accountGroup(2, "one", [site(2)]) },
    fullHost([nginx(), firewall(), ...files], units),
  );
}

/** Starts an apply in the background, as an SSH session would. @returns the client's process id */
async function applyInBackground(bundle: Bundle): Promise<string> {
  await on.host.writeFile("/run/delivery", delivery(bundle));
  return on.shell("fairhost-host apply </run/delivery >/run/out 2>/run/err & echo $!");
}

beforeAll(async () => {
  on = await appliedHost("interrupted");
}, 300_000);

afterAll(async () => on?.[Symbol.asyncDispose]());

beforeEach(async () => {
  const { report, stderr } = await on.apply(base);
  expect(["applied", "unchanged"], stderr).toContain(report.result);
});

test("if the applier dies before it can roll back, the dead-man timer does", async () => {
  const rules = await on.shell("nft list ruleset");
  await applyInBackground(bundleOf({ 1: accountGroup(1) }, fullHost([nginx(), firewall("tcp dport 24 accept")])));
  await on.until("nft list ruleset | grep -q 'dport 24'");
  await on.shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
  await on.until("! nft list ruleset | grep -q 'dport 24'", 45);
  expect(await on.shell("nft list ruleset")).toBe(rules);
}, 120_000);

test("a lost SSH session does not interrupt the apply, and the next apply finds it done", async () => {
  const bundle = slowBundle(6, "lost session");
  const client = await applyInBackground(bundle);
  await on.until("systemctl is-active fairhost-slow.service | grep -q activating");
  await on.shell(`kill -KILL ${client}`);
  const { report, stderr } = await on.apply(bundle);
  expect(stderr).toContain("the same bundle is already being applied");
  expect(report.result).toBe("applied");
  expect((await on.apply(bundle)).report).toMatchObject({ result: "unchanged", generation: report.generation });
});

test("an applier killed in the middle of its hooks: the next apply completes them", async () => {
  const bundle = slowBundle(4, "killed applier");
  await applyInBackground(bundle);
  await on.until("systemctl is-active fairhost-slow.service | grep -q activating");
  await on.shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
  await on.until("grep -q 'ended without a report' /run/err");
  expect(await on.status()).toMatchObject({ interrupted: true, drift: [] });
  const { report } = await on.apply(bundle);
  expect(report.result).toBe("applied");
  expect(await on.status()).toMatchObject({ interrupted: false, notRunning: [] });
  expect((await on.apply(bundle)).report.result).toBe("unchanged");
});

test("a boot completes them too", async () => {
  await applyInBackground(slowBundle(4, "power cut"));
  await on.until("systemctl is-active fairhost-slow.service | grep -q activating");
  await on.shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
  await on.shell("systemctl start fairhost-recover.service");
  expect(await on.status()).toMatchObject({ interrupted: false, notRunning: [], lastResult: "applied" });
});

test("two different deliveries at once: one after the other, the second says for which one it waits", async () => {
  await applyInBackground(slowBundle(3, "first of two"));
  await on.until("systemctl is-active fairhost-slow.service | grep -q activating");
  const { report, stderr } = await on.apply(base);
  expect(stderr).toMatch(/waiting up to \d+ s for apply \(process \d+, since /);
  expect(report).toMatchObject({ result: "applied", errors: [] });
  expect((await on.apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("an incomplete delivery is refused and leaves no files behind", async () => {
  const result = await on.host.run(["fairhost-host", "apply"], { stdin: delivery(base).slice(0, -20) });
  expect(result.exitCode).toBe(5);
  expect(result.stderr).toContain("the delivery is refused and nothing was changed");
  expect(await on.shell("find /run/fairhost -name '*.delivery'")).toBe("");
});
