import { join } from "node:path";
import { expect, test } from "vitest";
import type { Fleet } from "../../../components/registry/files.generated.ts";
import { loadFleet } from "../../../fleet/load/load.ts";
import { fullFleet } from "../../../testing/fixtures/full-fleet.ts";
import { fileChanges } from "./file-changes.ts";

/** Files that no component declares: nothing of them changes unsaid, and who is trusted and what one change may do needs an approval. */
const fleet = fullFleet((await loadFleet(join(import.meta.dirname, "../../../inventory/prod"))).fleet);
const [first, second] = fleet.knownHosts as [Fleet["knownHosts"][number], Fleet["knownHosts"][number]];
const other = `${first.key.slice(0, -1)}A`;

function said(change: Partial<Fleet>) {
  const { findings, notices } = fileChanges(fleet, { ...fleet, ...change });
  const needs = findings.map(({ rule, approval }) => `${rule}: ${approval?.action} ${approval?.resource}`);
  return { needs, notices };
}

test("the same files say nothing; nor does another order of lines", () => {
  expect(said({})).toEqual({ needs: [], notices: [] });
  expect(said({ knownHosts: fleet.knownHosts.toReversed() })).toEqual({ needs: [], notices: [] });
});

test.each<[string, Partial<Fleet["limits"]>, string]>([
  ["more hosts", { hosts: 3 }, "hosts 2 to 3"],
  ["all accounts at once", { accounts: 100_000 }, "accounts 500 to 100000"],
  ["another way of deploying", { deployment: "at-once" }, "way of deploying in-waves to at-once"],
  ["any number of deletions", { deletions: 1e6 }, "deletions 10 to 1000000"],
])("limits, %s: said, and needs an approval", (_, change, words) => {
  expect(said({ limits: { ...fleet.limits, ...change } })).toEqual({
    needs: ["trust-approved: weaken limits deployment"],
    notices: [`limits.yaml changes: ${words}.`],
  });
});

test("smaller limits are said and free", () => {
  expect(said({ limits: { ...fleet.limits, hosts: 1, deletions: 0 } })).toEqual({
    needs: [],
    notices: ["limits.yaml changes: hosts 2 to 1, deletions 10 to 0."],
  });
});

test.each<[string, Fleet["knownHosts"][number]]>([
  ["a pattern for all", { ...first, names: "*", key: other }],
  ["a pattern for some", { ...first, names: "2a00:b6e0:100::*", key: other }],
  ["a pattern beside a host's own name", { ...first, names: `${first.names},*` }],
  ["a certificate authority", { ...first, marker: "@cert-authority", names: first.names }],
  ["a second key of a host", { ...first, type: "ssh-rsa", key: other }],
  ["a name that no declared host has", { ...first, names: "elsewhere.example.net" }],
  ["another revoked key", { ...second, marker: "@revoked" }],
])("known_hosts, %s: needs an approval of exactly this line", (_, line) => {
  const knownHosts = [...fleet.knownHosts, line];
  const { needs, notices } = said({ knownHosts });
  expect(needs).toEqual([expect.stringMatching(/^trust-approved: trust known [0-9a-f]{32}$/)]);
  expect(notices).toEqual([expect.stringMatching(/^known_hosts changes: .* added\.$/)]);
  const further = said({ knownHosts: [...knownHosts, { ...line, key: `${line.key.slice(0, -1)}B` }] });
  expect(further.needs).not.toEqual(needs);
});

test("known_hosts, a revocation taken back: needs an approval", () => {
  const knownHosts = fleet.knownHosts.filter(({ marker }) => marker === undefined);
  expect(said({ knownHosts }).needs).toEqual([expect.stringMatching(/^trust-approved: trust known /)]);
});

test("known_hosts, the pinned key of a declared host: said; the host itself needs the approval (trust-approved)", () => {
  const knownHosts = fleet.knownHosts.map((line) => (line === first ? { ...line, key: other } : line));
  const { needs, notices } = said({ knownHosts });
  expect(needs).toEqual([]);
  expect(notices).toHaveLength(1);
});

test.each<[string, Partial<Fleet>, string]>([
  ["tombstones.yaml", { tombstones: fleet.tombstones.map((each) => ({ ...each, name: "another" })) }, "1003 name "],
  ["tombstones.yaml", { tombstones: [] }, "1003 removed, 1006 removed"],
  ["retired.yaml", { retired: [] }, "host par1-web9 removed"],
  ["approvals.yaml", { approvals: [] }, "move account 1001 removed"],
  ["waivers.yaml", { waivers: fleet.waivers.map((each) => ({ ...each, owner: "Al" })) }, "owner Jo to Al"],
])("%s: every change is said, though another rule or nobody judges it", (file, change, words) => {
  const { needs, notices } = said(change);
  expect(needs).toEqual([]);
  expect(notices).toEqual([expect.stringContaining(`${file} changes: `)]);
  expect(notices[0]).toContain(words);
});

test("what an older release did not read, or had no word for, is no change", () => {
  const { secondPerson: _, ...limits } = fleet.limits;
  const older = { ...fleet, limits, knownHosts: undefined } as unknown as Fleet;
  expect(fileChanges(older, fleet)).toEqual({ notices: [], findings: [] });
  // An earlier state is read by this release, and compared with what the base's own read.
  expect(fileChanges(fleet, older)).toEqual({ notices: [], findings: [] });
});

test("of a hundred changed fields eight are named, and how many more there are", () => {
  const tombstones = Array.from({ length: 100 }, (_, at) => ({ number: 9000 + at, name: "x", deleted: "2026-11-20" }));
  const { notices } = said({ tombstones: [...fleet.tombstones, ...tombstones] });
  expect(notices).toEqual([expect.stringMatching(/^tombstones.yaml changes: 9000 added, .*, 92 more fields\.$/)]);
});
