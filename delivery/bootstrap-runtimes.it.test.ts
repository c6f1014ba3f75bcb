import { afterAll, beforeAll, expect, test } from "vitest";
import { nothingDeclared } from "../components/registry/subject.ts";
import { bootContainer, type ContainerHost } from "../lab/container.ts";
import { fixtureHost } from "../testing/bundle-fixture.ts";
import { succeed } from "../testing/fakes/placed-host.ts";
import { loadBootstrap } from "./bootstrap.ts";

/** Packages for accounts come from the host's package sources; what they would run as services of the host stays off. */

let host: ContainerHost;
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

async function bootstrap(runtimes: readonly string[]) {
  const { script, payload } = (await loadBootstrap()).for(
    { declaration: nothingDeclared, host: { ...fixtureHost, runtimes } },
    0,
  );
  return host.run(["/usr/bin/env", "FAIRHOST_LOCK_SECONDS=1", "/bin/sh", "-c", script], { stdin: payload });
}

beforeAll(async () => {
  host = await bootContainer({ name: "runtimes" });
  for (const [path, text] of Object.entries(daemon))
    await host.writeFile(`/run/lang-fpm/${path}`, text, /postinst|bin/.test(path) ? 0o755 : 0o644);
  await succeed(
    host,
    `mkdir -p ${repository} && cd ${repository} && dpkg-deb --build --root-owner-group /run/lang-fpm x.deb`,
  );
  const index =
    "dpkg-deb -f x.deb; echo Filename: ./x.deb; echo Size: $(stat -c %s x.deb); sha256sum x.deb | sed 's/ .*//; s/^/SHA256: /'";
  await succeed(host, `cd ${repository} && { ${index}; } >Packages`);
  await succeed(host, `echo 'deb [trusted=yes] file:${repository} ./' >/etc/apt/sources.list`);
});
afterAll(() => host?.stop());

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
