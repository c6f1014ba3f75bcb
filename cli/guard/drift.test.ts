import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { fakeSsh } from "../../testing/fakes/ssh/fake-ssh.ts";

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

const run = (...args: string[]) =>
  execa(process.execPath, [command, "drift", "--cwd", project, ...args], { reject: false, stdin: "ignore" });

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
  expect([nobody.exitCode, nobody.stderr]).toEqual([2, "test has no host web9; its hosts: web1, web2"]);
  const stack = await run("-s", "nobody");
  expect([stack.exitCode, stack.stderr]).toEqual([2, expect.stringContaining("Pulumi.nobody.yaml is not complete")]);
  expect([(await run()).exitCode, (await run("-s", "test", "--nonsense")).exitCode]).toEqual([2, 2]);
  expect((await run("--help")).exitCode).toBe(0);
  expect(readdirSync(ssh.directory)).toEqual(["ssh"]);
}, 60_000);
