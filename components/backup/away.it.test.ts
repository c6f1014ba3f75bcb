import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { RestoreState } from "../../host/store/restores.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import type { Restore } from "./restore-request.ts";

/** A host whose accounts have a disk of their own, as in production, and a backup host: what becomes of backups when one of them is away, full, or has a wrong clock. */
let on: BackupHosts;

const alice = { number: 1, name: "alice" };
const bob = { number: 2, name: "bob" };
const repositories = "/srv/accounts/1/repositories";
const home = "/srv/accounts/1/home";
const day = 86_400_000;

const web = (command: string) => on.web.shell(command);
const backup = (command: string) => on.backup.shell(command);
const ids = async () => (await web("fairhost-host backups 1")).split("\n").map((line) => line.split(" ")[0]!);
const snapshots = async () => (await backup(`cd ${repositories} && ls -tr */snapshots/*`)).split("\n");

async function differences(host: AppliedHost, kind: string): Promise<string[]> {
  const { stdout } = await host.host.run("fairhost-host inspect --json </dev/null");
  return (JSON.parse(stdout) as Inspection).differences.flatMap((each) => (each.kind === kind ? [each.message] : []));
}

async function metric(host: AppliedHost, name: string): Promise<number> {
  const line = await host.shell(`grep '^fairhost_${name}{account="1"}' /var/lib/fairhost/metrics/backups.prom`);
  return Number(line.split(" ")[1]);
}

/** The host's own program, by a clock that is wrong. */
const withClock = (days: number, command: string) =>
  `NODE_OPTIONS=--require=/root/clock.cjs OFF=${days * day} ${command}`;
const clock = `const True = Date, off = Number(process.env.OFF);
globalThis.Date = class extends True {
  constructor(...words) { super(...(words.length > 0 ? words : [True.now() + off])); }
  static now() { return True.now() + off; }
};
`;

beforeAll(async () => {
  on = await backupHosts("away");
  // The file takes no more room than what is written to it.
  await web(`mknod /dev/loop-control c 10 237; for i in $(seq 0 63); do mknod /dev/loop$i b 7 $i; done
mkdir -p /run/disk /srv/accounts && mount -t tmpfs -o size=1G tmpfs /run/disk
truncate -s 3G /run/disk/accounts && mke2fs -q -F -t ext4 -m 0 /run/disk/accounts && mount -o loop,nosuid,nodev /run/disk/accounts /srv/accounts`);
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  for (const { host } of [on.web, on.backup]) await host.writeFile("/root/clock.cjs", clock);
  await web("systemctl stop fairhost-backup.timer fairhost-restore.timer");
  await backup("systemctl stop fairhost-expire-backups.timer");
  await web(`head -c 8000000 /dev/urandom >${home}/large && chown a1:a1 ${home}/large`);
  for (const edition of [1, 2, 3, 4])
    await web(`echo edition-${edition} >${home}/page && chown a1:a1 ${home}/page && fairhost-host backup`);
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

/** restic with a clock of its own: the time in a file, if that is there. */
const resticByClock = `#!/bin/sh
[ "$1" != backup ] || [ ! -e /usr/share/restic-time ] || set -- "$@" --time "$(cat /usr/share/restic-time)"
exec /usr/libexec/restic "$@"
`;
const spool = "/srv/accounts/spool";
/** Names of snapshots that wait, without those that the backup host has. */
const waiting = async (account: number) =>
  (
    await web(
      `cd ${spool}/${account}/waiting/*/ 2>/dev/null && ls snapshots base | sort | uniq -u | grep -E '^[0-9a-f]{64}$' || true`,
    )
  )
    .split("\n")
    .filter(Boolean);
/** A run of the timer some days ago, by all clocks of the host. */
const runDaysAgo = async (days: number) => {
  const before = (await Promise.all([1, 2].map(waiting))).flat();
  const then = new Date(Date.now() - days * day);
  await on.web.host.writeFile("/usr/share/restic-time", then.toISOString().slice(0, 19).replace("T", " "));
  const result = await on.web.host.run(withClock(-days, "fairhost-host backup --due"));
  const made = (await Promise.all([1, 2].map(waiting))).flat().filter((name) => !before.includes(name));
  for (const name of made) await web(`touch -d '${then.toISOString()}' ${spool}/*/waiting/*/snapshots/${name}`);
  await web("rm /usr/share/restic-time");
  return { ...result, made: made.length };
};

describe("a backup site that is away for three days", () => {
  test("is said by drift, metrics and the run itself; each day's backup waits on the host, encrypted, with what has changed alone", async () => {
    // The last backups came four days ago; the oldest one is over.
    const ages = [10, 6, 5, 4];
    for (const [index, path] of (await snapshots()).entries())
      await backup(`touch -d '-${ages[index]} days' ${repositories}/${path}`);
    const was = new Date(Date.now() - 4 * day).toISOString();
    await web(`sed -i -E 's/"(time|ended)":"[^"]*"/"\\1":"${was}"/g' /var/lib/fairhost/backups/*.json`);
    await web(`mv /usr/bin/restic /usr/libexec/restic`);
    await on.web.host.writeFile("/usr/bin/restic", resticByClock, 0o755);
    await backup("systemctl stop fairhost-repositories.service");
    for (const runs of [1, 2, 3]) {
      await web(`echo away-${runs} >${home}/page`);
      const { exitCode, stderr, made } = await runDaysAgo(4 - runs);
      expect([exitCode, stderr, made]).toEqual([
        5,
        expect.stringMatching(/account 1 has no new backup: bak1 cannot be.*; today's backup waits on this host/),
        2,
      ]);
      expect(await metric(on.web, "backup_failed_runs_total")).toBe(runs);
      expect(await metric(on.web, "backup_waiting")).toBe(runs);
      expect(await backup("fairhost-host expire-backups")).toBe("");
    }
    // One of a day is enough.
    expect(await runDaysAgo(1)).toMatchObject({ exitCode: 5, made: 0 });
    expect(await differences(on.web, "backup-late")).toEqual(
      [1, 2].map((account) =>
        expect.stringMatching(
          `account ${account} has no backup of the last 36 hours: its newest is of ${was.slice(0, 10)}.*bak1 cannot be reached`,
        ),
      ),
    );
    expect(await differences(on.web, "backup-waits")).toEqual([
      expect.stringMatching(/^6 backups of 2 accounts, at most 3 of one, are on this host alone/),
    ]);
    // What the alerts BackupLate and BackupsDoNotCome compare (examples/prometheus/backup-alerts.yaml).
    const age = Date.now() / 1000 - (await metric(on.web, "backup_last_timestamp_seconds"));
    expect(age).toBeGreaterThan(await metric(on.web, "backup_allowed_age_seconds"));
    const came = await metric(on.backup, "repository_newest_timestamp_seconds");
    expect(Date.now() / 1000 - came).toBeGreaterThan(2.5 * 86_400);
    expect(await web("find /srv/accounts/backups -type f")).toBe("");
    expect(await web(`stat -c '%U %a' ${spool}; ! grep -rqa -e away-1 -e edition ${spool}`)).toBe("root 700");
    // The account has 8 MB, which the backup host has already.
    expect(Number(await web(`du -s --block-size=1M ${spool}/1 | cut -f 1`))).toBeLessThan(4);
    expect(await snapshots()).toHaveLength(4);
  });

  test("killed whenever: what waits stays whole, and goes on", async () => {
    const before = await waiting(1);
    for (const [round, seconds] of [0.7, 1.5, 2.4].entries()) {
      await web(`find ${spool}/1/waiting -path '*/snapshots/*' -newermt '-12 hours' -exec touch -d '-1 day' {} +`);
      await web(
        `head -c 3000000 /dev/urandom >${home}/killed && systemd-run -q --unit=kill-${round} fairhost-host backup 1`,
      );
      await web(`sleep ${seconds}; systemctl kill -s KILL kill-${round}; systemctl kill -s KILL 'fairhost-backup-1-*'`);
    }
    await web(
      `rm ${home}/killed; find ${spool}/1/waiting -path '*/snapshots/*' -newermt '-12 hours' -exec touch -d '-1 day' {} +`,
    );
    expect(await on.web.host.run("fairhost-host backup 1")).toMatchObject({
      ...{ exitCode: 5, stderr: expect.stringContaining("today's backup waits on this host") },
    });
    expect(await waiting(1)).toEqual(expect.arrayContaining([...before]));
  });

  test("an account that floods has its part of the room, and no backup beyond it; another one's waits", async () => {
    const declaration = on.declaration([alice, bob]);
    const hosts = declaration.hosts.map((host) => (host.name === "web1" ? { ...host, spoolGb: 0.08 } : host));
    const { report, stderr } = await on.web.apply(renderBundle({ ...declaration, hosts }, "web1"));
    expect(report, stderr).toMatchObject({ errors: [] });
    await web(`find ${spool}/*/waiting -path '*/snapshots/*' -newermt '-12 hours' -exec touch -d '-1 day' {} +`);
    await web("head -c 100000000 /dev/urandom >/srv/accounts/2/home/flood");
    const run = await on.web.host.run("fairhost-host backup");
    expect(run.stderr).toMatch(
      /account 2 has no new backup: .*and today's backup does not wait on this host: .*may take 40 MB on this host \(`spoolGb`/,
    );
    expect(run.stderr).toMatch(/account 1 has no new backup: .*today's backup waits on this host/);
    expect(Number(await web(`du -s --block-size=1M ${spool}/2 | cut -f 1`))).toBeLessThan(20);
    await web("rm /srv/accounts/2/home/flood");
    await on.deploy(declaration);
  });

  test("gets what is due when it is back, then what waited, whenever that is killed, and then removes what is over and nothing else", async () => {
    const before = await snapshots();
    await backup("systemctl start fairhost-repositories.service");
    await web(`echo edition-5 >${home}/page && rm -f ${home}/large`);
    for (const [round, seconds] of [0, 0.2, 0.4].entries()) {
      await web(`systemd-run -q --unit=bring-${round} fairhost-host backup 1`);
      await web(
        `timeout 60 sh -c 'until systemctl -q is-active fairhost-backup-1-copy; do sleep 0.02; done'; sleep ${seconds}
         systemctl kill -s KILL bring-${round}; systemctl kill -s KILL fairhost-backup-1-copy`,
      ).catch(() => {});
    }
    await web("systemctl start fairhost-backup.service");
    expect(await differences(on.web, "backup-late")).toEqual([]);
    expect(await differences(on.web, "backup-waits")).toEqual([]);
    expect(await web(`find ${spool} -path '*/waiting*'`)).toBe("");
    expect(Date.now() / 1000 - (await metric(on.web, "backup_last_timestamp_seconds"))).toBeLessThan(3600);
    expect(await backup("fairhost-host expire-backups")).toContain(before[0]);
    expect((await snapshots()).slice(0, 3)).toEqual(before.slice(1));
    // Each day has its own, once; that of a day that has another one of the backup host is not brought.
    const all = await ids();
    expect(all.length).toBeGreaterThanOrEqual(7);
    expect(all.length).toBeLessThanOrEqual(10);
    for (const [index, id] of [...all.slice(0, 4), all.at(-1)].entries()) {
      await web(`rm -rf ${home}/restored-* && fairhost-host restore-backup 1 files page --snapshot ${id}`);
      expect(await web(`cat ${home}/restored-*/home/page`)).toBe(
        ["away-1", "away-2", "away-3", "edition-2", "edition-5"][index],
      );
    }
    expect(await backup("fairhost-host verify-backups")).toBe("");
    await web(`rm -r ${home}/restored-* /usr/bin/restic && mv /usr/libexec/restic /usr/bin/restic`);
  });
});

test("an account whose directories are too much for its part of the room is backed up all the same, and nothing of them stays", async () => {
  const declaration = on.declaration([alice, bob]);
  const hosts = declaration.hosts.map((host) => (host.name === "web1" ? { ...host, spoolGb: 0.02 } : host));
  const { report, stderr } = await on.web.apply(renderBundle({ ...declaration, hosts }, "web1"));
  expect(report, stderr).toMatchObject({ errors: [] });
  // Directories name extended attributes again with each name of a file, and the disk limit counts these once.
  await web(`python3 -c '
import os
for each in range(2000):
    for name in range(12):
        path = f"/srv/accounts/2/home/many/{name}/{name}-{each}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if name > 0: os.link(f"/srv/accounts/2/home/many/0/0-{each}", path)
        else:
            open(path, "x").close()
            os.setxattr(path, "user.noise", os.urandom(3900))
'`);
  const run = await on.web.host.run("fairhost-host backup 2");
  const said = `${run.stdout}${run.stderr}`;
  expect(run, said).toMatchObject({ exitCode: 0 });
  expect(said).toMatch(/account 2: restic goes on without a cache: .*may take 10 MB on this host \(`spoolGb`/);
  expect(await web(`find ${spool}/2 -type f`)).toBe("");
  // It is not tried again for this repository.
  await web("echo later >/srv/accounts/2/home/later");
  const next = await on.web.host.run("fairhost-host backup 2");
  expect(next).toMatchObject({ exitCode: 0 });
  expect(`${next.stdout}${next.stderr}`).not.toMatch(/without a cache/);
  expect(await web(`find ${spool}/2 -type f`)).toBe("");
  await web("rm -r /srv/accounts/2/home/many");
  const back = await on.web.apply(renderBundle(declaration, "web1"));
  expect(back.report, back.stderr).toMatchObject({ errors: [] });
});

describe("a clock that is a day off", () => {
  test.each([
    ["ahead", 1],
    ["behind", -1],
  ])("%s on the host is said if it hides anything, costs nothing, and is made up for", async (which, days) => {
    const before = await snapshots();
    await web(withClock(days, "fairhost-host backup"));
    expect(await differences(on.web, "backup-late")).toEqual(
      which === "ahead" ? [1, 2].map(() => expect.stringMatching(/its newest is of \S+, in the future$/)) : [],
    );
    await web("systemctl start fairhost-backup.service");
    expect(await differences(on.web, "backup-late")).toEqual([]);
    expect(await backup("fairhost-host expire-backups")).toBe("");
    expect(await snapshots()).toEqual([...before, expect.anything(), expect.anything()]);
  });

  test("on the backup host removes nothing before its time", async () => {
    const before = await snapshots();
    const [oldest = ""] = before;
    await backup(`touch -d '-167 hours' ${repositories}/${oldest}`);
    for (const days of [1, -1, 0])
      expect(await backup(withClock(days, "fairhost-host expire-backups")), `${days}`).toBe("");
    // One that came meanwhile is dated in the future, and is neither over nor in the way of the next ones.
    await web("fairhost-host backup 1");
    const newest = (await snapshots()).at(-1);
    await backup(`touch -d '+1 day' ${repositories}/${newest}`);
    await web("fairhost-host backup 1");
    expect(await backup("fairhost-host expire-backups")).toBe("");
    expect(await snapshots()).toHaveLength(before.length + 2);
  });
});

describe("a full disk", () => {
  const state = async () => JSON.parse(await web("cat /var/lib/fairhost/restores/1.json")) as RestoreState;
  const fill = "/srv/accounts/full";
  /** Leaves so many megabytes, or nothing at all. */
  const leave = async (megabytes: number) => {
    const most = `$(($(stat -f -c '%a * %S' /srv/accounts) - ${Math.max(1, megabytes)} * 1000000))`;
    await web(`rm -f ${fill}; fallocate -l ${most} ${fill}`);
    if (megabytes === 0) await web(`! dd if=/dev/zero bs=4k oflag=append conv=notrunc of=${fill} 2>/dev/null`);
  };
  const files = "sha256sum page big/*";
  const ask = async (restore: Restore) => {
    const { report, stderr } = await on.web.apply(renderBundle(on.declaration([{ ...alice, restore }, bob]), "web1"));
    expect(report, stderr).toMatchObject({ errors: [] });
  };
  /** The connection takes half a minute for what the account has. */
  const slow = (host: AppliedHost) =>
    host.shell("tc qdisc replace dev eth0 root tbf rate 10mbit burst 32k latency 400ms");
  const quick = (host: AppliedHost) => host.shell("tc qdisc del dev eth0 root");
  let sums = "";

  test("while a backup runs: it is said, or whole; the next run ends well", async () => {
    await web(
      `cd ${home} && mkdir big && for each in $(seq 30); do head -c 1000000 /dev/urandom >big/$each; done; chown -R a1:a1 big`,
    );
    await slow(on.web);
    await web("systemd-run -q --unit=run-full fairhost-host backup 1");
    await on.web.until("systemctl is-active fairhost-backup-1-backup.service");
    await leave(0);
    await on.web.until("! systemctl is-active run-full", 120);
    await quick(on.web);
    expect(await web("journalctl -u run-full -o cat")).toMatch(/account 1(: backed up to bak1| has no new backup: )/);
    // On the full disk itself, what restic needs lies in memory.
    await web(`echo late >${home}/page`).catch(() => {});
    await web("fairhost-host backup 1");
    await web(`rm ${fill} && fairhost-host backup 1`);
    sums = await web(`cd ${home} && ${files}`);
    await web(`fairhost-host restore-backup 1 files`);
    expect(await web(`cd ${home}/restored-*/home && ${files}`)).toBe(sums);
    await web(`rm -r ${home}/restored-*`);
  });

  test("a restore beside ends, is said, and leaves what is there", async () => {
    await leave(4);
    const { exitCode, stderr } = await on.web.host.run("fairhost-host restore-backup 1 files");
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/no space left on device/)]);
    expect(await web(`ls ${home} | grep restored`)).toMatch(/^restored-\S+\.partial$/);
    await web(`rm ${fill}`);
    expect(await web(`cd ${home} && ${files}`)).toBe(sums);
    await web(`fairhost-host restore-backup 1 files && ! ls -d ${home}/*.partial && rm -r ${home}/restored-*`);
  });

  test("a restore in place does not begin, or is ended; nothing of the account changes", async () => {
    const snapshot = (await ids()).at(-1)!;
    const old = await web(`cd ${home} && echo written-since >page && rm big/1 && ${files}`);
    await leave(4);
    await ask({ id: "full", snapshot, what: ["files"] });
    expect(await on.web.host.run("fairhost-host restore-declared 1")).toMatchObject({ exitCode: 5 });
    expect(await state()).toMatchObject({
      phase: "failed",
      why: expect.stringMatching(/MiB are free: free some space/),
    });
    // It fills while files come.
    await web(`rm ${fill}`);
    await ask({ id: "filling", snapshot, what: ["files"] });
    await slow(on.backup);
    await web("systemd-run -q --unit=run-filling fairhost-host restore-declared 1");
    await on.web.until("[ $(du -s --block-size=1M /srv/accounts/replaced/1/filling/files | cut -f 1) -ge 5 ]");
    await leave(0);
    await on.web.until("! systemctl is-active run-filling");
    await quick(on.backup);
    expect(await state()).toMatchObject({ phase: "failed", why: expect.stringMatching(/free for the other accounts/) });
    expect(await web("find /srv/accounts/replaced/1 /var/lib/fairhost/replacing -mindepth 1 2>/dev/null || true")).toBe(
      "",
    );
    await web(`rm ${fill}`);
    expect(await web(`cd ${home} && ${files}`)).toBe(old);
    await ask({ id: "roomy", snapshot, what: ["files"] });
    await web("fairhost-host restore-declared 1");
    expect(await web(`cd ${home} && ${files}`)).toBe(sums);
  });
});
