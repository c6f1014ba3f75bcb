import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { ApplyReport, Bundle, BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
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

/** A unit that starts only when a test says so ({@link finish}), so that it can interrupt the apply that starts it. */
function slow(text: string): { files: BundleFile[]; units: BundleUnit[] } {
  const name = "fairhost-slow.service";
  const content = `[Unit]\nDescription=${text}\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=/bin/sh -c 'until [ -e /run/finish ]; do sleep 0.1; done'\n`;
  return {
    files: [{ path: `systemd/${name}`, content }],
    units: [{ name, want: "start", restartOn: [`systemd/${name}`] }],
  };
}

function slowBundle(text: string): Bundle {
  const { files, units } = slow(text);
  return bundleOf(
    { 1: accountGroup(1, text, [site(1)]), 2: accountGroup(2, "one", [site(2)]) },
    fullHost([nginx(), firewall(), ...files], units),
  );
}

const starting = () => on.until("systemctl is-active fairhost-slow.service | grep -q activating");
const finish = () => on.shell("touch /run/finish");

/** Starts an apply in the background, as an SSH session would; what it says is in /run/<name>.err. @returns the client's process id */
async function applyInBackground(bundle: Bundle, name = "first"): Promise<string> {
  await on.host.writeFile(`/run/${name}.delivery`, delivery(bundle));
  return on.shell(`fairhost-host apply </run/${name}.delivery >/run/${name}.out 2>/run/${name}.err & echo $!`);
}

/** The report of an apply in the background, once it is over. */
async function reportOf(name: string): Promise<ApplyReport> {
  await on.until(`grep -q '"result"' /run/${name}.out`);
  return JSON.parse(await on.shell(`cat /run/${name}.out`)) as ApplyReport;
}

beforeAll(async () => {
  on = await appliedHost("interrupted");
}, 300_000);

afterAll(async () => on?.[Symbol.asyncDispose]());

beforeEach(async () => {
  await on.shell("rm -f /run/finish");
  const { report, stderr } = await on.apply(base);
  expect(["applied", "unchanged"], stderr).toContain(report.result);
});

test("if the applier dies before it can roll back, the dead-man timer does", async () => {
  const rules = await on.shell("nft list ruleset");
  await applyInBackground(bundleOf({ 1: accountGroup(1) }, fullHost([nginx(), firewall("tcp dport 24 accept")])));
  await on.until("nft list ruleset | grep -q 'dport 24'");
  await on.shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
  await on.until("! nft list ruleset | grep -q 'dport 24'", 90);
  expect(await on.shell("nft list ruleset")).toBe(rules);
}, 120_000);

test("a lost SSH session does not interrupt the apply, and the next apply finds it done", async () => {
  const bundle = slowBundle("lost session");
  const client = await applyInBackground(bundle);
  await starting();
  await on.shell(`kill -KILL ${client}`);
  await applyInBackground(bundle, "second");
  await on.until("grep -q 'the same bundle is already being applied' /run/second.err");
  await finish();
  const report = await reportOf("second");
  expect(report.result).toBe("applied");
  expect((await on.apply(bundle)).report).toMatchObject({ result: "unchanged", generation: report.generation });
});

test("an applier killed in the middle of its hooks: the next apply completes them", async () => {
  const bundle = slowBundle("killed applier");
  await applyInBackground(bundle);
  await starting();
  await on.shell("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
  await on.until("grep -q 'ended without a report' /run/first.err");
  expect(await on.status()).toMatchObject({ interrupted: true, drift: [] });
  await finish();
  const { report } = await on.apply(bundle);
  expect(report.result).toBe("applied");
  expect(await on.status()).toMatchObject({ interrupted: false, notRunning: [] });
  expect((await on.apply(bundle)).report.result).toBe("unchanged");
});

test("a boot completes them too, and its report stays although the first one's client learns later of the end", async () => {
  const client = await applyInBackground(slowBundle("power cut"));
  await starting();
  await on.shell(`kill -STOP ${client}; systemctl kill --signal=KILL 'fairhost-apply-*.service'`);
  await finish();
  await on.shell(`systemctl start fairhost-recover.service; kill -CONT ${client}`);
  await on.until("grep -q 'ended without a report' /run/first.err");
  await on.until(`! kill -0 ${client}`);
  expect(await on.status()).toMatchObject({ interrupted: false, notRunning: [], lastResult: "applied" });
});

test("two different deliveries at once: one after the other, the second says for which one it waits", async () => {
  await applyInBackground(slowBundle("first of two"));
  await starting();
  await applyInBackground(base, "second");
  await on.until("grep -qE 'waiting up to [0-9]+ s for apply .process [0-9]+, since ' /run/second.err");
  await finish();
  expect(await reportOf("second")).toMatchObject({ result: "applied", errors: [] });
  expect((await on.apply(base)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
});

test("an incomplete delivery is refused and leaves no files behind", async () => {
  const result = await on.host.run(["fairhost-host", "apply"], { stdin: delivery(base).slice(0, -20) });
  expect(result.exitCode).toBe(5);
  expect(result.stderr).toContain("the delivery is refused and nothing was changed");
  expect(await on.shell("find /run/fairhost -name '*.delivery'")).toBe("");
});

test("so is one with a damaged group, which only the job looks into", async () => {
  const before = (await on.status()).generation;
  const damaged = { ...base, groups: { ...base.groups, "account-1": { ...base.groups["account-1"]!, units: [] } } };
  const result = await on.host.run(["fairhost-host", "apply"], { stdin: delivery(damaged) });
  expect(result.exitCode).toBe(5);
  expect(JSON.parse(result.stdout)).toMatchObject({ result: "failed", hooks: [], changedGroups: [] });
  expect(result.stderr).toContain("nothing was changed: the digest of group account-1 does not match its content");
  expect(await on.shell("find /run/fairhost -name '*.delivery'")).toBe("");
  expect((await on.status()).generation).toBe(before);
});
