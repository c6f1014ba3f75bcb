import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { touchedCells } from "./cells.ts";
import { reviewInventories } from "./from-inventories.ts";

const directory = mkdtempSync(join(tmpdir(), "fairhost-cells-"));
const [base, inventory] = ["base", "head"].map((name) => join(directory, name)) as [string, string];
const head = new Draft(inventory);
const address = "    address: fd00:8000::1\n";
const ssh = "    ssh:\n      address: 192.0.2.1\n";
const account = (number: number, host: string) =>
  head.write(
    `accounts/${number}-new-${number}.yaml`,
    `number: ${number}\nname: new-${number}\nplan: small\nhost: ${host}\n`,
  );

/** The lab's hosts in a cell each, and its router with `ssh`. */
beforeEach(() => {
  for (const to of [base, inventory]) {
    rmSync(to, { recursive: true, force: true });
    cpSync(join(import.meta.dirname, "../../inventory/lab"), to, { recursive: true });
    const draft = new Draft(to);
    draft.edit("hosts/web2.yaml", "name: web2\n", "name: web2\ncell: second\n");
    draft.edit("plans/small.yaml", "name: small\n", "name: small\ntakeover: false\n");
    draft.edit("network.yaml", address, address + ssh);
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

const cells = () => touchedCells({ base, inventory });
async function review(cell: string) {
  const outcome = await reviewInventories({ base, inventory, cell, today: "2026-11-29" });
  if (outcome.kind !== "reviewed") throw new Error(JSON.stringify(outcome));
  const { effects, stages, level } = outcome.review;
  return { level, waves: stages.map(({ hosts }) => hosts), said: effects.map(({ sentence }) => sentence).join("\n") };
}

test("an account that comes touches its cell and the routers, which the review of each names", async () => {
  account(7, "web2");
  expect(await cells()).toEqual(["routers", "second"]);
  const routers = await review("routers");
  expect([routers.level, routers.waves]).toEqual(["safe", [["router-1"]]]);
  expect(routers.said).toContain("Rewrites 1 file of router-1 itself: bird/bird.conf.");
  const second = await review("second");
  expect(second.waves).toEqual([["web2"]]);
  expect(second.said).not.toContain("router-1");
});

test("what routers are not told of touches no routers; what concerns all touches theirs, too", async () => {
  head.edit("accounts/1-alice.yaml", "idleSeconds: 10", "idleSeconds: 11");
  expect(await cells()).toEqual(["main"]);
  head.edit("network.yaml", address, `${address}    gracefulShutdown: true\n`);
  expect(await cells()).toEqual(["main", "routers", "second"]);
  expect((await review("routers")).waves).toEqual([["router-1"]]);
  expect((await review("main")).waves).toEqual([["web1"]]);
});

test("`ssh` of a router is trusted in the cell of routers alone", async () => {
  head.edit("network.yaml", ssh, "");
  expect((await review("main")).level).toBe("safe");
  expect((await review("routers")).level).toBe("needs approval");
});

test("a fleet of one cell has no cell of routers", async () => {
  for (const to of [base, inventory]) new Draft(to).edit("hosts/web2.yaml", "cell: second\n", "");
  account(7, "web2");
  expect(await cells()).toEqual(["main"]);
  expect((await review("main")).waves).toEqual([["router-1"], ["web2"]]);
  await expect(review("routers")).rejects.toThrow('no host is in cell "routers"');
});

test("a fleet that comes to one cell is reviewed in all cells that it had", async () => {
  head.edit("hosts/web2.yaml", "cell: second\n", "");
  head.edit("network.yaml", address, `${address}    gracefulShutdown: true\n`);
  expect(await cells()).toEqual(["main", "routers", "second"]);
  expect((await review("main")).waves).toEqual([["router-1"]]);
  const routers = await review("routers");
  expect([routers.level, routers.waves]).toEqual(["needs approval", []]);
  expect(routers.said).toContain("Changes router router-1: SSH removed, graceful shutdown none to yes.");
  expect((await review("second")).waves).toEqual([]);
});

test("a cell that no side has is refused with the cells that there are, that of routers among them", async () => {
  await expect(review("secnd")).rejects.toThrow('no host is in cell "secnd"; there are main, routers, second');
});
