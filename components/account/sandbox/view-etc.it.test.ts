import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { inside, placeShell, shellServer } from "../../../testing/fakes/inside-sandbox.ts";
import { placeBundle, succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf } from "../../../testing/fixtures/bundle-fixture.ts";

/** A runtime's package reaches into /etc as PHP's, OpenJDK's and DokuWiki's do; nothing else of /etc shows. */

interface Package {
  readonly depends?: string;
  readonly files: Readonly<Record<string, string>>;
  readonly symlinks?: Readonly<Record<string, string>>;
  readonly postinst?: string;
}

/** Small stand-ins, each with one thing that the real packages do. */
const packages: Readonly<Record<string, Package>> = {
  "lang-cli": {
    depends: "lang-common",
    // As OpenJDK: its settings are symlinks into /etc.
    files: { "etc/lang/security": "secure=1\n", "etc/default/lang-cli": "of the runtime\n" },
    symlinks: { "usr/lib/lang/security": "/etc/lang/security" },
    // As PHP: which modules are on is written by maintainer scripts, and dpkg does not know it.
    postinst:
      "mkdir -p /etc/lang/conf.d && ln -sf ../mods/mbstring.ini /etc/lang/conf.d/20-mbstring.ini && echo x >/etc/lang/key && chmod 600 /etc/lang/key",
  },
  "lang-common": {
    files: {
      "etc/lang/mods/mbstring.ini": "extension=mbstring\n",
      // As PHP's sessions and DokuWiki's pages.
      "var/lib/lang/sessions/empty": "",
      "var/lib/lang/pages/start.txt": "welcome\n",
    },
    postinst:
      "echo hash >/var/lib/lang/passwords && chmod 1733 /var/lib/lang/sessions && chmod 700 /var/lib/lang/pages",
  },
  "host-service": { files: { "etc/host-service/relay": "password\n", "etc/default/host-service": "of the host\n" } },
};

let host: ContainerHost;
const sh = (script: string) => inside(host, 7, script);
const bundle = renderBundle(
  declarationOf([{ number: 7, name: "olive", servers: [shellServer()] }], { runtimes: ["lang-cli", "not-there-yet"] }),
  "web1",
);

async function install(names: readonly string[]): Promise<void> {
  for (const name of names) {
    const { depends, files, symlinks = {}, postinst } = packages[name]!;
    const root = `/run/packages/${name}`;
    for (const [path, text] of Object.entries(files)) await host.writeFile(`${root}/${path}`, text);
    for (const [path, target] of Object.entries(symlinks))
      await succeed(host, `mkdir -p $(dirname ${root}/${path}) && ln -s ${target} ${root}/${path}`);
    const fields = { Package: name, Version: "1", Architecture: "all", Maintainer: "test", Description: "test" };
    const all = Object.entries({ ...fields, ...(depends !== undefined && { Depends: depends }) });
    const control = all.map(([key, value]) => `${key}: ${value}\n`).join("");
    await host.writeFile(`${root}/DEBIAN/control`, control);
    if (postinst !== undefined)
      await host.writeFile(`${root}/DEBIAN/postinst`, `#!/bin/sh\nset -e\n${postinst}\n`, 0o755);
    await succeed(host, `dpkg-deb --build --root-owner-group ${root} ${root}.deb`);
  }
  await succeed(host, `dpkg --install ${names.map((name) => `/run/packages/${name}.deb`).join(" ")}`);
}

beforeAll(async () => {
  host = await bootContainer({ name: "view-etc" });
  await install(["lang-common", "lang-cli", "host-service"]);
  await host.writeFile("/etc/operator.conf", "whom to call\n");
  await host.writeFile("/etc/hosts", "fd00::1 secret-backup.internal\n");
  await placeBundle(host, bundle);
  await placeShell(host, 7);
});
afterAll(() => host?.stop());

describe("a declared runtime", () => {
  test("finds its own files and those of packages it needs, also those that dpkg does not know", async () => {
    expect(await sh("cat /usr/lib/lang/security /etc/lang/conf.d/20-mbstring.ini /etc/default/lang-cli")).toBe(
      "secure=1\nextension=mbstring\nof the runtime\n",
    );
  });

  test("and the files that every program looks for", async () => {
    const files = ["ssl/certs/ca-certificates.crt", "ssl/openssl.cnf", "alternatives/awk", "ld.so.cache", "localtime"];
    const names = [
      "nsswitch.conf",
      "services",
      "protocols",
      "mime.types",
      "os-release",
      "debian_version",
      "resolv.conf",
    ];
    await sh([...files, ...names].map((name) => `test -r /etc/${name}`).join(" && "));
  });
});

describe("what a package keeps in /var/lib", () => {
  test("is the account's own from the first start on, as the package has it, and stays", async () => {
    expect(await sh("cat /var/lib/lang/pages/start.txt && ls /var/lib/lang")).toBe("welcome\npages\nsessions\n");
    await sh("echo mine >/var/lib/lang/pages/start.txt && echo me >/var/lib/lang/sessions/sess_1");
    await succeed(host, "systemctl stop account-7-http-shell.service");
    expect(
      await sh("cat /var/lib/lang/pages/start.txt /var/lib/lang/sessions/sess_1; ls -dA /var/lib/.* /var/lib/lang"),
    ).toBe("mine\nme\n/var/lib/.\n/var/lib/..\n/var/lib/lang\n");
    expect(await succeed(host, "cat /var/lib/lang/pages/start.txt")).toBe("welcome\n");
  });
});

describe("nothing else of /etc", () => {
  test("files of the host's services, of an administrator and for root alone", async () => {
    expect(
      await sh("ls -d /etc/host-service /etc/default/host-service /etc/operator.conf /etc/lang/key 2>&1 || true"),
    ).toBe(
      ["host-service", "default/host-service", "operator.conf", "lang/key"]
        .map((name) => `ls: cannot access '/etc/${name}': No such file or directory\n`)
        .join(""),
    );
    expect(await sh("cat /etc/hosts")).not.toContain("secret-backup");
  });

  test("of all names in /etc, the only ones an account may see", async () => {
    const shown = (await sh("ls -A /etc")).trim().split("\n");
    const never = [
      "apt",
      "fstab",
      "gshadow",
      "machine-id",
      "network",
      "nginx",
      "passwd",
      "shadow",
      "ssh",
      "sudoers",
      "systemd",
    ];
    expect(shown.filter((name) => never.includes(name))).toEqual([]);
    expect(await sh("ls -A /etc/userdb")).toBe("1900000007.group\n1900000007.user\na7.group\na7.user\n");
    // The directory that all accounts share has no trace of one.
    expect(await succeed(host, "ls -A /run/fairhost-view/etc/userdb")).toBe("");
    expect((await host.run("grep -rl olive /run/fairhost-view")).stdout).toBe("");
  });

  test("and an account cannot write there", async () => {
    expect(await sh("for f in /etc/x /etc/lang/x /etc/userdb/x; do (: >$f) 2>/dev/null && echo $f; done; true")).toBe(
      "",
    );
  });
});

test("a package that is installed later is seen by programs that run already", async () => {
  expect(await sh("test -e /etc/late || echo absent")).toBe("absent\n");
  await host.writeFile("/etc/lang/late", "later\n");
  await host.writeFile("/etc/lang/mods/mbstring.ini", "extension=other\n");
  await succeed(host, "rm /etc/default/lang-cli && systemctl restart fairhost-view.service");
  expect(await sh("cat /etc/lang/late /etc/lang/conf.d/20-mbstring.ini; ls /etc/default")).toMatch(
    /^later\nextension=other\n(?!.*lang-cli)/s,
  );
});

describe("a program that gives no answer, or half of one, changes nothing that accounts see", () => {
  const etc = "/run/fairhost-view/etc";
  const view = () =>
    succeed(host, `cd ${etc} && find . -printf '%p %m %l\n' | sort; find . -type f -exec sha256sum {} + | sort`);
  const list = "/var/lib/dpkg/info/lang-common.list";
  const half = (path: string) => `${path} "$@" | head -n 3; kill -9 $$`;

  test.each<[what: string, wrong: { program: string; does: string } | { done: string; undone: string }]>([
    ["dpkg-query does not answer", { program: "dpkg-query", does: "echo 'parsing file' >&2; exit 2" }],
    ["dpkg-query is killed after half of its answer", { program: "dpkg-query", does: half("/usr/bin/dpkg-query") }],
    [
      "dpkg cannot read what it knows",
      {
        done: "cp -a /var/lib/dpkg/status /run/status && echo x >>/var/lib/dpkg/status",
        undone: "cp -a /run/status /var/lib/dpkg/status",
      },
    ],
    ["apt-cache does not answer", { program: "apt-cache", does: "exit 100" }],
    ["apt-cache is killed after half of its answer", { program: "apt-cache", does: half("/usr/bin/apt-cache") }],
    [
      "a package's list of files is empty",
      { done: `mv ${list} /run/list && : >${list}`, undone: `mv /run/list ${list}` },
    ],
    ["a package's list of files is gone", { done: `mv ${list} /run/list`, undone: `mv /run/list ${list}` }],
    [
      "find is killed",
      { program: "find", does: 'case $1 in -files0-from) kill -9 $$ ;; esac; exec /usr/bin/find "$@"' },
    ],
  ])("%s", async (_what, wrong) => {
    // Nobody starts it so often otherwise.
    await succeed(host, "systemctl reset-failed fairhost-view.service && systemctl restart fairhost-view.service");
    const before = await view();
    const first = "program" in wrong ? `/usr/local/sbin/${wrong.program}` : "";
    if ("program" in wrong) await host.writeFile(first, `#!/bin/sh\n${wrong.does}\n`, 0o755);
    else await succeed(host, wrong.done);
    const { exitCode } = await host.run("systemctl restart fairhost-view.service");
    await succeed(host, "program" in wrong ? `rm ${first}` : wrong.undone);
    const state = (await host.run("systemctl is-failed fairhost-view.service")).stdout;
    expect({ exitCode, state, view: await view() }).toEqual({ exitCode: 1, state: "failed\n", view: before });
    expect(await succeed(host, "ls -A /run/fairhost-view | grep '^etc[.]' || true")).toBe("");
    await succeed(host, "systemctl reset-failed fairhost-view.service && systemctl restart fairhost-view.service");
    expect(await view()).toBe(before);
  });
});

test("dpkg's next run starts the look", async () => {
  expect(await succeed(host, "systemctl is-active fairhost-view-again.path")).toBe("active\n");
  await succeed(host, "cp /var/lib/dpkg/status /run/status && mv /run/status /var/lib/dpkg/status");
  await expect
    .poll(async () => (await host.run("systemctl is-active fairhost-view-again.service")).stdout, { timeout: 15_000 })
    .toBe("activating\n");
});
