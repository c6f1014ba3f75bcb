import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { expect, test } from "vitest";
import type { DeclaredFacts } from "../../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { Tree } from "../../../testing/fakes/host-tree.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";
import type { RunResult } from "../../os/machine.ts";
import { lookAtClock } from "./clock.ts";

const hour = 3_600_000;
const started = Date.UTC(2026, 10, 1);
const base = declarationOf([]);
const networks = base.networks.map((network) => ({ ...network, timeServers: [{ name: "time.example", nts: true }] }));
const bundles = { declared: renderBundle({ ...base, networks }, "web1"), without: renderBundle(base, "web1") };

/** What \`chronyc -c tracking\` says: the last believed answer so many hours after the start. */
const tracking = (hours?: number) =>
  `C0000201,192.0.2.1,3,${hours === undefined ? "0.000000000" : `${(started + hours * hour) / 1000}.123456789`},0.000001,0.0,0.0,1.5,0.0,0.1,0.001,0.002,64.5,Normal\n`;

/** What is found so many hours after chronyd has started. */
async function found(hours: number, says: Partial<RunResult>, which: keyof typeof bundles = "declared") {
  using tree = new Tree();
  const pid = tree.at("/run/chrony/chronyd.pid");
  mkdirSync(dirname(pid), { recursive: true });
  writeFileSync(pid, "1");
  utimesSync(pid, started / 1000, started / 1000);
  const run = async () => ({ status: 0, stdout: "", stderr: "", ...says });
  const facts: DeclaredFacts = which === "declared" ? { timeServers: ["time.example"] } : {};
  const all = await lookAtClock({ ...tree.machine(), run }, bundles[which], facts, started + hours * hour);
  return all.map(({ kind, message, note }) => `${note ? "note " : ""}${kind}: ${message}`);
}

test("a clock has time to find a server after a start, and to find it again", async () => {
  expect(await found(2.9, { stdout: tracking() })).toEqual([]);
  expect(await found(50, { stdout: tracking(48) })).toEqual([]);
});

test("one that follows no declared server is drift, whether it never did or does no more", async () => {
  expect(await found(4, { stdout: tracking() })).toEqual([
    "clock-alone: the clock has never followed a server since 2026-11-01T00:00:00.000Z: none of the declared ones (time.example) gives an answer that chrony accepts",
  ]);
  expect(await found(52, { stdout: tracking(48) })).toEqual([
    "clock-alone: the clock follows no server since 2026-11-03T00:00:00.123Z: none of the declared ones (time.example) gives an answer that chrony accepts",
  ]);
});

test("without declared servers it is a note: a lab has no way to public ones", async () => {
  expect(await found(4, { stdout: tracking() }, "without")).toEqual([
    expect.stringMatching(/^note clock-alone: .* none of the public ones \(time\.cloudflare\.com, /),
  ]);
});

test("a daemon that does not say it is drift, not silence", async () => {
  expect(await found(1, { status: 1, stdout: "506 Cannot talk to daemon\n" })).toEqual([
    "clock-alone: `chronyc tracking` does not say which server the clock follows: 506 Cannot talk to daemon",
  ]);
});
