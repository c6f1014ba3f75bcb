import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AnswerStamp } from "../../delivery/protocol/answers.ts";
import type { Health, Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { RunResult } from "../../lab/container.ts";
import { type AppliedHost, delivery } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { placeCertificate, showCertificate } from "../../testing/fakes/own-certificate.ts";
import { service, task } from "../../testing/fixtures/bundle-fixture.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { stampAnswers } from "./stamps.ts";

/** A host is lost, and its accounts go to another one; the update in between is an apply of the bundles, as Pulumi delivers them. */
let on: BackupHosts;
let spare: AppliedHost;
/** What the lost host's boot does while no backup host answers. */
let unanswered: Promise<RunResult>;
/** Of a name of account 1. */
let certificate = "";

const worker = service("worker", ["/bin/sh", "-c", "echo >>ran; exec sleep infinity"]);
const mail = task("mail", ["/bin/sh", "-c", "echo >>sent"], { calendar: "*:*:0/3" });
const databases = (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 3 }));
const alice = {
  number: 1,
  name: "alice",
  servers: [{ ...shellServer(), https: true }],
  services: [worker],
  tasks: [mail],
  databases,
};
const bob = { number: 2, name: "bob", servers: [shellServer()], services: [worker] };
const home = "/srv/accounts/1/home";
const secured = "shell.alice.test";
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";

/** What a deploy gives web1 as its master secret (testing/fakes/applied-host.ts). */
const master = Buffer.alloc(32, 7).toString("base64");
/** A delivery to spare1, which has another one. */
function toSpare(declaration: Declaration): string {
  return delivery(renderBundle(declaration, "spare1"), { masterSecret: Buffer.alloc(32, 9).toString("base64") });
}
/** What the state holds of answers. */
let stamps: ReadonlyMap<string, AnswerStamp> = new Map();
/** What the next deploy sends with the bundles: to backup hosts, or to web1. */
function ordered(declaration: Declaration) {
  stamps = stampAnswers(declaration, stamps, new Map([["web1", { epoch: 1, master: Buffer.from(master, "base64") }]]));
  return { answers: Object.fromEntries(stamps), answered: stamps.get("web1")!.number };
}
const running = (number: number) => spare.shell(`ps -o args= -u 190000000${number} || true`);
const announced = (number: number) =>
  spare.shell(`ip -6 route show table local proto 66 | grep -c fd00:8000:0:${number}::/64 || true`);

beforeAll(async () => {
  on = await backupHosts("lost-host", "spare");
  spare = on.spare!;
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  await spare.host.run(["fairhost-host", "apply"], { stdin: toSpare(declaration), timeout: 120_000 });
  await placeShell(on.web.host, 1);
  await inside(
    on.web.host,
    1,
    `set -e; ${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'
    mariadb a1_shop -e 'CREATE TABLE t AS SELECT seq AS a FROM seq_1_to_1000'
    mkdir sub; echo page >sub/page; chmod 600 sub/page; ln -s /etc etc`,
  );
  await on.web.shell(placeCertificate(secured));
  certificate = await on.web.shell(showCertificate(secured));
  await on.web.shell("fairhost-host backup");
  await spare.shell("install -d -m 750 -g www-data /var/lib/fairhost-certificates");
  // Of account 2 there is no backup, and what came after the backup of account 1 is not in it.
  await on.backup.shell("rm -r /srv/accounts/2/repositories/*");
  await inside(on.web.host, 1, "echo later >later");
  // What an earlier move from spare1 has left there.
  await spare.shell(
    `install -d /var/lib/fairhost/superseded ${home} && echo old >${home}/stale && date >/var/lib/fairhost/superseded/1`,
  );
  await on.web.shell("systemctl stop fairhost-fence-again.timer && ip link set eth0 down");
  unanswered = on.web.host.run("fairhost-host fence boot", { timeout: 120_000 });
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

/** Each command with which an account comes from a lost host: the program is killed when it has named it. */
const steps = [
  "young: move 1 expect-backup",
  "young: apply",
  "young: move 1 restore-backup web1 1",
  "young: move 1 land",
];

test("its accounts are restored by the deploy, killed in its steps: an account runs with all of its newest backup, or not at all", async () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-lost-"));
  const declaration = on.declaration([alice, bob], "web1 lost");
  try {
    const { answers } = ordered(declaration);
    const deliveries = [delivery(renderBundle(declaration, "bak1"), { answers }), toSpare(declaration)].map(
      (each, index) => {
        const path = join(directory, `${index}`);
        writeFileSync(path, each, { mode: 0o600 });
        return path;
      },
    );
    const program = join(import.meta.dirname, "../../testing/programs/move.ts");
    /** @param step after which it is killed @returns what it said */
    const run = async (step?: string) => {
      const pids = [on.backup, spare].map(({ host }) => `${host.netnsPid}`);
      const env = { ...process.env, FAIRHOST_LOST: "web1", FAIRHOST_MASTER: master };
      const child = spawn(process.execPath, [program, ...pids, ...deliveries], { detached: true, env });
      let said = "";
      child.stderr.on("data", (text) => (said += text));
      child.stdout.on("data", (text) => {
        said += text;
        if (step !== undefined && said.includes(`${step}\n`) && child.exitCode === null && !child.killed)
          process.kill(-child.pid!, "SIGKILL");
      });
      await once(child, "close");
      expect(step === undefined ? child.exitCode : child.signalCode, said).toBe(step === undefined ? 1 : "SIGKILL");
      return said;
    };
    for (const step of steps) {
      const heard = await run(step);
      // The restore is watched from where the deploy runs.
      if (step === steps.at(-1)) expect(heard).toMatch(/^account 1: restoring from 20\S+ \([0-9a-f]{8}\)$/m);
      if (step === steps.at(-1)) continue;
      expect([await running(1), await announced(1)], step).toEqual(["", "0"]);
      // Nobody takes a half restore for a whole one.
      if (step.includes("restore-backup")) {
        const restore = "fairhost-host move 1 restore-backup web1 2";
        const { exitCode, stderr } = await spare.host.run(restore, { stdin: master });
        expect([exitCode, stderr]).toEqual([5, expect.stringContaining("by web1; there are backups of epoch 1: ")]);
      }
      const land = await spare.host.run("fairhost-host move 1 land");
      expect(land, step).toMatchObject({ exitCode: 5 });
      expect(await running(1), step).toBe("");
    }
    const said = await run();
    expect(said).toContain("account 1: runs on young\n");
    expect(said).toMatch(
      /restore-backup of account 2 on young failed \(5\): there is no backup of it by web1\nAccount 2 is held/,
    );
  } finally {
    rmSync(directory, { recursive: true });
  }
  expect(
    await spare.shell(`cd ${home} && cat sub/page && stat -c '%a %U' sub/page && readlink etc && ls -A | xargs`),
  ).toBe("page\n600 a1\n/etc\nadmin etc ran sent shell.py sub www");
  const counted = `${psql} 'SELECT count(*) FROM t'; mariadb -BN a1_shop -e 'SELECT COUNT(*) FROM t'`;
  expect(await inside(spare.host, 1, counted)).toBe("1000\n1000\n");
  // With its key, and renewed when it would have been.
  expect(await spare.shell(showCertificate(secured))).toBe(certificate);
  expect(await announced(1)).toBe("1");
  await expect.poll(() => running(1)).toContain("sleep infinity");
}, 300_000);

test("an account without a backup does not begin empty, until somebody says so", async () => {
  expect([await running(2), await announced(2)]).toEqual(["", "0"]);
  expect((await spare.host.run("fairhost-host move 2 land")).stderr).toContain("is not restored from its backup");
  // Nor is what is not there backed up.
  await spare.host.run("fairhost-host backup");
  expect(await on.backup.shell("ls /srv/accounts/2/repositories")).toBe("");
  await spare.shell("fairhost-host move 2 land-without-backup");
  expect(await announced(2)).toBe("1");
  await expect.poll(() => running(2)).toContain("sleep infinity");
});

const programs = (number: number) => on.web.shell(`ps -o args= -u 190000000${number} || true`);
const routes = "ip -6 route show table local proto 66";
/** The declaration in which it is not lost any more. */
function found() {
  const declaration = on.declaration([alice, bob], "web1 lost");
  return { ...declaration, hosts: declaration.hosts.map(({ lost: _, ...host }) => host) };
}

test("a host whose backup hosts do not answer starts its accounts", async () => {
  const { exitCode, stderr } = await unanswered;
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining("bak1 gives no answer: ")]);
  expect(await programs(1)).toContain("sleep infinity");
  expect(await on.web.status()).toMatchObject({ held: [], gone: [] });
});

test("one that was off for long waits for an answer, or until an administrator ends that", async () => {
  const worker = "account-1-service-worker.service";
  await on.web.shell(`rm /var/lib/fairhost/running && systemctl stop ${worker}
    systemctl restart --no-block fairhost-fence.service && systemctl start --no-block ${worker}`);
  await on.web.until("fairhost-host status | grep -q '^waiting  *no backup host answers, and web1'", 90);
  expect(await programs(1)).not.toContain("sleep infinity");
  await on.web.shell("fairhost-host fence start");
  await expect.poll(() => programs(1), { timeout: 60_000 }).toContain("sleep infinity");
});

test("the lost host that comes back can neither read nor bring backups of what has gone", async () => {
  await on.web.shell("ip link set eth0 up && ip route replace fd00:8100::11 dev eth0");
  await on.web.until("fairhost-host backup 1 2>&1 | grep -q 'Permission denied'", 60);
  expect(await on.backup.shell("cd /srv/accounts/1/repositories && ls")).toMatch(/^spare1\S+\nweb1\S+$/);
});

test("nobody hears from a backup host more than what concerns their own host, whatever they ask", async () => {
  const options = "-o BatchMode=yes -o UserKnownHostsFile=/var/lib/fairhost/current/backup/known_hosts -p 8122";
  const asked = "fairhost-asking@fd00:8100::11";
  const ask = `ssh -F none ${options} -i /etc/ssh/ssh_host_ed25519_key ${asked}`;
  for (const words of ["", "cat /etc/passwd"])
    expect((await spare.host.run(`${ask} ${words}`)).stdout, words).toBe('{"host":"spare1"}\n');
  const answer = '{"host":"web1","lost":"2026-11-27","accounts":[]}';
  expect(await on.web.shell(ask)).toBe(`${answer}\n${JSON.stringify(stamps.get("web1"))}`);
});

test("a backup host that makes an answer up holds nothing", async () => {
  const own = "/var/lib/fairhost/answers/spare1";
  const forged = '{"host":"spare1","lost":"2026-11-27","accounts":[]}';
  for (const stamp of ["", JSON.stringify(stamps.get("web1"))]) {
    await on.backup.shell(`printf '%s\\n' '${forged}' '${stamp}' >${own}`);
    expect((await spare.host.run("fairhost-host fence")).stderr).toContain(
      "bak1 gives no answer: it says that spare1 is lost, and no controller that knows the master secret of spare1 has signed that",
    );
  }
  expect(await spare.status()).toMatchObject({ held: [], gone: [] });
  expect(await running(1)).toContain("sleep infinity");
  await on.backup.shell(`echo '{"host":"spare1"}' >${own}`);
});

test("a lost host that is on the network again stops what has gone, and says why", async () => {
  await on.web.shell("fairhost-host fence");
  expect([await programs(1), await programs(2)]).toEqual(["", ""]);
  expect(await on.web.shell(routes)).not.toContain("fd00:8000:0:");
  const why = "bak1 says that web1 is lost since 2026-11-27, and that account 1 is on another host now";
  const { held, gone, notRunning } = await on.web.status();
  expect({ held, gone: gone[0], notRunning }).toEqual({ held: ["account-1", "account-2"], gone: why, notRunning: [] });
  const inspected = await on.web.host.run("fairhost-host inspect --json");
  const { differences } = JSON.parse(inspected.stdout) as Inspection;
  expect(differences.filter(({ kind }) => kind === "account-held")).toMatchObject([
    { group: "account-1", message: expect.stringContaining(why), repaired: "by the next deploy" },
    { group: "account-2" },
  ]);
  const health = JSON.parse((await on.web.host.run("fairhost-host health --json")).stdout) as Health;
  // So a deploy stops after a wave on a host that is not lost, if a backup host is behind and says so.
  const problem = { group: "host", message: expect.stringContaining(`${why}, so it and 1 other account are held`) };
  expect(health).toMatchObject({ healthy: false, problems: [problem] });
  expect(await on.web.shell("fairhost-host backup; ls /var/lib/fairhost/current/backup/accounts || true")).toBe("");
});

test("what a deploy brings to a host is its own again; a boot of the lost host starts nothing of what has gone, programs nor tasks", async () => {
  const again = on.declaration([alice, bob]);
  const { report, stderr } = await on.web.apply(renderBundle(again, "web1"), ordered(again));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  await on.web.until("ps -o args= -u 1900000001 | grep -q 'sleep infinity'");
  // The backup host is behind: for it web1 is still lost.
  const asked = await on.web.host.run("fairhost-host fence");
  expect([asked.exitCode, asked.stderr]).toEqual([
    0,
    expect.stringMatching(/^bak1 gives an old answer: number \d+, and/),
  ]);
  expect(await on.web.status()).toMatchObject({ held: [], gone: [] });
  expect(await programs(1)).toContain("sleep infinity");
  // It is lost once more; otherwise the timer asks before it boots.
  await on.web.shell("ip link set eth0 down");
  const lost = on.declaration([alice, bob], "web1 lost");
  await on.backup.apply(renderBundle(lost, "bak1"), ordered(lost));
  // The container has no boot of its own: all ends, and all begins.
  await on.web.shell(`mkdir -p /run/systemd/system/greeter.service.d
    printf '[Unit]\\nIgnoreOnIsolate=yes\\n' >/run/systemd/system/greeter.service.d/stays.conf
    printf '[Unit]\\nRequires=sysinit.target\\nAllowIsolate=yes\\n' >/run/systemd/system/all-ends.target
    systemctl daemon-reload; systemctl isolate all-ends.target`);
  await on.web.until("! ps -o args= -u 1900000001 && ! systemctl -q is-active fairhost-fence.service fairhost.target");
  await on.web.shell("rm -f /srv/accounts/1/home/ran /srv/accounts/1/home/sent");
  await on.web.shell("systemctl start --no-block multi-user.target");
  // All that can start has, but for what waits for an answer.
  await on.web.until(
    "systemctl -q is-active fairhost.target nginx && ! systemctl list-jobs | grep running | grep -qv fence",
  );
  expect(await on.web.shell("systemctl is-active fairhost-fence.service || true")).toBe("activating");
  await on.web.shell("ip link set eth0 up && ip route replace fd00:8100::11 dev eth0");
  await on.web.until(`systemctl -q is-active fairhost-fence.service && ! ${routes} | grep -q fd00:8000:0:`, 120);
  expect(await on.web.shell("ls /srv/accounts/1/home")).not.toMatch(/ran|sent/);
  expect([await programs(1), await programs(2)]).toEqual(["", ""]);
  expect((await on.web.status()).held).toEqual(["account-1", "account-2"]);
});

test("it holds them until its own deploy, which takes them away", async () => {
  const sent = ordered(found());
  await on.backup.apply(renderBundle(found(), "bak1"), sent);
  await on.web.shell("fairhost-host fence");
  expect((await on.web.status()).held).toEqual(["account-1", "account-2"]);
  const { report, stderr } = await on.web.apply(renderBundle(found(), "web1"), sent);
  expect(report, stderr).toMatchObject({ errors: [] });
  expect([await programs(1), await on.web.shell(routes)]).toEqual(["", expect.not.stringContaining("fd00:8000:0:")]);
  expect(await on.web.status()).toMatchObject({ held: [], gone: [] });
});
