import { expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { defaultLimits, type Limits } from "../../components/review/limits.file.ts";
import { accountMoved, everyHostChanged, sixHosts } from "../../testing/fixtures/wave-fixture.ts";
import { between, reviewed, to } from "../../testing/test-guard-rule.ts";

/** The waves in which a change of six hosts is deployed. */
function waves(limits: Partial<Limits>, before: Declaration = sixHosts()) {
  return reviewed({ ...between(before, everyHostChanged(before)), limits: { ...defaultLimits, ...limits } }).waves;
}

test("hosts are spread over waves, the smallest first, and a host and its standby are never in one", () => {
  const planned = waves({ hosts: 2, capacityPercent: 50 });
  expect(planned.map(({ hosts }) => hosts)).toEqual([
    ["h2", "h3"],
    ["h4", "h5"],
    ["h1", "h6"],
  ]);
  expect(planned.every(({ overLimit }) => !overLimit)).toBe(true);
});

test("no wave has all hosts of one role at a site", () => {
  const fleet = sixHosts();
  const spare = (name: string) => (name === "h5" || name === "h6" ? { role: "spare" } : {});
  const roles = { ...fleet, hosts: fleet.hosts.map((host) => ({ ...host, ...spare(host.name) })) };
  expect(waves({ hosts: 5, capacityPercent: 100 }, roles).map(({ hosts }) => hosts)).toEqual([
    ["h2", "h3", "h4", "h5"],
    ["h1", "h6"],
  ]);
});

test("per cent of the fleet's cores", () => {
  expect(waves({ hosts: 6, capacityPercent: 34 }).map(({ hosts }) => hosts.length)).toEqual([2, 2, 2]);
  expect(waves({ hosts: 6, capacityPercent: 1 }).map(({ hosts }) => hosts.length)).toEqual([1, 1, 1, 1, 1, 1]);
});

test("hosts between which an account moves, and the host of its backups, are one wave", () => {
  const { waves: planned } = reviewed({ ...to(accountMoved()), limits: { ...defaultLimits, hosts: 1 } });
  expect(planned.map(({ hosts }) => hosts)).toEqual([["b1", "h1", "h2"]]);
});
