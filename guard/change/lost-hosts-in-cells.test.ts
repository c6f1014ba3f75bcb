import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import { touchedCells } from "./cells.ts";
import { reviewInventories } from "./from-inventories.ts";

const directory = mkdtempSync(join(tmpdir(), "fairhost-lost-"));
const [base, inventory] = ["base", "head"].map((name) => join(directory, name)) as [string, string];
const [before, head] = [new Draft(base), new Draft(inventory)];
const isLost = "lost: 2026-11-20\n";

/** The example fleet with some hosts in a second cell. Account 1012 is on par2-web4 (main), account 1011 on par1-web3 (second). */
beforeEach(() => {
  for (const to of [base, inventory]) {
    rmSync(to, { recursive: true, force: true });
    cpSync(join(import.meta.dirname, "../../inventory/prod"), to, { recursive: true });
    for (const host of ["par1-web2", "par1-web3", "par2-web2", "par2-web3", "bak1-backup2"])
      new Draft(to).append(`hosts/${host}.yaml`, "cell: second\n");
  }
});
afterAll(() => rmSync(directory, { recursive: true }));

/** What a review of a cell says of lost hosts. */
async function said(cell?: string): Promise<string[]> {
  const outcome = await reviewInventories({ base, inventory, cell, today: "2026-11-29" });
  if (outcome.kind !== "reviewed") throw new Error(JSON.stringify(outcome));
  return outcome.review.findings.flatMap(({ rule, level, message, approval }) =>
    rule === "redundancy-kept" && message.includes("lost")
      ? `${level}: ${message} [${approval?.action} ${approval?.resource}]`
      : [],
  );
}
/** In each cell that a pipeline would ask. */
const inCells = async () =>
  Object.fromEntries(
    await Promise.all((await touchedCells({ base, inventory })).map(async (cell) => [cell, await said(cell)] as const)),
  );

test("a standby that is lost in another cell: said in the cell of the account", async () => {
  for (const draft of [before, head]) draft.append("hosts/par1-web3.yaml", isLost);
  head.edit("accounts/1012-dispatch.yaml", "standby: par1-web4", "standby: par1-web3");
  const finding =
    "needs approval: Account 1012 (dispatch) is without standby while par1-web3 is lost. [weaken account 1012]";
  expect(await said()).toContain(finding);
  expect((await inCells()).main).toContain(finding);
});

test("a host that is lost: said in its cell, also of accounts of another one", async () => {
  for (const draft of [before, head])
    draft.edit("accounts/1012-dispatch.yaml", "standby: par1-web4", "standby: par1-web3");
  head.append("hosts/par1-web3.yaml", isLost);
  const finding =
    "needs approval: Host par1-web3 is declared lost: account 1011 is without service while host par1-web3 is lost and standby par2-web3 has not taken over; account 1012 is without standby while par1-web3 is lost. [weaken host par1-web3]";
  expect(await said()).toContain(finding);
  expect((await inCells()).second).toContain(finding);
});

test("what was left to a lost host of another cell before is not said again", async () => {
  for (const draft of [before, head]) {
    draft.append("hosts/par1-web3.yaml", isLost);
    draft.edit("accounts/1012-dispatch.yaml", "standby: par1-web4", "standby: par1-web3");
  }
  head.edit("accounts/1012-dispatch.yaml", "name: dispatch", "name: despatch");
  expect([await said(), await said("main"), await said("second")]).toEqual([[], [], []]);
});
