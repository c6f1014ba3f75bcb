import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadFleet } from "../fleet/load/load.ts";
import { Draft } from "../testing/inventory/wrong-inventory.cases.ts";

const inventory = join(import.meta.dirname, "..", "inventory");
let scratch = "";
beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-prove-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

/** The command as people run it. */
function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, "prove.ts"), ...args], { encoding: "utf8" });
}

test("a fleet that survives what its plans promise", () => {
  const stdout = "Tried the failure of 171 elements, one at a time: all plans keep their promises.\n";
  expect(run(join(inventory, "prod"))).toMatchObject({ status: 0, stdout, stderr: "" });
});

test("both supplies on one chain: each counterexample in its sentence, on standard output as every result, exit status 4; for programs too", async () => {
  cpSync(join(inventory, "lab"), join(scratch, "lab"), { recursive: true });
  const { directory } = new Draft(join(scratch, "lab")).edit("hosts/web1.yaml", "chain: b", "chain: a");
  const accounts = (await loadFleet(directory)).fleet.accounts.filter(({ host }) => host === "web1").length;
  const because = "host web1 loses service: power supply psu1 is fed by chain a, and power supply psu2 too";
  const stdout = `Tried the failure of 32 elements, one at a time: 2 counterexamples.
If feed feed-north at lab fails, ${because}, and chain a is fed by feed feed-north; ${accounts} accounts of plan small.
If chain a of hall hall-1 at lab fails, ${because}; ${accounts} accounts of plan small.
`;
  expect(run(directory)).toMatchObject({ status: 4, stdout, stderr: "" });

  const programs = run(directory, "--json");
  expect(programs.status).toBe(4);
  expect(JSON.parse(programs.stdout)).toMatchObject({
    proven: false,
    tried: 32,
    counterexamples: [{ hosts: ["web1"], accounts }, { cut: [{ name: "chain a of hall hall-1 at lab" }] }],
  });
});

test("a lost host: the proof counts it as standing, as the rules do, and says what is left without it", () => {
  cpSync(join(inventory, "prod"), join(scratch, "prod"), { recursive: true });
  const { directory } = new Draft(join(scratch, "prod")).append("hosts/par1-web3.yaml", "lost: 2026-11-20\n");
  const { status, stdout } = run(directory);
  expect(status).toBe(0);
  expect(stdout).toBe(`Tried the failure of 171 elements, one at a time: all plans keep their promises.
par1-web3 is declared lost, but counted as standing above, as the rules count it.
Without it, every account has service; 1 account (1011) only once the standby has taken over.
Without it: Tried the failure of 164 elements, one at a time: 4 counterexamples.
If site par2 fails, host par2-web3 loses service: it stands in rack r03, which is in hall hall-1, which is in site par2; 1 account of plan redundant.
If hall hall-1 at par2 fails, host par2-web3 loses service: it stands in rack r03, which is in hall hall-1; 1 account of plan redundant.
If rack r03 of hall hall-1 at par2 fails, host par2-web3 loses service: it stands in rack r03; 1 account of plan redundant.
If host par2-web3 fails, the accounts of host par2-web3 have no standby; 1 account of plan redundant.
`);
  new Draft(directory).append("hosts/par2-web3.yaml", "lost: 2026-11-20\n");
  expect(run(directory).stdout).toContain(`
par1-web3, par2-web3 are declared lost, but counted as standing above, as the rules count them.
Without them, 2 accounts have no service (1011, 1014).
`);
  expect(JSON.parse(run(directory, "--json").stdout)).toMatchObject({
    proven: true,
    withoutLost: { hosts: ["par1-web3", "par2-web3"], accounts: [1011, 1014], atStandby: [], counterexamples: [] },
  });
});

test("pairs: counterexamples that no single loss has", () => {
  const { status, stdout } = run(join(inventory, "lab"), "--pairs");
  expect(status).toBe(4);
  expect(stdout).toMatch(/^Tried the failure of \d+ pairs, one at a time: \d+ counterexamples\.\n/);
  expect(stdout).toContain("If switch switch-a and switch switch-b fail, host web1 and 1 other host lose service");
});

test("a fleet that does not load: its problems, exit status 4", () => {
  const { status, stdout, stderr } = run(join(scratch, "nowhere"));
  expect([status, stdout]).toEqual([4, ""]);
  expect(stderr).toContain("nowhere");
  expect(stderr).not.toContain("    at ");
});
