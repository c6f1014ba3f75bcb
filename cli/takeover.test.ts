import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { loadFleet } from "../fleet/load/load.ts";

let directory = "";
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "fairhost-takeover-"));
  cpSync(join(import.meta.dirname, "../inventory/prod"), directory, { recursive: true });
});
afterEach(() => rmSync(directory, { recursive: true }));

/** The command as people run it. */
function run(...args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(import.meta.dirname, "takeover.ts"), directory, ...args], {
    encoding: "utf8",
  });
}

const accountsOn = async (name: string) =>
  (await loadFleet(directory)).fleet.accounts.filter(({ host }) => host === name).map(({ number }) => number);

test("without --write: the diff of each file, and nothing changes", async () => {
  const { status, stdout } = run("par1-web1");
  expect(status).toBe(0);
  expect(stdout).toContain("-host: par1-web1\n+host: par1-spare1\n");
  expect(stdout).toContain("-role: spare\n+role: accounts\n");
  expect(stdout).toContain("  account 1002 (choir) -> par1-spare1\n");
  expect(stdout).toContain("Nothing is written yet: add --write.");
  expect(await accountsOn("par1-web1")).toEqual([1001, 1002]);
});

test("with --write the inventory has the accounts elsewhere, at the same site; a second run changes nothing", async () => {
  expect(run("par1-web1", "--write")).toMatchObject({
    status: 0,
    stderr: "",
    stdout: expect.stringContaining(
      "Next: run `npm run guard -- review --base main`, which prints each approval to paste: `trust` for par1-web1, `move` for accounts that go, `weaken` for",
    ),
  });
  expect(await accountsOn("par1-web1")).toEqual([]);
  expect(await accountsOn("par1-spare1")).toEqual([1001, 1002]);
  expect(readFileSync(join(directory, "hosts/par1-web1.yaml"), "utf8")).toMatch(/^lost: 20\d\d-\d\d-\d\d$/m);
  const text = () => readFileSync(join(directory, "hosts/par1-spare1.yaml"), "utf8");
  const before = text();
  expect(before).toContain("role: accounts");
  const { status, stdout } = run("par1-web1", "--write", "--json");
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toEqual({ lost: ["par1-web1"], written: true, moves: [], spares: [], homeless: [] });
  expect(text()).toBe(before);
});

test("an account with a standby goes there, and the lost host becomes its standby", async () => {
  const { status, stdout } = run("par1-web3", "--write");
  expect(status).toBe(0);
  expect(stdout).toContain(
    "their standby hosts, which have a copy of their backups:\n  account 1011 (clinic) -> par2-web3\n",
  );
  expect((await loadFleet(directory)).fleet.accounts.find(({ number }) => number === 1011)).toMatchObject({
    ...{ host: "par2-web3", standby: "par1-web3" },
  });
});

test("a whole site: its hosts are lost, and with --elsewhere all its accounts go to another one", async () => {
  const { status, stdout } = run("--site", "par1");
  expect(status).toBe(4);
  expect(stdout).toContain("or add --elsewhere, which takes hosts of other sites");
  expect(run("--site", "par1", "--elsewhere", "--write")).toMatchObject({ status: 0, stderr: "" });
  const { hosts, accounts } = (await loadFleet(directory)).fleet;
  const siteOf = new Map(hosts.map(({ name, site }) => [name, site]));
  expect(new Set(hosts.flatMap(({ site, lost }) => (lost === undefined ? [] : site)))).toEqual(new Set(["par1"]));
  expect(accounts.filter(({ host }) => siteOf.get(host) === "par1")).toEqual([]);
});

test("a backup host: it is declared lost, and no account moves", async () => {
  const { status, stdout } = run("bak1-backup1", "--write");
  expect([status, stdout]).toEqual([0, expect.stringContaining("bak1-backup1 has no account.\n")]);
  const { hosts } = (await loadFleet(directory)).fleet;
  expect(hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name))).toEqual(["bak1-backup1"]);
});

test("names that are none, or no name at all: what there is, exit status 2", () => {
  const { status, stdout, stderr } = run("par1-web9", "--write", "--without", "par1-webb", "--site", "par9");
  expect([status, stdout]).toEqual([2, ""]);
  for (const name of ["par1-web9", "par1-webb"]) expect(stderr).toContain(`${name} is not a host in `);
  expect(stderr).toContain("par9 is not a site with hosts in ");
  expect(stderr).toContain("Fix: name hosts of bak1-backup1, ");
  expect(stderr).toContain("or --site with one of bak1, par1, par2.");
  expect(run()).toMatchObject({ status: 2, stderr: expect.stringContaining("No lost host is named.") });
});
