import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { touchedCells } from "./cells.ts";
import { reviewInventories } from "./from-inventories.ts";

const directory = mkdtempSync(join(tmpdir(), "fairhost-moves-"));
const [base, inventory] = ["base", "head"].map((name) => join(directory, name)) as [string, string];
const head = new Draft(inventory);
const press = "accounts/1007-press.yaml";

/** The example fleet with some hosts in a second cell. Account 1007 is on par2-web1 (main). */
beforeEach(() => {
  for (const to of [base, inventory]) {
    rmSync(to, { recursive: true, force: true });
    cpSync(join(import.meta.dirname, "../../inventory/prod"), to, { recursive: true });
    for (const host of ["par1-web2", "par1-web3", "par2-web2", "par2-web3", "bak1-backup2"])
      new Draft(to).append(`hosts/${host}.yaml`, "cell: second\n");
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

async function said(cell?: string): Promise<string[]> {
  const outcome = await reviewInventories({ base, inventory, cell, today: "2026-11-29" });
  if (outcome.kind !== "reviewed") throw new Error(JSON.stringify(outcome));
  return outcome.review.findings.map(
    ({ rule, level, message, approval }) =>
      `${level} ${rule}: ${message}${approval ? ` [${approval.action} ${approval.resource}]` : ""}`,
  );
}

const moves =
  "needs approval moves-planned: Moves account 1007 (press) from par2-web1 in cell main to par2-web2 in cell second. No deploy copies data between cells: the stack of main would delete the account, and the stack of second would begin it empty. Choose a host in cell main, or restore its backup there by hand. [move account 1007]";

test("an account that goes to another cell is the same finding in both, and with all", async () => {
  head.edit(press, "host: par2-web1", "host: par2-web2");
  expect(await touchedCells({ base, inventory })).toEqual(["main", "second"]);
  expect(await said()).toEqual([moves]);
  expect(await said("main")).toEqual([
    "blocked data-kept: Account 1007 (press) is protected and would be deleted: it moves to par2-web2, which is in another cell.",
    moves,
  ]);
  expect(await said("second")).toEqual([moves]);
});

test("an account that stays on a host which is carried to another cell does not move", async () => {
  head.edit("hosts/par2-web2.yaml", "cell: second\n", "");
  for (const cell of [undefined, "main", "second"])
    expect((await said(cell)).filter((line) => line.includes("Moves account"))).toEqual([]);
});

test("an account that goes to another host of its cell is copied by the deploy", async () => {
  head.edit(press, "host: par2-web1", "host: par2-web4");
  for (const cell of [undefined, "main"])
    expect((await said(cell)).join("\n")).toContain("`guard deploy` copies its data");
});
