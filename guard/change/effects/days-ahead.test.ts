import { join } from "node:path";
import { expect, test } from "vitest";
import type { Fleet } from "../../../components/registry/files.generated.ts";
import { loadFleet } from "../../../fleet/load/load.ts";
import { fullFleet } from "../../../testing/fixtures/full-fleet.ts";
import { daysAhead } from "./days-ahead.ts";

const fleet = fullFleet((await loadFleet(join(import.meta.dirname, "../../../inventory/prod"))).fleet);
const today = "2026-11-24";
const [account, ...accounts] = fleet.accounts;
const [host, ...hosts] = fleet.hosts;
const told = (after: Fleet, before: Fleet = fleet) => daysAhead(before, after, today).map(({ message }) => message);

test.each<[what: string, change: (day: string) => Partial<Fleet>, said: string]>([
  ["a deletion", (deleted) => ({ tombstones: [{ number: 7, name: "x", deleted }] }), "deleted DAY (tombstones.yaml)"],
  ["what is retired", (retired) => ({ retired: [{ kind: "host", name: "x", retired }] }), "retired DAY (retired.yaml)"],
  [
    "a suspension",
    (since) => ({ accounts: [{ ...account!, suspended: { since, reason: "unpaid" } }, ...accounts] }),
    "suspended.since DAY (account 1001)",
  ],
  ["a loss", (lost) => ({ hosts: [{ ...host!, lost }, ...hosts] }), `lost DAY (host ${host!.name})`],
  [
    "upgrades of all packages",
    (asOf) => ({ network: { ...fleet.network, upgrades: { security: true, reboot: false, asOf } } }),
    "upgrades.asOf DAY (network.yaml)",
  ],
  [
    "a backup",
    (snapshot) => ({ accounts: [{ ...account!, restore: { id: "r", snapshot, what: ["all"] } }, ...accounts] }),
    "restore.snapshot DAY (account 1001)",
  ],
])("the day of %s has come", (_, change, said) => {
  const with_ = (day: string): Fleet => ({ ...fleet, ...change(day) });
  const message = (day: string) =>
    `Says ${said.replace("DAY", day)}, a date in the future. Write the day on which it happened.`;
  // Where it is tomorrow already.
  for (const day of ["2026-03-01", today, "2026-11-25"]) expect(told(with_(day))).toEqual([]);
  for (const day of ["2026-11-26", "2062-11-24"]) expect(told(with_(day))).toEqual([message(day)]);
  expect(told(with_("2062-11-24"), with_("2062-11-24"))).toEqual([]);
});

test("what is no day, and what ends on a day, may come", () => {
  const restore = { id: "r", snapshot: "before q", what: ["all"] };
  expect(told({ ...fleet, accounts: [{ ...account!, restore }, ...accounts] })).toEqual([]);
});

test("a base whose release did not read a folder or a file yet is compared without it", () => {
  const { plans: _, retired: __, ...older } = fleet;
  expect(told(fleet, older as Fleet)).toEqual([]);
});
