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
