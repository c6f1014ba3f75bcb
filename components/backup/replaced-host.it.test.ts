import { afterAll, beforeAll, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { placeCertificate, showCertificate } from "../../testing/fakes/own-certificate.ts";
import { fixtureHost, service } from "../../testing/fixtures/bundle-fixture.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

/** The machine of web1 burns, and another one comes in its place under its name: the third container, with another SSH host key and nothing of an account. */
let on: BackupHosts;
let machine: AppliedHost;
/** What the program delivers then. */
let renewed: Declaration;
let certificate = "";

const worker = service("worker", ["/bin/sh", "-c", "echo >>ran; exec sleep infinity"]);
const databases = (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 3 }));
const web = { ...shellServer(), https: true };
const alice = { number: 1, name: "alice", servers: [web], services: [worker], databases };
/** Of this one there is no backup; of that one the data was brought to the new machine before the deploy. */
const bob = { number: 2, name: "bob", services: [worker] };
const carol = { number: 3, name: "carol", services: [worker] };
const name = "shell.alice.test";
const home = "/srv/accounts/1/home";
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";

const running = (number: number) => machine.shell(`ps -o args= -u 190000000${number} || true`);
const announced = () => machine.shell("ip -6 route show table local proto 66 | grep -o 'fd00:8000:0:.::/64' | xargs");
const snapshots = () => on.backup.shell("cd /srv/accounts && ls */repositories/*/snapshots/* | sort");
/** As the program does once the host key differs (stacks/awaited-accounts.ts). */
const deploy = () => machine.apply(renderBundle(renewed, "web1"), { awaited: [1, 2, 3] });

beforeAll(async () => {
  on = await backupHosts("replaced", "spare");
  machine = on.spare!;
  const declaration = on.declaration([alice, bob, carol]);
  await on.deploy(declaration);
  await on.web.shell(placeCertificate(name));
  certificate = await on.web.shell(showCertificate(name));
  await placeShell(on.web.host, 1);
  await inside(
    on.web.host,
    1,
    `set -e; ${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'
    mariadb a1_shop -e 'CREATE TABLE t AS SELECT seq AS a FROM seq_1_to_1000'
    mkdir sub frozen; echo page >sub/page; chmod 600 sub/page; ln -s /etc etc; ln -s ../sub frozen/link; chmod 555 frozen`,
  );
  await on.web.shell("fairhost-host backup");
  await on.backup.shell("rm -r /srv/accounts/2/repositories/*");
  await on.web.shell("systemctl stop fairhost-fence-again.timer && ip link set eth0 down");
  const key = declaration.hosts.find((host) => host.name === "spare1")!.ssh!.hostKey!;
  renewed = {
    ...declaration,
    hosts: declaration.hosts.flatMap((host) => {
      if (host.name === "spare1") return [];
      return host.name === "web1" ? { ...host, ssh: { ...host.ssh!, hostKey: key } } : host;
    }),
    frontEnds: declaration.frontEnds.filter(({ host }) => host !== "spare1"),
  };
  await machine.shell(
    `ip addr add ${fixtureHost.address}/128 dev eth0 nodad && install -d -m 750 -g www-data /var/lib/fairhost-certificates
     install -d -m 711 /srv/accounts/3 && install -d -o 1900000003 -g 1900000003 -m 700 /srv/accounts/3/home && echo brought >/srv/accounts/3/home/brought`,
  );
  await on.backup.shell(`ip route replace ${fixtureHost.address} dev eth1`);
}, 600_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("accounts with backups do not begin empty on the new machine; one whose data is there goes on", async () => {
  for (const again of [false, true]) {
    const { report, stderr } = await deploy();
    expect(report, stderr).toMatchObject({
      ...{ result: again ? "unchanged" : "applied", errors: [] },
      notes: [
        "this is another machine than before: accounts 1, 2 are held until `fairhost-host restore-host` has restored them from the newest backup",
      ],
    });
    expect([await running(1), await running(2), await announced()]).toEqual(["", "", "fd00:8000:0:3::/64"]);
  }
  await expect.poll(() => running(3)).toContain("sleep infinity");
  expect(await machine.shell("cat /srv/accounts/3/home/brought")).toBe("brought");
  expect((await machine.status()).held).toEqual(["account-1", "account-2"]);
  const inspected = await machine.host.run("fairhost-host inspect --json </dev/null");
  const { differences } = JSON.parse(inspected.stdout) as Inspection;
  expect(differences.filter(({ kind }) => kind === "account-held")).toMatchObject([
    {
      message:
        "account-1 is held, and nothing of it runs here: it waits for its newest backup, which this host made as another machine",
      repaired: "by hand: `fairhost-host restore-host` restores it from its newest backup",
    },
    { group: "account-2" },
  ]);
});

test("neither does a backup of nothing become the newest one, nor can anybody let them begin by mistake", async () => {
  // The backup host does not know the new key yet.
  const early = await machine.host.run("fairhost-host restore-host 1", { timeout: 120_000 });
  expect([early.exitCode, early.stderr]).toEqual([5, expect.stringMatching(/account 1 is held: .*Permission denied/)]);
  const { report, stderr } = await on.backup.apply(renderBundle(renewed, "bak1"));
  expect(report, stderr).toMatchObject({ errors: [] });
  const before = await snapshots();
  await machine.shell("fairhost-host backup");
  expect((await snapshots()).split("\n").filter((path) => !path.startsWith("3/"))).toEqual(
    before.split("\n").filter((path) => !path.startsWith("3/")),
  );
  expect((await machine.host.run("fairhost-host move 1 land")).stderr).toContain("is not restored from its backup");
  expect(await running(1)).toBe("");
});

test("one command restores them, also after one that was killed; nothing runs before it is whole", async () => {
  await machine.shell("systemd-run -q --unit=killed fairhost-host restore-host 1");
  await machine.until("systemctl -q is-active 'fairhost-backup-1-restore.service'");
  await machine.shell("systemctl kill -s KILL killed");
  expect((await machine.host.run("fairhost-host move 1 land")).exitCode).toBe(5);
  // restic may still be at work, and is ended by the next run.
  expect(await running(1)).not.toContain("sleep infinity");
  // As it may have come already: read-only, with a symlink in it.
  await machine.shell(
    `cd ${home} && rm -rf frozen && mkdir frozen && ln -s ../sub frozen/link && chmod 555 frozen && chown -hR 1900000001:1900000001 frozen`,
  );
  const { exitCode, stdout, stderr } = await machine.host.run("fairhost-host restore-host", { timeout: 300_000 });
  expect(stdout, stderr).toMatch(
    /^account 1: runs, restored from the backup of 20\S+Z by web1; what came later is lost\n$/,
  );
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringContaining(
      "account 2 is held: there is no backup of it by web1; to start it without its data: `fairhost-host move 2 land-without-backup`\n",
    ),
  ]);
  await expect.poll(() => running(1)).toContain("sleep infinity");
  expect(await machine.shell(`cd ${home} && cat sub/page && stat -c '%a %U' sub/page frozen && readlink etc`)).toBe(
    "page\n600 a1\n555 a1\n/etc",
  );
  const counted = `${psql} 'SELECT count(*) FROM t'; mariadb -BN a1_shop -e 'SELECT COUNT(*) FROM t'`;
  expect(await inside(machine.host, 1, counted)).toBe("1000\n1000\n");
  expect(await machine.shell(showCertificate(name))).toBe(certificate);
  expect(await announced()).toBe("fd00:8000:0:1::/64 fd00:8000:0:3::/64");
});

test("an account without a backup begins when somebody says so, and the deploys that follow hold nobody again", async () => {
  expect([await running(2), (await machine.status()).held]).toEqual(["", ["account-2"]]);
  await machine.shell("fairhost-host move 2 land-without-backup");
  await expect.poll(() => running(2)).toContain("sleep infinity");
  const { report } = await deploy();
  expect(report).toMatchObject({ result: "unchanged", errors: [] });
  expect(report.notes).toBeUndefined();
  expect((await machine.status()).held).toEqual([]);
  await machine.shell("fairhost-host backup");
  expect(await machine.shell("fairhost-host backups 1 | wc -l")).toBe("2");
});
