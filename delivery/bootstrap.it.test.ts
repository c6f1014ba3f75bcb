import { execa } from "execa";
import { afterAll, beforeAll, expect, test } from "vitest";
import { nothingDeclared } from "../components/registry/subject.ts";
import { bootContainer, type ContainerHost } from "../lab/container.ts";
import { succeed } from "../testing/fakes/placed-host.ts";
import { fixtureHost } from "../testing/fixtures/bundle-fixture.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import { bootstrapScript, type HostBootstrap, loadBootstrap } from "./bootstrap.ts";
import { currentGeneration } from "./protocol/bundle.ts";
import { maskedUnits } from "./protocol/packages.generated.ts";

/** A real Debian 13 under systemd. */
let host: ContainerHost;
let bootstrap: HostBootstrap;

beforeAll(async () => {
  host = await bootContainer({ name: "bootstrap" });
  bootstrap = (await loadBootstrap()).for({ declaration: nothingDeclared, host: fixtureHost }, 0);
}, 300_000);

afterAll(async () => host?.stop());

const shell = async (command: string) => (await succeed(host, command)).trim();

/** Runs the bootstrap, if need be with another payload. */
const run = (change = (payload: string) => payload) =>
  host.run(["/bin/sh", "-c", bootstrap.script], { stdin: change(bootstrap.payload) });

test("shellcheck has no complaint about its script", async () => {
  await ensureDebianPackages(["shellcheck"]);
  const { stdout } = await execa("shellcheck", ["--shell=sh", "-"], { input: bootstrapScript, reject: false });
  expect(stdout).toBe("");
});

test.for([
  [
    "another release",
    "trixie amd64",
    "bookworm amd64",
    "runs debian trixie, but the inventory declares debian bookworm",
  ],
  ["another architecture", "trixie amd64", "trixie arm64", "this host is amd64, but must be arm64"],
  ["no architecture", "trixie amd64", "trixie", "this host is amd64, but must be "],
])("refuses %s, installing nothing", async ([, declared, other, message]) => {
  const { exitCode, stderr } = await run((payload) => payload.replace(declared!, other!));
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining(message!)]);
  expect(await shell("ls -A /usr/local/sbin")).toBe("");
});

test("refuses a damaged applier, installing nothing", async () => {
  const { exitCode, stderr } = await run((payload) => payload.slice(0, -100));
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("arrived damaged")]);
  expect(await shell("ls -A /usr/local/sbin")).toBe("");
});

test("installs the applier and its symlinks without using the network; a second run changes nothing", async () => {
  await shell("mv /usr/bin/apt-get /usr/bin/apt-get.away");
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await shell("readlink /etc/userdb /usr/local/lib/systemd/system")).toBe(
    `${currentGeneration}/userdb\n${currentGeneration}/systemd`,
  );
  expect((await host.run("systemctl is-active lighttpd")).stdout).toBe("inactive\n");
  expect(await run()).toMatchObject({ exitCode: 0, stdout: "", stderr: "" });
  await shell("mv /usr/bin/apt-get.away /usr/bin/apt-get");
});

test("two at once, the quicker one in the middle of the other: both end well, and leave nothing but the applier", async () => {
  await shell("rm /usr/local/sbin/fairhost-host");
  await host.writeFile("/run/script", bootstrap.script);
  await host.writeFile("/run/payload", bootstrap.payload);
  const slow = "head -c 20000 /run/payload; until [ -e /run/quick ]; do sleep 0.1; done; tail -c +20001 /run/payload";
  const quick = "sleep 1; sh /run/script </run/payload; touch /run/quick";
  await shell(`{ (${slow}) | sh /run/script >/run/slow 2>&1; echo $? >/run/status; } & ${quick}; wait`);
  expect(await shell("cat /run/slow /run/status")).toBe("0");
  expect(await shell("ls -A /usr/local/sbin")).toBe("fairhost-host");
});

test("a missing package and no mirror: a clear error, running services untouched", async () => {
  await shell("cp /var/lib/dpkg/status /run/status && sed -i '/^Package: tini$/,/^$/d' /var/lib/dpkg/status");
  const nginxPid = await shell("cat /run/nginx.pid");
  const words = ["/usr/bin/env", "FAIRHOST_LOCK_SECONDS=1", "/bin/sh", "-c", bootstrap.script];
  const { exitCode, stderr } = await host.run(words, { stdin: bootstrap.payload });
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("cannot install packages ( tini )")]);
  expect(await shell("cat /run/nginx.pid")).toBe(nginxPid);
  // Before any package, since Debian starts a daemon as soon as it is installed.
  expect(await shell(`readlink ${maskedUnits.map((unit) => `/etc/systemd/system/${unit}`).join(" ")}`)).toBe(
    maskedUnits.map(() => "/dev/null").join("\n"),
  );
  await shell("cp /run/status /var/lib/dpkg/status");
});
