import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { routerPlans } from "../components/network/router-systems/router-plan.ts";
import { routerSystems } from "../components/network/router-systems/router-systems.generated.ts";
import type { BundleGroup } from "../delivery/protocol/bundle.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { formatStatus } from "../host/apply/status.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { fullFleet } from "../testing/fixtures/full-fleet.ts";

const unit = /([\w@-]+)\.(service|socket|timer|path|slice|target)$/;

/** As the page names it: what a timer, a socket or a path unit starts has the service's name. */
const named = (name: string) => name.replace(/\.(service|socket|timer|path)$/, "");

/** The one unit that is in no bundle, since it brings bundles into force (host/apply/init.ts). */
const writtenByInit = "fairhost-recover";

/** Units of the host itself: what it renders, and what of Debian it starts. */
function unitsOf({ files, units }: Pick<BundleGroup, "files" | "units">): string[] {
  const rendered = files.flatMap(({ path }) => (/^systemd\/[^/]+$/.test(path) ? (unit.exec(path)?.[0] ?? []) : []));
  return [...rendered, ...units.map(({ name }) => name)].map(named);
}

const page = readFileSync(join(import.meta.dirname, "reference/units-of-a-host.md"), "utf8");
const aboutStatus = "## What `fairhost-host status` says";

/** What stands in backquotes in the first column. */
const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .flatMap((row) => [...row.split(" | ")[0]!.matchAll(/`([^`]+)`/g)].map(([, name]) => name!));

test("the page about units says of each unit of hosts, backup hosts and routers what it does, and of no other", async () => {
  const read = async (fleet: string) => (await loadFleet(join(import.meta.dirname, "../inventory", fleet))).fleet;
  const fleets = [declare(fullFleet(await read("prod"))), declarationFixture({ hosts: 1, accounts: 1 })];
  const hosts = fleets.flatMap((fleet) => fleet.hosts.map(({ name }) => renderBundle(fleet, name).groups.host!));
  const [plan] = routerPlans(declare(await read("trial")));
  const routers = routerSystems.flatMap(({ delivered }) => delivered?.bundle(plan!) ?? []);
  const units = [...[...hosts, ...routers].flatMap(unitsOf), writtenByInit];
  const said = rowsOf(page.slice(0, page.indexOf(aboutStatus)));
  expect([...new Set(said)].sort()).toEqual([...new Set(units)].sort());
});

test("it says of each line of the status what it means", () => {
  const [, section] = page.split(aboutStatus);
  const text = formatStatus({
    ...{ host: "web1", generation: 7, digest: "0a1b2c", accounts: 1, applied: 7, interrupted: false, drift: [] },
    ...{
      notRunning: [],
      disabled: [],
      failing: [],
      outdated: [],
      held: [],
      gone: ["it has gone"],
      notYet: ["it gets a name"],
      waiting: "it waits",
    },
    ...{ copies: ["a copy"], restores: ["a restore"], firewall: "as loaded", lastResult: "applied" },
    working: { work: "apply", pid: 1, since: "2026-11-29T20:00:00Z" },
  });
  const labels = text.split("\n").flatMap((line) => /^(\S+(?: \S+)*) {2,}/.exec(line)?.[1] ?? []);
  expect(rowsOf(section!.split("## ")[0]!)).toEqual(expect.arrayContaining(labels.filter((label) => label !== "host")));
});
