import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { InventoryError, loadFleet } from "../load/load.ts";

const [network, host] = ["network.yaml", "hosts/web1.yaml"];
const router = "    address: fd00:8000::1\n";
const reached = [network, router, `${router}    ssh:\n      address: 192.0.2.1\n`] as const;

/** What the fleet for trials is refused for after edits of its files. */
async function problems(...edits: readonly (readonly [file: string, from: string, to: string])[]): Promise<string[]> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-ways-"));
  try {
    cpSync(join(import.meta.dirname, "../../inventory/trial"), directory, { recursive: true });
    const draft = new Draft(directory);
    for (const [file, from, to] of edits) draft.edit(file, from, to);
    const found = await loadFleet(directory).catch((error: unknown) => error);
    if (found instanceof InventoryError) return found.problems.map(({ message }) => message);
    if (found instanceof Error) throw found;
    return [];
  } finally {
    rmSync(directory, { recursive: true });
  }
}

test("a router of a maker that deliveries serve may have `ssh`", async () => {
  expect(await problems(reached)).toEqual([]);
});

test("`ssh` of a router of another maker is refused, with the makers that are served", async () => {
  expect(await problems(reached, [network, "manufacturer: bird", "manufacturer: nokia"])).toContain(
    'router "router-1" is made by nokia, to which nothing can be delivered (only to bird, frr)',
  );
});

test("a router may have `ssh` in a fleet of several cells, and no host can be in the cell of routers", async () => {
  const inCell = (cell: string) => [host, "name: web1\n", `name: web1\ncell: ${cell}\n`] as const;
  expect(await problems(reached, inCell("second"))).toEqual([]);
  expect(await problems(reached, inCell("routers"))).toEqual(['the cell "routers" is that of routers']);
});

test("a router with `ssh` does not have the name of a host", async () => {
  const edits = [network, "  - name: router-1\n", "  - name: web1\n"] as const;
  expect(await problems(reached, edits)).toContain(
    'router "web1" has the name of a host, and deploys call both by name',
  );
});

test("a router and a host do not have one SSH address", async () => {
  const { address } = /ssh:\n +address: (?<address>\S+)/.exec(
    readFileSync(join(import.meta.dirname, "../../inventory/trial", host), "utf8"),
  )!.groups!;
  expect(await problems([network, router, `${router}    ssh:\n      address: ${address}\n`])).toEqual([
    `the SSH address "${address}" is already used at hosts/web1.yaml:15`,
  ]);
});
