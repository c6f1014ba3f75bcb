import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadFleet } from "../fleet/load/load.ts";
import { reviewInventories } from "../guard/change/from-inventories.ts";
import { count } from "../lib/text/text.ts";
import { Draft } from "../testing/inventory/wrong-inventory.cases.ts";
import { check } from "./inventory.ts";

let scratch = "";

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), "fairhost-check-"));
});
afterAll(() => rmSync(scratch, { recursive: true }));

function draft(fleet: string, name: string): Draft {
  cpSync(join(import.meta.dirname, "../inventory", fleet), join(scratch, name), { recursive: true });
  return new Draft(join(scratch, name));
}

/** The command as people run it. */
function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, "inventory.ts"), ...args], { encoding: "utf8" });
}

test.each(["lab", "prod"])("%s has no problems and passes every rule", async (name) => {
  const directory = join(import.meta.dirname, "../inventory", name);
  const files = (folder: string) => readdirSync(join(directory, folder)).length;
  const { accounts } = (await loadFleet(directory)).fleet;
  const servers = accounts.reduce((sum, { httpServers }) => sum + httpServers.length, 0);
  const summary = `${files("hosts")} hosts, ${count(files("plans"), "plan")}, ${count(files("sites"), "site")}, ${files("accounts")} accounts`;
  expect(await check(directory, "2026-11-22")).toEqual({
    sound: true,
    // Among them the lists of accounts that other kinds bring.
    text: expect.stringMatching(
      new RegExp(`^${directory} has no problems: ${summary}, ([^\n]+, )?${servers} HTTP servers(, [^\n]+)?$`),
    ),
    json: { sound: true, problems: [], violations: [], waived: expect.any(Array) },
  });
});

test("a lost host is said: the rules count it as standing", async () => {
  const { directory } = draft("prod", "lost").append("hosts/par1-web3.yaml", "lost: 2026-11-20\n");
  const { sound, text, json } = await check(directory, "2026-11-22");
  expect([sound, text.split("\n").at(-1)]).toEqual([
    true,
    "par1-web3 is declared lost, and the rules count it as standing: `npm run prove` says what is left.",
  ]);
  expect(json).toMatchObject({ sound: true, lost: ["par1-web3"] });
});

test("a network without `controllers` is said, in a check and in each review: SSH of hosts is open to everybody", async () => {
  const named = "controllers: [2a00:b6e0:100::c0]\n";
  const { directory } = draft("prod", "open-ssh").edit("network.yaml", named, "");
  const remark =
    "The network AS60362 names no `controllers`: SSH of its hosts is open to everybody, and no rule of a firewall can close it. Name the addresses that deploys come from in network.yaml, then close it with `firewall` of the hosts.";
  const { sound, text, json } = await check(directory, "2026-11-22");
  expect([sound, text.split("\n").at(-1)]).toEqual([true, remark]);
  expect(json).toMatchObject({ sound: true, remarks: [remark] });
  const today = "2026-11-22";
  const said = async (base: string, inventory: string) =>
    (await reviewInventories({ base, inventory, cell: undefined, today })).notices;
  expect(await said(directory, directory)).toEqual([remark]);
  const prod = join(import.meta.dirname, "../inventory/prod");
  expect(await said(directory, prod)).toEqual([]);
});

test("a fleet that loads but breaks a rule: the rule's message, with file and line", async () => {
  const { directory } = draft("prod", "one-feed").edit(
    "sites/par1.yaml",
    "      - name: b\n        feed: feed-south",
    "      - name: b\n        feed: feed-north",
  );
  const { sound, text, json } = await check(directory, "2026-11-22");
  expect(sound).toBe(false);
  expect(text).toContain(`${directory}/hosts/par1-web1.yaml:`);
  expect(text).toContain("feed-north");
  expect(json).toMatchObject({
    sound: false,
    problems: [],
    violations: expect.arrayContaining([
      expect.objectContaining({ subject: expect.objectContaining({ name: "par1-web1" }) }),
    ]),
  });
});

test("the command's exit status and output, for people and for programs", () => {
  const wrong = draft("lab", "wrong").edit("accounts/1-alice.yaml", "plan: small", "plan: smal").directory;
  const expected = `${wrong}/accounts/1-alice.yaml:4:7 plan\n  there is no plan "smal"\n  fix: did you mean "small"? (known: small)\n1 problem in 1 file\n`;
  expect(run(wrong), "the result, not an error of the command").toMatchObject({
    status: 4,
    stdout: expected,
    stderr: "",
  });

  const programs = run(wrong, "--json");
  expect([programs.status, programs.stderr]).toEqual([4, ""]);
  expect(JSON.parse(programs.stdout)).toMatchObject({
    sound: false,
    problems: [{ file: "accounts/1-alice.yaml", line: 4, column: 7, path: "plan", message: 'there is no plan "smal"' }],
  });

  const sound = run(join(import.meta.dirname, "../inventory/lab"));
  expect([sound.status, sound.stderr]).toEqual([0, ""]);
  expect([run().status, run("--today", "tomorrow", wrong).status]).toEqual([2, 2]);
});
