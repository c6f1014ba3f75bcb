import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { declarationOf, type FixtureAccount, service } from "../../testing/fixtures/bundle-fixture.ts";

/** What a deploy does with services, and what the host says of one that is disabled. */
const worker = (words: string) => service("worker", ["/bin/sh", "-c", `echo ${words}; exec sleep 1000`]);
const other = service("other", ["/usr/bin/sleep", "1000"]);
const fails = service("fails", ["/usr/bin/false"], { maxFailures: 1 });
const bundle = (...services: NonNullable<FixtureAccount["services"]>) =>
  renderBundle(declarationOf([{ number: 1, name: "alice", services }]), "web1");
const unit = (name: string) => `account-1-service-${name}.service`;

let on: AppliedHost;
const pid = (name: string) => on.shell(`systemctl show -p MainPID --value ${unit(name)}`);

beforeAll(async () => {
  on = await appliedHost("deploy-services");
  const { report, stderr } = await on.apply(bundle(worker("one"), other));
  expect(report.result, stderr).toBe("applied");
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("a service that comes, changes or goes touches no other", async () => {
  const before = await pid("other");
  expect(before).not.toBe("0");
  const changed = await on.apply(bundle(worker("two"), other));
  expect(changed.report.hooks).toEqual(["daemon-reload", `restart ${unit("worker")}`]);
  await on.until("grep -qx two /srv/accounts/1/admin/logs/service-worker.log");
  const added = await on.apply(bundle(worker("two"), other, service("third", ["/usr/bin/sleep", "1000"])));
  expect(added.report.hooks).toEqual([`start ${unit("third")}`]);
  const removed = await on.apply(bundle(other));
  expect(removed.report.hooks).toEqual([`stop ${unit("third")} ${unit("worker")}`]);
  expect(await on.states(unit("worker"), unit("third"), unit("other"))).toEqual(["inactive", "inactive", "active"]);
  expect(await pid("other")).toBe(before);
  expect(await on.shell("cat /srv/accounts/1/admin/logs/service-worker.log")).toBe("one\ntwo");
});

test("a disabled service is in the host's status and in drift, fails no deploy, and only its change starts it again", async () => {
  const { report, stderr } = await on.apply(bundle(other, fails));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  await on.until(`systemctl is-failed ${unit("fails")}`);
  expect(await on.status()).toMatchObject({ disabled: [unit("fails")], notRunning: [] });
  expect(await on.shell("fairhost-host status")).toMatch(/^disabled +account-1-service-fails\.service$/m);
  // Exit status 1 is drift; a note is none.
  const inspected = await on.host.run(["fairhost-host", "inspect"]);
  expect(inspected.stdout).toContain(
    "note: unit-failed: account-1-service-fails.service is disabled: it failed too often, and nothing starts it again; its log is admin/logs/service-fails.log",
  );
  await on.until("grep -q 'disabled after 1 failure' /srv/accounts/1/admin/logs/service-fails.log");
  const again = await on.apply(bundle(other, fails));
  expect(again.report).toMatchObject({ result: "unchanged", hooks: [] });
  expect(await on.states(unit("fails"))).toEqual(["failed"]);
  const mended = await on.apply(bundle(other, { ...fails, command: ["/usr/bin/sleep", "1000"] }));
  expect(mended.report.hooks).toEqual(["daemon-reload", `start ${unit("fails")}`]);
  expect(await on.states(unit("fails"))).toEqual(["active"]);
  expect(await on.status()).toMatchObject({ disabled: [] });
});
