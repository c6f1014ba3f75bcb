import { existsSync, readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountFile, accountText, generateFleet } from "../bench/measure/generate-fleet.ts";
import { InventoryError, loadFleet } from "../fleet/load/load.ts";
import { type SimulatedHost, simulatedHost } from "../testing/fakes/simulated-host.ts";
import { Draft, wrongInventories } from "../testing/inventory/wrong-inventory.cases.ts";
import { type TemporaryProject, temporaryProject } from "../testing/projects/temporary-project.ts";
import { setupToolchain } from "../toolchain/setup.ts";

const labFleet = fileURLToPath(new URL("../inventory/lab", import.meta.url));
const upNow = ["up", "--yes", "--skip-preview"];

let directory: string;
let fleet: string;
let host: SimulatedHost;
let project: TemporaryProject;
let epoch = "1";

const settings = () => ({
  inventory: fleet,
  knownHosts: join(directory, "known_hosts"),
  sshPrivateKeyFile: host.privateKeyFile,
  secretEpoch: epoch,
});
const onHost = (path: string) => join(host.root, "var/lib/fairhost", path);
const report = () => JSON.parse(readFileSync(onHost("report.json"), "utf8")) as Record<string, unknown>;
const secret = () => readFile(onHost("secrets/accounts/1"), "utf8");

async function up(environment?: NodeJS.ProcessEnv): Promise<string> {
  const result = await project.pulumi(upNow, environment);
  expect(result.exitCode, result.all).toBe(0);
  // No router of this fleet has `ssh`: there is no output of routers, and nothing to warn of.
  expect(result.all).not.toContain("Undefined value");
  return result.all;
}

async function resources(): Promise<string[]> {
  const { stdout } = await project.pulumi(["stack", "export"]);
  const { deployment } = JSON.parse(stdout) as { deployment: { resources?: { urn: string }[] } };
  return (deployment.resources ?? []).map(({ urn }) => urn);
}

beforeAll(async () => {
  await setupToolchain();
  host = await simulatedHost();
  directory = await mkdtemp(join(tmpdir(), "fairhost-program-"));
  fleet = join(directory, "fleet");
  await generateFleet(fleet, 3, host.port);
  await writeFile(join(directory, "known_hosts"), host.knownHosts);
  project = await temporaryProject(settings());
});

afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  if (directory) await rm(directory, { recursive: true, force: true });
});

describe("refusals before anything is declared", () => {
  const golden = readFileSync(new URL("../fleet/load/wrong-inventory.golden.txt", import.meta.url), "utf8");
  const messageOf = (kind: string) => golden.split(`== ${kind}\n`)[1]!.split("\n")[1]!.trim();

  async function broken(kinds: readonly string[]): Promise<string> {
    const copy = await mkdtemp(join(directory, "broken-"));
    await cp(labFleet, copy, { recursive: true });
    for (const kind of kinds) wrongInventories[kind]!(new Draft(copy));
    return copy;
  }

  /** Whether an inventory with all these mistakes at once is told each of them. */
  async function areTold(kinds: readonly string[]): Promise<boolean> {
    try {
      await loadFleet(await broken(kinds));
    } catch (error) {
      return error instanceof InventoryError && kinds.every((kind) => error.message.includes(messageOf(kind)));
    }
    return false;
  }

  test("every second kind of wrong inventory: own message, exit status, no resource", {
    timeout: 600_000,
  }, async () => {
    // In what is no file of its own no other mistake can be made: whoever reads it to change it never comes to its end.
    const noFiles = ["a pipe", "a device"];
    const kinds = Object.keys(wrongInventories).filter((kind, index) => index % 2 === 0 && !noFiles.includes(kind));
    expect(new Set(kinds.map(messageOf)).size).toBeGreaterThanOrEqual(45);
    // A run is dear: it gets all mistakes that are told together.
    const groups: string[][] = [];
    for (const kind of kinds) {
      let group: string[] | undefined;
      for (const each of groups) if (!group && (await areTold([...each, kind]))) group = each;
      if (group) group.push(kind);
      else groups.push([kind]);
    }
    for (const group of groups) {
      await project.configure({ ...settings(), inventory: await broken(group) });
      const { exitCode, all } = await project.pulumi(upNow);
      expect(exitCode, group.join()).not.toBe(0);
      expect(all).toContain("The inventory has problems; nothing was touched.");
      for (const kind of group) expect(all, kind).toContain(messageOf(kind));
    }
    expect((await resources()).filter((urn) => !urn.includes("pulumi:pulumi:Stack"))).toEqual([]);
    expect(existsSync(onHost(""))).toBe(false);
  });

  test("a broken rule, with preview, with up and with up --skip-preview", async () => {
    const broken = join(directory, "broken");
    await cp(labFleet, broken, { recursive: true });
    new Draft(broken).edit("hosts/web1.yaml", "chain: b", "chain: a");
    await project.configure({ ...settings(), inventory: broken });
    for (const args of [["preview"], ["up", "--yes"], upNow]) {
      const { exitCode, all } = await project.pulumi(args);
      expect(exitCode).not.toBe(0);
      expect(all).toContain("The fleet breaks mandatory rules; nothing was touched.");
      expect(all).toMatch(/broken\/hosts\/web1\.yaml:\d+: Host web1 has all its power supplies on chain a\./);
      expect(all).toContain("Fix: ");
    }
  });

  test("an incomplete configuration: every key at once, and how to set it", async () => {
    await project.configure({ sshPrivateKeyFile: "nowhere" });
    const { exitCode, all } = await project.pulumi(["preview"]);
    expect(exitCode).not.toBe(0);
    expect(all).toContain("fairhost:inventory is not set: run `pulumi config set fairhost:inventory inventory/prod`");
    expect(all).toContain("fairhost:knownHosts is not set");
    expect(all).toContain("fairhost:sshPrivateKeyFile: no file nowhere");
  });

  test("a host without a pinned key", async () => {
    await writeFile(join(directory, "nobody"), "");
    await project.configure({ ...settings(), knownHosts: join(directory, "nobody") });
    const { exitCode, all } = await project.pulumi(["preview"]);
    expect(exitCode).not.toBe(0);
    expect(all).toContain(`web1: no key for 127.0.0.1 port ${host.port} in the known_hosts file`);
    expect(all).toContain(`ssh-keyscan -p ${host.port} -t ed25519 127.0.0.1`);
  });

  test("a host with another key than the pinned one gets no command", async () => {
    const other = host.knownHosts.replace(
      /AAAA\S+/,
      "AAAAC3NzaC1lZDI1NTE5AAAAIAbHMpV4ZSEUTkhQW8dn3xPZAYz5RzmvdQ0NqHnx8gXh",
    );
    await writeFile(join(directory, "other"), other);
    await project.configure({ ...settings(), knownHosts: join(directory, "other") });
    const { exitCode, all } = await project.pulumi(upNow);
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/host key/i);
    expect(existsSync(onHost("report.json"))).toBe(false);
  });
});

describe("a fleet over time", () => {
  test("a run without checkpoints, killed: no state; the next one adopts what the host has, secrets included", async () => {
    await project.configure(settings());
    await project.pulumi(["destroy", "--yes"]);
    const running = project.pulumi(upNow, { PULUMI_SKIP_CHECKPOINTS: "true" });
    while (!existsSync(onHost("secrets/accounts/1"))) await new Promise((resolve) => setTimeout(resolve, 20));
    running.kill("SIGKILL");
    await running;
    const before = await secret();
    await project.pulumi(["cancel", "--yes"]);
    expect((await resources()).filter((urn) => urn.includes("RandomBytes"))).toEqual([]);
    await up({ PULUMI_SKIP_CHECKPOINTS: "true" });
    expect(report()).toMatchObject({ errors: [] });
    expect(await secret()).toBe(before);
  });

  test("a second up changes nothing and does not connect to a host", async () => {
    const before = await readFile(onHost("report.json"), "utf8");
    const preview = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(preview.exitCode, preview.all).toBe(0);
    expect(await up()).toMatch(/Resources:\n\s+\d+ unchanged/);
    expect(await readFile(onHost("report.json"), "utf8")).toBe(before);
  });

  test("another administrator's key changes nothing by itself; what is different is brought with it", async () => {
    const before = await readFile(onHost("report.json"), "utf8");
    await writeFile(join(directory, "other-key"), "the key of somebody else");
    await project.configure({ ...settings(), sshPrivateKeyFile: join(directory, "other-key") });
    const preview = await project.pulumi(["preview", "--expect-no-changes"]);
    expect(preview.exitCode, preview.all).toBe(0);
    expect(await up()).toMatch(/Resources:\n\s+\d+ unchanged/);
    expect(await readFile(onHost("report.json"), "utf8")).toBe(before);
    await writeFile(accountFile(fleet, 2), accountText(2, 70));
    const { exitCode, all } = await project.pulumi(upNow);
    expect([exitCode === 0, all]).toEqual([false, expect.stringMatching(/connection\.privateKey cannot be used/)]);
    await project.configure(settings());
    await up();
    expect(report()).toMatchObject({ result: "applied", changedGroups: ["account-2"] });
  });

  test("one account changed: only its group", async () => {
    await writeFile(accountFile(fleet, 2), accountText(2, 60));
    await up();
    expect(report()).toMatchObject({ result: "applied", changedGroups: ["account-2"] });
  });

  test("a requested repair happens once and is remembered: the next plain up changes nothing", async () => {
    const unit = onHost("current/systemd/account-1-http-site.service");
    const written = await readFile(unit, "utf8");
    await writeFile(unit, "tampered");
    expect(await up()).toMatch(/Resources:\n\s+\d+ unchanged/);
    expect(await readFile(unit, "utf8")).toBe("tampered");

    const unknown = await project.pulumi(upNow, { FAIRHOST_REPAIR: "web9" });
    expect(unknown.exitCode).not.toBe(0);
    expect(unknown.all).toContain("FAIRHOST_REPAIR names web9, which is not in this stack");

    const preview = await project.pulumi(["preview"], { FAIRHOST_REPAIR: "web1" });
    expect(preview.all).toMatch(/~\s+fairhost:remote:HostDelivery web1-delivery update \[diff: ~repair\]/);
    await up({ FAIRHOST_REPAIR: "web1" });
    expect(await readFile(unit, "utf8")).toBe(written);
    expect(report()).toMatchObject({ result: "applied", repaired: [expect.stringContaining("had been changed")] });
    const before = await readFile(onHost("report.json"), "utf8");
    expect(await up()).toMatch(/Resources:\n\s+\d+ unchanged/);
    expect(await readFile(onHost("report.json"), "utf8")).toBe(before);
  });

  test("an account that is missing from the inventory without a tombstone is refused; with one it is deleted", async () => {
    const number = 77;
    await writeFile(accountFile(fleet, number), accountText(number));
    await up();
    await rm(accountFile(fleet, number));
    for (const args of [["preview"], upNow]) {
      const { exitCode, all } = await project.pulumi(args);
      expect(exitCode, all).not.toBe(0);
      expect(all).toContain(
        "Account 77 is in the stack but missing from the inventory, and tombstones.yaml does not list it.",
      );
    }
    expect(await resources()).toContainEqual(expect.stringContaining("::account-77"));
    await writeFile(join(fleet, "tombstones.yaml"), "- {number: 77, name: user77, deleted: 2026-11-22}\n");
    await up();
    expect(await resources()).not.toContainEqual(expect.stringContaining("::account-77"));
  });

  test("an account that moves to another host of its site keeps its identity: updated, never deleted or replaced", async () => {
    // Only previewed: there is no server on this port.
    const web2 = await readFile(join(labFleet, "hosts/web2.yaml"), "utf8");
    await writeFile(join(fleet, "hosts/web2.yaml"), web2.replace("port: 2202", "port: 9"));
    await writeFile(join(directory, "two"), host.knownHosts + host.knownHosts.replace(`:${host.port}`, ":9"));
    await project.configure({ ...settings(), knownHosts: join(directory, "two") });
    await writeFile(accountFile(fleet, 2), accountText(2, 60).replace("host: web1", "host: web2"));
    const { exitCode, all } = await project.pulumi(["preview"]);
    await rm(join(fleet, "hosts/web2.yaml"));
    await writeFile(accountFile(fleet, 2), accountText(2, 60));
    await project.configure(settings());
    expect(exitCode, all).toBe(0);
    expect(all).toMatch(/~\s+fairhost:account:AccountContainer account-2 update \[diff: ~host\]/);
    expect(all).not.toMatch(/ (delete|replace)/);
  });

  test("the master secret is rotated only on request, and an epoch cannot be lowered", async () => {
    const before = await secret();
    epoch = "2";
    await project.configure(settings());
    await up();
    expect(await secret()).not.toBe(before);
    await project.configure({ ...settings(), secretEpoch: "1" });
    const lowered = await project.pulumi(upNow);
    expect(lowered.exitCode).not.toBe(0);
    expect(lowered.all).toContain("never lower an epoch, since data may be encrypted with the later secret");
    await project.configure(settings());
    await up();
  });

  test("the engine killed at several moments: each time one command completes everything, and nothing is duplicated", {
    timeout: 600_000,
  }, async () => {
    for (const [round, milliseconds] of [900, 1_500, 2_000, 2_500, 3_000].entries()) {
      await writeFile(accountFile(fleet, 3), accountText(3, 100 + round));
      const running = project.pulumi(upNow);
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      running.kill("SIGKILL");
      await running;
      await project.pulumi(["cancel", "--yes"]);
      await project.pulumi(["refresh", "--yes", "--clear-pending-creates"]);
      await up();
      const urns = await resources();
      expect(new Set(urns).size).toBe(urns.length);
      expect(urns.filter((urn) => urn.includes("command:remote:Command"))).toHaveLength(2);
      expect(["applied", "unchanged"]).toContain(report().result);
      const unit = await readFile(onHost("current/systemd/account-3-http-site.service"), "utf8");
      expect(unit).toContain(`${100 + round}`);
    }
  });

  test("a dead host fails within a time limit", async () => {
    await writeFile(
      join(directory, "known_hosts"),
      `${host.knownHosts}[127.0.0.1]:9 ${host.knownHosts.split(" ").slice(1).join(" ")}`,
    );
    await rm(fleet, { recursive: true });
    await generateFleet(fleet, 3, 9);
    const begin = Date.now();
    const { exitCode, all } = await project.pulumi(upNow);
    expect(exitCode).not.toBe(0);
    expect(all).toMatch(/127\.0\.0\.1:9|port 9/);
    expect(Date.now() - begin).toBeLessThan(100_000);
    await writeFile(join(directory, "known_hosts"), host.knownHosts);
    await rm(fleet, { recursive: true });
    await generateFleet(fleet, 3, host.port);
  });

  test("refresh and destroy are plain commands; accounts' secrets stay on the host", async () => {
    expect((await project.pulumi(["refresh", "--yes"])).exitCode).toBe(0);
    const { exitCode, all } = await project.pulumi(["destroy", "--yes"]);
    expect(exitCode, all).toBe(0);
    expect(await resources()).toEqual([]);
    expect(await secret()).toBeTruthy();
  });
});
