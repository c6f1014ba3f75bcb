import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nothingDeclared } from "../components/registry/subject.ts";
import { bootContainer, type ContainerHost } from "../lab/container.ts";
import { succeed } from "../testing/fakes/placed-host.ts";
import { declarationOf, fixtureHost } from "../testing/fixtures/bundle-fixture.ts";
import { ensureDebianPackages } from "../toolchain/system/system.ts";
import { loadBootstrap } from "./bootstrap.ts";
import { encodeBundle } from "./protocol/digest.ts";
import type { Inspection } from "./protocol/inspection.ts";
import { renderBundle } from "./render-bundle.ts";

/**
 * Packages for accounts come from the host's package sources; what they would run as services of the host stays off. Security upgrades
 * come at night, all others with a deploy that declares a later day.
 */

let host: ContainerHost;
/** Of keys that sign: the sources' own, and somebody else's. */
let keys: string;
const gpg = (...words: string[]) =>
  execa("gpg", ["--homedir", keys, "--batch", "--quiet", "--passphrase", "", ...words]);
const repository = "/run/repository";

/** A package as PHP-FPM's: with a service that its postinst starts. */
const daemon = {
  "DEBIAN/control": "Package: lang-fpm\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: test\n",
  "DEBIAN/postinst":
    "#!/bin/sh\nset -e\ndeb-systemd-helper enable lang-fpm.service\ndeb-systemd-invoke start lang-fpm.service\n",
  "usr/bin/lang": "#!/bin/sh\n",
  "usr/lib/systemd/system/lang-fpm.service":
    "[Unit]\nDescription=test\n[Service]\nExecStart=/bin/sleep 1000\n[Install]\nWantedBy=multi-user.target\n",
};

/** A program that goes on while its package is upgraded. */
const sleeper = {
  "DEBIAN/control": "Package: sleeper\nVersion: 1\nArchitecture: all\nMaintainer: test\nDescription: test\n",
  "usr/bin/sleeper": "",
};

async function bootstrap(runtimes: readonly string[], asOf?: string) {
  const upgrades = { ...fixtureHost.upgrades, ...(asOf !== undefined && { asOf }) };
  const { script, payload } = (await loadBootstrap()).for(
    { declaration: nothingDeclared, host: { ...fixtureHost, runtimes, upgrades } },
    0,
  );
  return host.run(["/usr/bin/env", "FAIRHOST_LOCK_SECONDS=1", "/bin/sh", "-c", script], { stdin: payload });
}

/** Puts a version of a package into a repository as Debian's, or as that of its security team. */
async function publish(
  of: "stable" | "security",
  name: string,
  version: string,
  signedBy: "debian" | "somebody" = "debian",
): Promise<void> {
  const files = { "lang-fpm": daemon, sleeper }[name]!;
  const [from, to] = [`/run/source/${name}`, `${repository}/${of}`];
  for (const [path, text] of Object.entries(files)) {
    await host.writeFile(
      `${from}/${path}`,
      text.replace("Version: 1", `Version: ${version}`),
      /postinst|bin/.test(path) ? 0o755 : 0o644,
    );
  }
  if (name === "sleeper") await succeed(host, `cp /usr/bin/sleep ${from}/usr/bin/sleeper`);
  const labels =
    of === "stable" ? ["Debian", "stable", "trixie"] : ["Debian-Security", "stable-security", "trixie-security"];
  await succeed(
    host,
    `mkdir -p ${to} && cd ${to} && dpkg-deb --build --root-owner-group ${from} ${name}.deb
for deb in *.deb; do
  dpkg-deb -f $deb; echo Filename: ./$deb; echo Size: $(stat -c %s $deb); echo SHA256: $(sha256sum <$deb | cut -d' ' -f1); echo
done >Packages
{
  printf 'Origin: Debian\\nLabel: %s\\nSuite: %s\\nCodename: %s\\nSHA256:\\n' ${labels.join(" ")}
  echo " $(sha256sum <Packages | cut -d' ' -f1) $(stat -c %s Packages) Packages"
} >Release`,
  );
  const release = await succeed(host, `cat ${to}/Release`);
  const signed = await execa("gpg", ["--homedir", keys, "--batch", "--local-user", signedBy, "--clearsign"], {
    input: release,
  });
  await host.writeFile(`${to}/InRelease`, `${signed.stdout}\n`);
}

beforeAll(async () => {
  host = await bootContainer({ name: "runtimes" });
  await ensureDebianPackages(["gpg", "gpg-agent"]);
  keys = await mkdtemp(join(tmpdir(), "fairhost-keys-"));
  for (const name of ["debian", "somebody"]) await gpg("--quick-gen-key", name, "ed25519", "sign", "never");
  await host.writeFile("/etc/apt/keyrings/own.asc", `${(await gpg("--armor", "--export", "debian")).stdout}\n`);
  await publish("stable", "lang-fpm", "1");
  await publish("security", "sleeper", "1");
  // With `file:` apt reads packages' lists where they are, also ones that it has just refused.
  const source = (of: string) => `deb [signed-by=/etc/apt/keyrings/own.asc] copy:${repository}/${of} ./`;
  await host.writeFile("/etc/apt/sources.list", `${source("stable")}\n${source("security")}\n`);
});
afterAll(async () => {
  await host?.stop();
  if (keys === undefined) return;
  await execa("gpgconf", ["--homedir", keys, "--kill", "all"], { reject: false });
  await rm(keys, { recursive: true, force: true });
});

test("a declared runtime is installed, its service neither runs nor starts at the next boot", async () => {
  expect(await bootstrap(["lang-fpm"])).toMatchObject({
    exitCode: 0,
    stderr: expect.stringContaining("installing lang-fpm"),
  });
  await succeed(host, "test -x /usr/bin/lang");
  const state = await host.run("systemctl is-active lang-fpm.service; systemctl is-enabled lang-fpm.service");
  expect(state.stdout).toBe("inactive\nmasked\n");
  // Other packages may start their services again.
  expect((await host.run("test -e /usr/sbin/policy-rc.d")).exitCode).toBe(1);
});

test("a second run does nothing", async () => {
  expect(await bootstrap(["lang-fpm"])).toMatchObject({ exitCode: 0, stderr: "" });
});

test("a package that does not exist is named, and nothing else is left behind", async () => {
  const result = await bootstrap(["lang-fpm", "no-such-language"]);
  expect([result.exitCode, result.stderr]).toEqual([
    1,
    expect.stringContaining("cannot install packages ( no-such-language )"),
  ]);
  expect((await host.run("test -e /usr/sbin/policy-rc.d")).exitCode).toBe(1);
});

describe("with a bundle in force", () => {
  const version = (name: string) => succeed(host, `dpkg-query -W -f='\${Version}' ${name}`);

  /** Differences about packages. */
  async function inspect() {
    const facts = { upgrades: { security: true }, runtimes: ["lang-fpm"] };
    const { stdout, stderr } = await host.run(["fairhost-host", "inspect", "--json"], { stdin: JSON.stringify(facts) });
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as Inspection).differences
      .filter(({ kind }) => /^upgrade-|^program-outdated/.test(kind))
      .map(({ kind, message, note }) => `${note ? "note " : ""}${kind}: ${message}`);
  }

  /** What Debian's timers start, the next day. */
  const night = () =>
    succeed(
      host,
      "rm -f /var/lib/apt/periodic/update-stamp; systemctl start apt-daily.service && systemctl start apt-daily-upgrade.service",
    );
  async function apply(upgrades = fixtureHost.upgrades) {
    const declared = declarationOf([]);
    const bundle = encodeBundle(renderBundle({ ...declared, hosts: [{ ...fixtureHost, upgrades }] }, fixtureHost.name));
    const masterSecret = Buffer.alloc(32, 7).toString("base64");
    const stdin = JSON.stringify({ bundle, masterSecret, secretEpoch: 1, repair: 0 });
    const { stdout } = await host.run(["fairhost-host", "apply"], { stdin, timeout: 120_000 });
    expect(JSON.parse(stdout)).toMatchObject({ errors: [] });
  }

  beforeAll(async () => {
    await succeed(host, "apt-get install -q -y sleeper");
    await apply();
    // What accounts run is never restarted for an upgrade.
    await succeed(host, "systemd-run --quiet --unit=account-7-service-old --slice=account-7.slice sleeper 1000");
    await publish("stable", "lang-fpm", "2");
    await publish("security", "sleeper", "2");
  }, 180_000);

  test("both timers wait; the one that upgrades for a declared night", async () => {
    await succeed(host, "systemctl is-active apt-daily.timer apt-daily-upgrade.timer");
    const next = await succeed(
      host,
      "systemctl show --value --property=NextElapseUSecRealtime apt-daily-upgrade.timer",
    );
    expect(next).toMatch(/^(?:Mon|Thu) .* 0[2-5]:/);
    expect((await host.run("systemctl is-active unattended-upgrades.service")).stdout).toBe("inactive\n");
  });

  test("at night fixes of the security team are installed, and nothing else; no program of an account is restarted", async () => {
    const pid = () => succeed(host, "systemctl show --value --property=MainPID account-7-service-old");
    const before = await pid();
    await succeed(host, "apt-get update -q");
    expect(await inspect()).toEqual([
      "note upgrade-pending: upgrades of declared runtimes wait: lang-fpm 1 to 2",
      "note upgrade-pending: security upgrades wait: sleeper 1 to 2",
    ]);
    await night();
    expect([await version("sleeper"), await version("lang-fpm")]).toEqual(["2", "1"]);
    expect(await pid()).toBe(before);
    expect(await inspect()).toEqual([
      "note program-outdated: programs of accounts still run files that were replaced on disk: account-7-service-old.service",
      "note upgrade-pending: upgrades of declared runtimes wait: lang-fpm 1 to 2",
    ]);
    expect(await succeed(host, "fairhost-host status")).toMatch(/^outdated +account-7-service-old.service$/m);
    // It is seen until the old program has gone.
    await succeed(host, "systemctl stop account-7-service-old");
    expect(await inspect()).toEqual(["note upgrade-pending: upgrades of declared runtimes wait: lang-fpm 1 to 2"]);
    expect(await succeed(host, "fairhost-host status")).toMatch(/^outdated +none$/m);
  });

  test("a fix that somebody else has signed is not installed", async () => {
    await publish("security", "sleeper", "3", "somebody");
    await night();
    expect(await version("sleeper")).toBe("2");
    expect((await host.run("apt-get update -q --error-on=any")).stderr).toContain("InRelease");
    expect(await version("sleeper")).toBe("2");
  });

  test("a fix is not installed at night where that is not declared, and is once it is", async () => {
    await publish("security", "sleeper", "3");
    await apply({ ...fixtureHost.upgrades, security: false });
    await night();
    expect(await version("sleeper")).toBe("2");
    expect(await inspect()).toContain("note upgrade-pending: security upgrades wait: sleeper 2 to 3");
    await apply();
    await night();
    expect(await version("sleeper")).toBe("3");
  }, 180_000);

  test("what a night leaves out is drift, and so is a night that is missing", async () => {
    await succeed(host, "apt-mark hold sleeper");
    await publish("security", "sleeper", "4");
    await night();
    expect(await version("sleeper")).toBe("3");
    expect(await inspect()).toContain("upgrade-stuck: the last upgrade night left out sleeper 3 to 4");
    await succeed(host, "touch -h -d '-9 days' /etc/apt/apt.conf.d/99fairhost /var/lib/apt/periodic/upgrade-stamp");
    expect(await inspect()).toContainEqual(
      expect.stringMatching(/^upgrade-stuck: security upgrades were installed last on /),
    );
    await succeed(host, "apt-mark unhold sleeper");
  });

  test("a deploy that declares a day upgrades everything, once", async () => {
    expect(await bootstrap(["lang-fpm"], "2026-11-27")).toMatchObject({
      exitCode: 0,
      stderr: expect.stringContaining("upgrading all packages, as of 2026-11-27"),
    });
    expect([await version("sleeper"), await version("lang-fpm")]).toEqual(["4", "2"]);
    expect((await host.run("systemctl is-active lang-fpm.service")).stdout).toBe("inactive\n");
    await publish("stable", "lang-fpm", "3");
    expect(await bootstrap(["lang-fpm"], "2026-11-27")).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await bootstrap(["lang-fpm"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(await version("lang-fpm")).toBe("2");
    expect(await bootstrap(["lang-fpm"], "2026-11-28")).toMatchObject({ exitCode: 0 });
    expect(await version("lang-fpm")).toBe("3");
  });
});
