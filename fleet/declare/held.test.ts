import { join } from "node:path";
import { expect, test } from "vitest";
import type { Held } from "../../components/declaring.ts";
import { loadFleet } from "../load/load.ts";
import { declare } from "./declare.ts";

const { fleet } = await loadFleet(join(import.meta.dirname, "../../inventory/prod"));
const vanished = (held: readonly Held[], own = fleet) => declare(own, { held }).registers[0]!.vanished;
const held = (kind: Held["kind"], name: string, protect = false): Held => ({ kind, name, protect });

/** Content of a stack that has just deployed the fleet. */
const everything: Held[] = [
  ...declare(fleet).accounts.map(({ number, protect }) => held("account", String(number), protect)),
  ...declare(fleet).hosts.map(({ name }) => held("host", name)),
  ...declare(fleet).routers.map(({ name }) => held("router", name)),
  ...declare(fleet).switches.map(({ name }) => held("switch", name)),
  ...declare(fleet).sites.map(({ name }) => held("site", name)),
  ...declare(fleet).ranges.map(({ prefix }) => held("range", prefix)),
];

test("elements of the fleet, and elements listed as deleted or retired, have not vanished", () => {
  expect(vanished(everything)).toEqual([]);
  expect(vanished([held("account", "1003"), held("account", "1006")])).toEqual([]);
  const retired = { ...fleet, retired: [{ kind: "host" as const, name: "par1-web9", retired: "2026-11-22" }] };
  expect(vanished([held("host", "par1-web9")], retired)).toEqual([]);
});

test("when a file is missing, its elements have vanished", () => {
  const fewer = {
    ...fleet,
    accounts: fleet.accounts.filter(({ number }) => number !== 1013),
    hosts: fleet.hosts.filter(({ name }) => name !== "par1-spare1"),
    network: { ...fleet.network, prefixes4: fleet.network.prefixes4.slice(0, 1) },
  };
  expect(vanished(everything, fewer)).toEqual([
    { kind: "account", name: "1013", protect: true },
    { kind: "host", name: "par1-spare1", protect: false },
    { kind: "range", name: "188.72.70.0/24", protect: false },
  ]);
});

test("an account in another cell has not vanished", () => {
  const cells = { ...fleet, hosts: fleet.hosts.map((host) => ({ ...host, cell: host.site })) };
  expect(declare(cells, { cell: "par1", held: everything }).registers[0]!.vanished).toEqual([]);
});
