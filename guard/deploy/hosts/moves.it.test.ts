import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { withCertificates } from "../../../testing/acme-ca.ts";
import { type AppliedHost, appliedHost, delivery } from "../../../testing/fakes/applied-host.ts";
import { inside, placeShell, shellServer } from "../../../testing/fakes/inside-sandbox.ts";
import { type FixtureAccount, service, staticServer } from "../../../testing/fixtures/bundle-fixture.ts";

/**
 * An account moves between two real hosts; the update in between is an apply of both bundles, as Pulumi delivers them.
 * `FAIRHOST_MOVE_MIB=1024`: with as much in files, and 1/20 of it in databases. `FAIRHOST_MOVE_KILLS=all`: killed in each of its steps, or `none`.
 */
const mebibytes = Number(process.env.FAIRHOST_MOVE_MIB ?? 20);
let old: AppliedHost;
let young: AppliedHost;
/** Subject and serial number of the certificate that account 1 has brought. */
let brought: string;

/** Writes the numbers from 1 into a file, each once, and goes on where it stopped. */
const count = "i=$(tail -n 1 ticks || echo 0); while :; do i=$((i + 1)); echo $i >>ticks; sleep 0.05; done";
const alice: FixtureAccount = {
  ...{ number: 1, name: "alice" },
  servers: [
    { ...shellServer(), cache: true },
    { ...staticServer("www"), https: true, hostnames: ["shop.example", "rest.example"], certificate: "bought.pem" },
  ],
  services: [service("worker", ["/bin/sh", "-c", count])],
  databases: (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 5 })),
};
const bob: FixtureAccount = {
  ...{ number: 2, name: "bob", servers: [shellServer()] },
  services: [service("worker", ["/bin/sleep", "infinity"])],
};
const carol: FixtureAccount = {
  ...{ number: 3, name: "carol", servers: [shellServer()] },
  databases: alice.databases!,
};
const bundle = (...accounts: FixtureAccount[]) => renderBundle(withCertificates(accounts), "web1");
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -d a1_shop -c";
const home = "/srv/accounts/1/home";

/** Rows of 256 bytes that no compression makes smaller, half of them in each database. */
const rows = mebibytes * 100;
const text = (number: string) =>
  `CONCAT(${[1, 2, 3, 4, 5, 6, 7, 8].map((each) => `MD5(CONCAT(${number}, 'x${each}'))`)})`;

/** How many processes account 1 has on each host. */
const running = async () =>
  Promise.all([old, young].map(async (on) => Number(await on.shell("ps -o pid= -u 1900000001 | wc -l"))));
const announced = async () =>
  Promise.all(
    [old, young].map((on) => on.shell("ip -6 route show table local proto 66 | grep -c fd00:8000:0:1::/64 || true")),
  );
/** Of which certificate a front end shows for the name that the account has brought one for: subject and serial number. */
const shown = (on: AppliedHost) =>
  on.shell(
    "openssl s_client -connect [::1]:443 -servername shop.example </dev/null 2>/dev/null | openssl x509 -noout -subject -serial",
  );
/** What a file system knows of the account's files. */
const fingerprint = (on: AppliedHost) =>
  on.shell(
    `cd ${home}; find . -printf '%P %y %m %U %G %n %s %l %T@\\n' | grep -v '^admin\\|^ticks\\| d ' | sort; cat a* b* | sha256sum`,
  );

beforeAll(async () => {
  [old, young] = await Promise.all([appliedHost("move-old"), appliedHost("move-young")]);
  for (const [on, own] of [
    [old, [alice, bob]],
    [young, [carol]],
  ] as const) {
    const { report, stderr } = await on.apply(bundle(...own));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  }
  await placeShell(old.host, 1);
  await inside(
    old.host,
    1,
    `set -e; ${psql} "CREATE TABLE t AS SELECT ${text("a")} AS b FROM generate_series(1, ${rows}) AS a"
    mariadb a1_shop -e "CREATE TABLE t AS SELECT ${text("seq")} AS b FROM seq_1_to_${rows}"
    for i in $(seq 300); do echo $i >a$i; done; ln a1 b1; ln -s /etc/shadow s; chmod 0 a2; truncate -s 50M b2`,
  );
  // A certificate that its owner has brought (decision 55).
  await old.shell(`cd ${home}; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 90 -subj /CN=bought -addext subjectAltName=DNS:shop.example -keyout key -out chain 2>/dev/null
    cat key chain >bought.pem; rm key chain; chown a1:a1 bought.pem; chmod 600 bought.pem; systemctl start fairhost-own-certificates.service`);
  brought = await shown(old);
  expect(brought).toContain("CN=bought");
  await old.shell(`head -c ${mebibytes}M /dev/urandom >${home}/big; chown 1900000001:1900000001 ${home}/big
    install -m 4755 /bin/true /srv/accounts/1/lib/as-root; ln -s /etc /srv/accounts/1/planted
    ln -s /etc/owned /srv/accounts/1/admin/logs/service-new.log; ln -s /etc /srv/accounts/1/admin/config/new; echo >/srv/accounts/1/lib/linked; ln /srv/accounts/1/lib/linked /srv/accounts/1/admin/logs/linked.log`);
}, 300_000);
afterAll(async () => {
  await old?.[Symbol.asyncDispose]();
  await young?.[Symbol.asyncDispose]();
});

test("an account that is stopped for a move runs nothing, whatever a deploy or a start wants, and goes on when it is given up", async () => {
  await old.shell("fairhost-host move 1 stop");
  expect(await running()).toEqual([0, 0]);
  const { report } = await old.apply(bundle(alice, bob));
  expect(report).toMatchObject({ errors: [] });
  await old.host.run("systemctl start account-1-service-worker.service account-1-http-shell.service");
  expect(await running()).toEqual([0, 0]);
  const { stdout } = await old.host.run("fairhost-host inspect --json </dev/null");
  expect(JSON.parse(stdout).differences).toEqual([
    expect.objectContaining({ kind: "account-held", group: "account-1" }),
  ]);
  // What the other host asks for: links are followed to nothing outside of the account's directory.
  const ask = (path: string) =>
    old.host.run(
      `rsync --copy-links --rsh="/bin/sh -c 'exec fairhost-host move 1 send last'" x::data/${path} /tmp/given`,
    );
  expect((await ask("home/s")).stderr).toContain("rsync ended with 23");
  expect((await ask("../2/home/shell.py")).stderr).toContain("rsync ended with 23");
  await old.shell("test ! -e /tmp/given");
  expect(await ask("home/a1")).toMatchObject({ exitCode: 0 });
  expect(await old.shell("cat /tmp/given")).toBe("1");
  await old.shell("fairhost-host move 1 cancel");
  await expect
    .poll(() => old.states("account-1-service-worker.service", "account-1-http-shell.socket"), { timeout: 20_000 })
    .toEqual(["active", "active"]);
});

test("of an account that does not land nothing goes on running there: the old host takes it back", async () => {
  const worker = "account-2-service-worker.service";
  await young.shell("fairhost-host move 2 expect");
  await old.shell("fairhost-host move 2 keep");
  const { report } = await young.apply(bundle(carol, bob));
  expect(report).toMatchObject({ errors: [] });
  await old.shell("fairhost-host move 2 stop");
  // Its service can start, its HTTP server cannot.
  const listen = await young.shell(
    "sed -n s/^ListenStream=//p /var/lib/fairhost/current/systemd/account-2-http-shell.socket",
  );
  await young.shell(`mkdir -p ${listen}/x`);
  const land = await young.host.run("fairhost-host move 2 land");
  expect(land.exitCode, land.stderr).toBe(5);
  expect(land.stderr).toContain("account-2-http-shell.socket");
  expect(JSON.parse(await young.shell("fairhost-host move 2 state"))).toMatchObject({ coming: true, held: true });
  expect(await young.shell("ps -o args= -u 1900000002 || true")).toBe("");
  expect(await young.host.run("ip -6 route show table local proto 66")).not.toMatchObject({
    stdout: expect.stringContaining("fd00:8000:0:2::/64"),
  });
  await old.shell("fairhost-host move 2 cancel");
  await expect.poll(() => old.states(worker), { timeout: 20_000 }).toEqual(["active"]);
  await young.shell(`rm -r ${listen}`);
  await young.apply(bundle(carol));
  await young.shell("fairhost-host move 2 cancel");
}, 120_000);

test("an account that puts pipes in the place of its files keeps no pass of its copy waiting: the rest comes in the last one", async () => {
  const own = "/srv/accounts/2/home";
  const races = readFileSync(join(import.meta.dirname, "../../../testing/programs/races/pipes.py"));
  await old.host.writeFile(`${own}/pipes.py`, races);
  const as = "--uid=1900000002 --gid=1900000002 --property=StandardOutput=truncate:/run/pipes.out";
  await old.shell(
    `systemd-run --quiet --unit=pipes ${as} --working-directory=${own} python3 pipes.py apart/many 40 50; until grep -q exchanging /run/pipes.out; do sleep 0.1; done`,
  );
  const copy = () =>
    old.host.run(
      `rm -rf /tmp/given; timeout 120 rsync -a --rsh="/bin/sh -c 'exec fairhost-host move 2 send running'" x::data/home /tmp/given`,
    );
  // Until it has exchanged one at the right moment. 124 would be a pipe that it waits for.
  let copied = await copy();
  for (let round = 0; copied.exitCode !== 12 && copied.exitCode !== 124 && round < 20; round++) copied = await copy();
  expect(copied).toMatchObject({
    exitCode: 12,
    stderr: expect.stringMatching(
      /a program of the account kept the copy waiting for \S+\d+: the rest comes when it is stopped/,
    ),
  });
  await old.shell(`systemctl stop pipes; rm -rf /tmp/given ${own}/apart ${own}/.pipes ${own}/pipes.py`);
  // So it looks from the other host: what comes ends in the middle of a file. In the last pass that is a failure.
  await young.shell(
    `fairhost-host move 2 expect; cd /root; mkdir -p served/home served/lib; mkfifo to from; head -c 1M /dev/urandom >served/home/half; chown -R 1900000002:1900000002 served
    printf 'use chroot = no\\nuid = 0\\ngid = 0\\n[data]\\npath = /root/served\\n' >served.conf`,
  );
  const receive = (pass: string) =>
    young.host.run(
      `cd /root; rsync --server --daemon --config=/root/served.conf . <to | dd bs=1 count=200000 status=none >from & cd /root; fairhost-host move 2 receive ${pass} <from >to`,
    );
  expect(await receive("running")).toMatchObject({ exitCode: 0, stderr: expect.stringContaining("code 12") });
  expect(await receive("last")).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("rsync ended with 12") });
  await young.shell("fairhost-host move 2 cancel");
}, 300_000);

/** Each command of a move, as the program names it: it is killed when it has said so. */
const steps = [
  "young: move 1 expect",
  "old: move 1 send running",
  "young: apply",
  "young: move 1 empty",
  "old: move 1 stop",
  "young: move 1 receive last",
  "young: move 1 restore postgresql a1_shop",
  "young: move 1 restore mariadb a1_shop",
  "young: move 1 land",
  "old: move 1 leave",
];

test("an account that moves, killed in its steps, is never on two hosts and ends on the new one with all it had", async () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-move-"));
  try {
    const deliveries = [bundle(bob), bundle(carol, alice)].map((each, index) => {
      const path = join(directory, `${index}`);
      writeFileSync(path, delivery(each), { mode: 0o600 });
      return path;
    });
    const program = join(import.meta.dirname, "../../../testing/programs/move.ts");
    /** @param step at which it is killed @returns what it said */
    const run = async (step: string | undefined, withAll: boolean) => {
      const pids = [old, young].map(({ host }) => `${host.netnsPid}`);
      const child = spawn(process.execPath, [program, ...pids, ...deliveries], { detached: true });
      let said = "";
      child.stderr.on("data", (text) => (said += text));
      child.stdout.on("data", (text) => {
        said += text;
        // With all that it has started, as a machine ends; or alone: on a host work goes on.
        if (step !== undefined && said.includes(`${step}\n`) && child.exitCode === null && !child.killed)
          process.kill(withAll ? -child.pid! : child.pid!, "SIGKILL");
      });
      await once(child, "close");
      if (step === undefined) expect(child.exitCode, said).toBe(0);
      else expect(child.signalCode, said).toBe("SIGKILL");
      return said;
    };
    const { FAIRHOST_MOVE_KILLS: kills = "some" } = process.env;
    const chosen = steps.filter((_, index) => kills === "all" || (kills === "some" && index % 3 === 2));
    for (const [index, step] of chosen.entries()) {
      await run(step, index % 2 === 0);
      expect((await running()).filter((processes) => processes > 0).length, step).toBeLessThan(2);
      expect(
        (await announced()).reduce((owners, lines) => owners + Number(lines), 0),
        `${step}: who announces its prefix`,
      ).toBeLessThan(2);
    }
    const said = await run(undefined, true);
    console.info(said.match(/was down.*/)?.[0]);
  } finally {
    rmSync(directory, { recursive: true });
  }
  // The certificate that its owner brought came along: the front end has it before anybody has looked into the home.
  expect(await shown(young)).toBe(brought);
  await young.shell(
    "systemctl start fairhost-own-certificates.service; test -e /var/lib/fairhost-certificates/own/shop.example",
  );
  expect(await shown(young)).toBe(brought);
  expect(await running()).toEqual([0, expect.any(Number)]);
  expect(await announced()).toEqual(["0", "1"]);
  expect(await fingerprint(young)).toBe(await fingerprint(old));
  // The old host may be anybody's: it brings no program that runs as root.
  expect(await young.shell("stat -c %a /srv/accounts/1/lib/as-root")).toBe("755");
  // Nor anything beside the account's directories: root writes there later.
  expect(await young.shell("ls -A /srv/accounts/1")).not.toContain("planted");
  expect(await young.shell("find /srv/accounts/1/admin -type l -o -type f -links +1")).toBe("");
  const counted = `${psql} 'SELECT count(*) FROM t' 2>&1; mariadb -BN a1_shop -e 'SELECT COUNT(*) FROM t' 2>&1`;
  expect(await inside(young.host, 1, counted)).toBe(`${rows}\n${rows}\n`);
  const lastOfOld = Number(await old.shell(`tail -n 1 ${home}/ticks`));
  await expect.poll(async () => Number(await young.shell(`tail -n 1 ${home}/ticks`))).toBeGreaterThan(lastOfOld);
  expect(await young.shell(`awk '$1 != NR' ${home}/ticks`)).toBe("");
  for (const { host } of [old, young]) {
    const { stdout } = await host.run("fairhost-host inspect --json </dev/null");
    const { differences } = JSON.parse(stdout) as { differences: { group: string; message: string }[] };
    expect(differences.filter(({ group }) => group !== "host")).toEqual([]);
  }
}, 300_000);

test("the old host's copy is removed when its time is over, and not before", async () => {
  expect(await old.shell("fairhost-host purge")).toBe("");
  expect(await old.shell("ls /srv/accounts/1/dumps")).toBe("mariadb.a1_shop.dump\npostgresql.a1_shop.dump");
  await old.shell(`test -e ${home}/big; echo 2026-01-01T00:00:00.000Z >/var/lib/fairhost/superseded/1`);
  expect(await old.shell("fairhost-host purge")).toBe("/srv/accounts/1");
  expect(await old.shell("ls -A /srv/accounts /var/lib/fairhost/superseded")).not.toMatch(/^1$/m);
  // Not where the account is.
  expect(await young.shell("fairhost-host purge")).toBe("");
  await young.shell(`test -e ${home}/big`);
});
