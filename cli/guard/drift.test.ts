import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeSsh } from "../../testing/fakes/ssh/fake-ssh.ts";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";

const command = fileURLToPath(new URL("../guard.ts", import.meta.url));
const labFleet = fileURLToPath(new URL("../../inventory/lab", import.meta.url));
let project: string;

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), "fairhost-drift-"));
  writeFileSync(join(project, "known_hosts"), "");
  const config = { "fairhost:inventory": labFleet, "fairhost:knownHosts": "known_hosts" };
  writeFileSync(join(project, "Pulumi.test.yaml"), JSON.stringify({ config }));
});

afterAll(() => rmSync(project, { recursive: true }));

const run = (...args: string[]) => runIn(project, ...args);
const runIn = (directory: string, ...args: string[]) =>
  execa(process.execPath, [command, "drift", "--cwd", directory, ...args], { reject: false, stdin: "ignore" });

/** Each host of the lab has its own port. */
const answer = (web1: string) =>
  `while [ "$1" != -p ]; do shift; done; cat >$here/$2; case $2 in 2201) ${web1} ;; esac; echo '{"host":"x","generation":3,"differences":[]}'`;
const difference = `{"group":"account-1","kind":"unit-stopped","what":"x","message":"x is inactive, it should be active","repaired":"by the next deploy"}`;

test("no drift, drift, a note alone, a host that does not answer: each has its exit status", async () => {
  {
    using ssh = fakeSsh(answer(":"));
    const { exitCode, stdout } = await run("-s", "test");
    expect([exitCode, stdout]).toEqual([0, expect.stringContaining("2 of 2 hosts answered; no drift found.")]);
    expect(readdirSync(ssh.directory).sort()).toEqual(["2201", "2202", "ssh"]);
  }
  {
    using _ssh = fakeSsh(answer(`echo '{"host":"x","generation":3,"differences":[${difference}]}'; exit 1`));
    const { exitCode, stdout } = await run("-s", "test");
    expect([exitCode, stdout]).toEqual([
      7,
      expect.stringContaining("Repair: npm run guard -- deploy -s test --repair"),
    ]);
    const json = await run("-s", "test", "--json", "--host", "web1");
    expect([json.exitCode, JSON.parse(json.stdout)]).toEqual([
      7,
      [{ host: "web1", generation: 3, differences: [JSON.parse(difference)] }],
    ]);
  }
  {
    const note = difference.replace("}", ',"note":true}');
    using _ssh = fakeSsh(answer(`echo '{"host":"x","generation":3,"differences":[${note}]}'; exit 0`));
    expect((await run("-s", "test")).exitCode).toBe(0);
  }
  {
    using _ssh = fakeSsh(answer("echo Connection refused >&2; exit 255"));
    const { exitCode, stdout } = await run("-s", "test");
    expect([exitCode, stdout]).toEqual([5, expect.stringContaining("web1 (127.0.0.1 port 2201) refuses connections")]);
    expect(stdout).toContain("web2, generation 3: no drift");
  }
}, 60_000);

test("wrong usage and configuration, before any host is contacted", async () => {
  using ssh = fakeSsh(answer(":"));
  const nobody = await run("-s", "test", "--host", "web9");
  expect([nobody.exitCode, nobody.stderr]).toEqual([
    2,
    "test has no host or router web9 that deploys deliver to; it has: web1, web2",
  ]);
  const stack = await run("-s", "nobody");
  expect([stack.exitCode, stack.stderr]).toEqual([2, expect.stringContaining("Pulumi.nobody.yaml is not complete")]);
  expect([(await run()).exitCode, (await run("-s", "test", "--nonsense")).exitCode]).toEqual([2, 2]);
  for (const cell of ["secnd", "routers"]) {
    const config = { "fairhost:inventory": labFleet, "fairhost:knownHosts": "known_hosts", "fairhost:cell": cell };
    writeFileSync(join(project, "Pulumi.misspelt.yaml"), JSON.stringify({ config }));
    for (const asked of ["drift", "recovery"]) {
      const misspelt = await execa(process.execPath, [command, asked, "--cwd", project, "-s", "misspelt"], {
        reject: false,
        stdin: "ignore",
      });
      expect([misspelt.exitCode, misspelt.stderr]).toEqual([
        2,
        `Pulumi.misspelt.yaml: no host is in cell "${cell}"; there is main: correct fairhost:cell`,
      ]);
    }
  }
  expect((await run("--help")).exitCode).toBe(0);
  expect(readdirSync(ssh.directory)).toEqual(["ssh"]);
}, 60_000);

test("routers with `ssh` are asked too, all or by name; those without are no part of the stack's drift", async () => {
  const at = join(project, "with-routers");
  mkdirSync(at);
  cpSync(labFleet, join(at, "fleet"), { recursive: true });
  const config = { "fairhost:inventory": join(at, "fleet"), "fairhost:knownHosts": "known_hosts" };
  writeFileSync(join(at, "Pulumi.test.yaml"), JSON.stringify({ config }));
  writeFileSync(join(at, "known_hosts"), "");
  const address = "    address: fd00:8000::1\n";
  new Draft(join(at, "fleet")).edit("network.yaml", address, `${address}    ssh: {address: 127.0.0.1, port: 2299}\n`);
  const args = [at, "-s", "test"] as const;
  {
    using ssh = fakeSsh(answer(":"));
    const { exitCode, stdout } = await runIn(...args);
    expect([exitCode, stdout]).toEqual([
      0,
      expect.stringContaining("2 of 2 hosts and 1 of 1 router answered; no drift found."),
    ]);
    expect(readdirSync(ssh.directory).sort()).toEqual(["2201", "2202", "2299", "ssh"]);
  }
  {
    const own = difference.replace("account-1", "host");
    using ssh = fakeSsh(
      answer(":").replace("esac", `2299) echo '{"host":"x","generation":3,"differences":[${own}]}'; exit 7 ;; esac`),
    );
    const { exitCode, stdout } = await runIn(...args, "--json", "--host", "router-1");
    expect([exitCode, JSON.parse(stdout)]).toEqual([
      7,
      [{ host: "router-1", router: true, generation: 3, differences: [JSON.parse(own)] }],
    ]);
    expect(readdirSync(ssh.directory).sort()).toEqual(["2299", "ssh"]);
  }
  {
    using _ssh = fakeSsh(answer(":").replace("esac", "2299) echo Connection refused >&2; exit 255 ;; esac"));
    const { exitCode, stdout } = await runIn(...args);
    expect([exitCode, stdout]).toEqual([
      5,
      expect.stringContaining("router-1 (127.0.0.1 port 2299) refuses connections"),
    ]);
  }
  using _ssh = fakeSsh(answer(":"));
  const nobody = await runIn(...args, "--host", "router-2");
  expect([nobody.exitCode, nobody.stderr]).toEqual([
    2,
    "test has no host or router router-2 that deploys deliver to; it has: web1, web2, router-1",
  ]);
}, 60_000);

test("a router of several cells that is asked alone is told by its pair whether it waits, and answers alone", async () => {
  const at = join(project, "several-cells");
  mkdirSync(at);
  cpSync(labFleet, join(at, "fleet"), { recursive: true });
  const config = {
    ...{ "fairhost:inventory": join(at, "fleet"), "fairhost:knownHosts": "known_hosts", "fairhost:cell": "routers" },
  };
  writeFileSync(join(at, "Pulumi.test.yaml"), JSON.stringify({ config }));
  writeFileSync(join(at, "known_hosts"), "");
  const draft = new Draft(join(at, "fleet"));
  const network = readFileSync(join(at, "fleet", "network.yaml"), "utf8");
  const [first = ""] = /^ {2}- name: router-1\n(?: {4}.*\n)*/m.exec(network) ?? [];
  const reached = (name: string, port: number) =>
    first
      .replace("router-1", name)
      .replace(
        /address: fd00:8000::1\n/,
        `address: fd00:8000::${name.slice(-1)}\n    ssh: {address: 127.0.0.1, port: ${port}}\n`,
      );
  draft.edit("network.yaml", first, `${reached("router-1", 2298)}${reached("router-2", 2299)}`);
  draft.edit("hosts/web2.yaml", "name: web2\n", "name: web2\ncell: second\n");
  const outdated = difference.replace("unit-stopped", "generation-outdated").replace("account-1", "host");
  const old = `echo '{"host":"x","generation":3,"differences":[${outdated}]}'; exit 7`;
  const asked = async (ofFirst: string) => {
    using ssh = fakeSsh(answer(":").replace("esac", `2298) ${ofFirst} ;; 2299) ${old} ;; esac`));
    const { exitCode, stdout } = await runIn(at, "-s", "test", "--json", "--host", "router-2");
    const answers = JSON.parse(stdout) as { host: string; waits?: string }[];
    expect([exitCode, answers.map(({ host }) => host)]).toEqual([7, ["router-2"]]);
    expect(readdirSync(ssh.directory).sort()).toEqual(["2298", "2299", "ssh"]);
    return answers[0]!.waits;
  };
  expect(await asked(":")).toMatch(/^router-1 of site lab has what is declared already; first deploy 2 cells /);
  expect(await asked(old)).toMatch(/: it delivers to one router of a site/);
  // A pair that does not answer says nothing, and is not what was asked for.
  expect(await asked("echo Connection refused >&2; exit 255")).toMatch(/: it delivers to one router of a site/);
}, 60_000);
