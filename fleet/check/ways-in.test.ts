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

test.each<[what: string, address: string, taken: string]>([
  ["its own management controller", "fd00:8000::b1", "hosts/web1.yaml:12"],
  ["a router", "fd00:8000:0::1", "network.yaml:81"],
])("a host's SSH address is not that of %s", async (_, address, at) => {
  const file = readFileSync(join(import.meta.dirname, "../../inventory/trial", host), "utf8");
  const own = /ssh:\n +address: (?<address>\S+)/.exec(file)!.groups!.address!;
  expect(await problems([host, `ssh:\n  address: ${own}`, `ssh:\n  address: ${address}`])).toEqual([
    `the SSH address "${address}" is that of another machine, at ${at}`,
  ]);
});

test("a router's SSH address may be its own, and not a host's", async () => {
  const ssh = (address: string) => [network, router, `${router}    ssh:\n      address: ${address}\n`] as const;
  expect(await problems(ssh("fd00:8000::1"))).toEqual([]);
});

test.each(["fd00:8000:0:3e9::1", "fd00:8000:0:3e9::/64", "fd00:8000::/32"])(
  "deploys come from no address of an account: %s",
  async (controller) => {
    expect(await problems([network, "fleet: trial\n", `fleet: trial\ncontrollers: ["${controller}"]\n`])).toEqual([
      `the controller "${controller}" has addresses of accounts of site "trial", fd00:8000::/48 without its first /64`,
    ]);
  },
);

test("deploys may come from subnet 0 of a site, or from elsewhere", async () => {
  const controllers = 'controllers: ["fd00:8000::c0", "fd00:8000::/64", "2001:db8::/32", 192.0.2.7]';
  expect(await problems([network, "fleet: trial\n", `fleet: trial\n${controllers}\n`])).toEqual([]);
});
