import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { backupKey } from "../../host/store/secrets.ts";
import { type AppliedHost, delivery } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { flipByte } from "../../testing/fakes/flip-byte.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { clockCases, killed, killedCases, randomMoment, shareCases } from "./cases/standby.cases.ts";

/** A host, its backup host, and the standby of account 1; account 2 has none. Everything goes over real SSH. */
let on: BackupHosts;
let standby: AppliedHost;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const alice = { number: 1, name: "alice", servers: [shellServer()], databases: [shop] };
const bob = { number: 2, name: "bob", servers: [shellServer()] };
const home = "/srv/accounts/1/home";
const copy = "/srv/accounts/standby/1";
const repositories = "/srv/accounts/1/repositories";
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";

/** What a deploy gives web1 as its master secret (testing/fakes/applied-host.ts), and what the standby has. */
const master = Buffer.alloc(32, 7).toString("base64");
const toStandby = (declaration: Declaration) =>
  delivery(renderBundle(declaration, "spare1"), { masterSecret: Buffer.alloc(32, 9).toString("base64") });

/** On spare1 instead of web1 if that is lost: the two change places. */
function declaration(lost?: "web1 lost"): Declaration {
  const declared = on.declaration([alice, bob], lost);
  const other = lost === undefined ? "spare1" : "web1";
  const accounts = declared.accounts.map((each) => (each.number === 1 ? { ...each, standby: other } : each));
  return { ...declared, accounts };
}

const fetchBackups = () => standby.host.run("fairhost-host fetch-backups", { timeout: 120_000 });
const snapshots = (host: AppliedHost, directory: string) => host.shell(`cd ${directory} && ls */snapshots/* || true`);
/** Files of repositories with what is in them; locks, and what was not looked at, aside. */
const sums = (host: AppliedHost, directory: string) =>
  host.shell(`cd ${directory} && find . -type f ! -path '*/locks/*' ! -name .unseen -exec sha256sum {} + | sort -k2`);
/** The copy has the one repository with the newest backup, as it is on the backup host. */
async function expectWholeCopy(): Promise<void> {
  const newest = `cd ${repositories} && ls -t */snapshots/* | head -n 1 | xargs stat -c %Y`;
  const name = await standby.shell(`ls ${copy}`);
  expect(await on.backup.shell(`cd ${repositories}/${name}/snapshots && ls -t | head -n 1 | xargs stat -c %Y`)).toBe(
    await on.backup.shell(newest),
  );
  expect(await sums(standby, `${copy}/${name}`)).toBe(await sums(on.backup, `${repositories}/${name}`));
}

/** What the account's host asks of the backup host. */
const asHost = (words: string) =>
  on.web.host.run(
    `ssh -F none -T -p 8122 -o BatchMode=yes -o UserKnownHostsFile=/var/lib/fairhost/current/backup/known_hosts -i /etc/ssh/ssh_host_ed25519_key a1@fd00:8100::11 ${words}`,
  );

async function late(host = standby, of = "standby-late"): Promise<string[]> {
  const { stdout } = await host.host.run("fairhost-host inspect --json </dev/null");
  return (JSON.parse(stdout) as Inspection).differences.filter(({ kind }) => kind === of).map(({ message }) => message);
}

beforeAll(async () => {
  on = await backupHosts("standby", "spare");
  standby = on.spare!;
  const declared = declaration();
  for (const [host, name] of [
    [on.web, "web1"],
    [on.backup, "bak1"],
  ] as const) {
    const { report, stderr } = await host.apply(renderBundle(declared, name));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  }
  // They run when the tests say so.
  await on.web.shell("systemctl stop fairhost-backup-often.timer fairhost-backup-often.service");
  const applied = await standby.host.run(["fairhost-host", "apply"], { stdin: toStandby(declared), timeout: 120_000 });
  expect(applied.exitCode, applied.stderr).toBe(0);
  await standby.shell("systemctl stop fairhost-standby.timer fairhost-standby.service");
  await placeShell(on.web.host, 1);
  await inside(on.web.host, 1, `${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'`);
  await inside(on.web.host, 1, "mkdir sub; echo page >sub/page; head -c 200000000 /dev/urandom >large");
  expect(await on.web.host.run("fairhost-host backup", { timeout: 200_000 })).toMatchObject({ exitCode: 0 });
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("the copy on the standby", () => {
  test("has no snapshot if it was killed in the middle, and the next run ends well", async () => {
    await standby.shell(
      `systemd-run -q --unit=fetching fairhost-host fetch-backups
       until [ -n "$(find ${copy} -path '*/data/*' -type f 2>/dev/null)" ]; do :; done
       systemctl kill -s KILL fetching; systemctl reset-failed fetching || true`,
    );
    expect(await standby.shell(`find ${copy} -path '*/snapshots/*'`)).toBe("");
    await standby.shell("systemctl start fairhost-standby.service");
    await expectWholeCopy();
    expect(await snapshots(standby, copy)).not.toBe("");
    expect(await late()).toEqual([]);
  });

  test("is of that account alone, and cannot be opened there", async () => {
    expect(await standby.shell("ls /srv/accounts/standby")).toBe("1");
    const opened = await standby.host.run("fairhost-host backups 1");
    expect([opened.exitCode, opened.stderr]).toEqual([5, expect.stringContaining("account 1 is not on this host")]);
    // Of the account there are neither names nor contents of files, nor the key.
    const texts = ["shell.py", "page", backupKey(Buffer.from(master, "base64"), 1, 1)];
    const found = `grep -r -l -a ${texts.map((each) => `-e '${each}'`).join(" ")} ${copy} /var/lib/fairhost/standby`;
    expect(await standby.host.run(found)).toMatchObject({ stdout: "", exitCode: 1 });
    expect(await standby.shell("stat -c '%U %a' /srv/accounts/standby")).toBe("root 700");
  });

  test("takes no file in which a byte has changed, names it, and goes on without", async () => {
    const before = await snapshots(standby, copy);
    await inside(on.web.host, 1, "head -c 1000000 /dev/urandom >second");
    await on.backup.shell("touch /root/before");
    await on.web.shell("fairhost-host backup 1");
    const file = await on.backup.shell(`find ${repositories} -path '*/data/*' -type f -newer /root/before | head -n 1`);
    const flip = `cp -p ${file} /root/whole && ${flipByte(file, 9)} && touch -r /root/whole ${file}`;
    await on.backup.shell(flip);
    const { exitCode, stderr } = await fetchBackups();
    const name = file.slice(repositories.length + 1);
    expect([exitCode, stderr]).toEqual([
      5,
      `account 1: its copy does not have its newest backup: bak1 has damaged files, which are not taken: ${name} (docs/how-to/operate/backups.md)\n`,
    ]);
    expect(await snapshots(standby, copy)).toBe(before);
    await on.backup.shell(`cp -p /root/whole ${file}`);
    expect(await fetchBackups()).toMatchObject({ exitCode: 0 });
    await expectWholeCopy();
  });

  test("loses what is over on the backup host, and stays if nothing answers, which drift says in time", async () => {
    const name = await standby.shell(`ls ${copy}`);
    const inOrder = await on.backup.shell(`cd ${repositories} && ls -tr ${name}/snapshots/*`);
    const [first = "", ...others] = inOrder.split("\n");
    const rest = others.toSorted();
    await on.backup.shell(`mv ${repositories}/${first} /root/over`);
    await fetchBackups();
    expect(await snapshots(standby, copy)).toBe(rest.join("\n"));
    await on.backup.shell(`mv /root/over ${repositories}/${first} && systemctl stop fairhost-repositories.service`);
    const { exitCode, stderr } = await fetchBackups();
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining("bak1 cannot be reached: ")]);
    expect(await snapshots(standby, copy)).toBe(rest.join("\n"));
    expect(await late()).toEqual([]);
    await standby.shell(`sed -i 's/"compared":"20../"compared":"2025/' /var/lib/fairhost/standby/1.json`);
    expect(await late()).toEqual([
      expect.stringMatching(
        /^the copy of account 1 has not had all of its backups for \d+ minutes, and its plan allows 60: its newest is of 20.*; the run of .* failed: bak1 cannot be reached/,
      ),
    ]);
    await on.backup.shell("systemctl start fairhost-repositories.service");
    await fetchBackups();
    expect(await late()).toEqual([]);
  });
});

test("an account with a standby is backed up again after half of its minutes, the others once a day, and drift says if it is not", async () => {
  const before = await snapshots(on.backup, repositories);
  const others = await snapshots(on.backup, "/srv/accounts/2/repositories");
  const often = () => on.web.shell("systemctl start fairhost-backup-often.service");
  /** As if the newest backups had been made so many minutes before. */
  const age = (minutes: number) => {
    const time = new Date(Date.now() - minutes * 60_000).toISOString();
    return on.web.shell(`sed -i 's/"time":"[^"]*"/"time":"${time}"/' /var/lib/fairhost/backups/*.json`);
  };
  await age(10);
  await often();
  expect(await snapshots(on.backup, repositories)).toBe(before);
  await age(125);
  expect(await late(on.web, "backup-late")).toEqual([
    expect.stringMatching(/^account 1 has no backup of the last 120 minutes: its newest is of /),
  ]);
  await often();
  expect((await snapshots(on.backup, repositories)).split("\n")).toHaveLength(before.split("\n").length + 1);
  expect(await snapshots(on.backup, "/srv/accounts/2/repositories")).toBe(others);
  expect(await late(on.web, "backup-late")).toEqual([]);
  await standby.shell("fairhost-host fetch-backups");
  await expectWholeCopy();
});

test("further backups of a day go to a branch, which has the files of the repository and takes no room, there and in the copy", async () => {
  // Of three in a row two are of one day.
  for (const name of ["third", "fourth"]) {
    await inside(on.web.host, 1, `head -c 100000 /dev/urandom >${name}`);
    await on.web.shell("fairhost-host backup 1");
  }
  const branch = await on.backup.shell(`cd ${repositories} && ls -d *.*.*.*.* | tail -n 1`);
  const whole = branch.replace(/\.\d+$/, "");
  const files = async (of: string) =>
    (await on.backup.shell(`cd ${repositories}/${of} && find config keys data index -type f | sort`)).split("\n");
  const [inWhole, inBranch] = [await files(whole), await files(branch)];
  expect(inWhole.filter((file) => !inBranch.includes(file))).toEqual([]);
  expect(inBranch.length).toBeGreaterThan(inWhole.length);
  const megabytes = async (host: AppliedHost, directory: string) =>
    Number(await host.shell(`du -sm ${directory} | cut -f1`));
  expect(await megabytes(on.backup, repositories)).toBeLessThan(300);
  // What the copy of the repository has is linked, not fetched again.
  await standby.shell(`cd ${copy} && rm */snapshots/* && { [ -d ${whole} ] || mv * ${whole}; }`);
  const inodes = () => standby.shell(`find ${copy} -path '*/data/*' -size +1M -printf '%i\\n' | sort`);
  const before = await inodes();
  expect(await fetchBackups()).toMatchObject({ exitCode: 0 });
  expect(await standby.shell(`ls ${copy}`)).toBe(branch);
  await expectWholeCopy();
  expect(await inodes()).toBe(before);
  expect(await megabytes(standby, copy)).toBeLessThan(300);
  // Each once, and what is in any of them can be restored.
  const listed = (await on.web.shell("fairhost-host backups 1")).split("\n").map((line) => line.split(" ")[0]);
  expect(new Set(listed).size).toBe(listed.length);
  for (const id of [listed[0], listed.at(-1)]) {
    await on.web.shell(`fairhost-host restore-backup 1 files sub/page --in-place --snapshot ${id}`);
    expect(await inside(on.web.host, 1, "cat sub/page")).toBe("page\n");
  }
});

test("a host begins branches of its own repositories alone, and few; without one a backup goes to the repository", async () => {
  const list = () => on.backup.shell(`ls -A ${repositories}`);
  const before = await list();
  const [whole = ""] = before.split("\n");
  for (const name of [
    "",
    "x",
    whole,
    `${whole}.`,
    `${whole}.1x`,
    `${whole}.1.2`,
    "web1.1.7.1.2",
    "../../2/repositories.1",
  ]) {
    expect(await asHost(`branch ${name}`), name).not.toMatchObject({ exitCode: 0 });
  }
  expect(await list()).toBe(before);
  for (let day = 1; day <= 12; day++) await asHost(`branch ${whole}.${day}`);
  expect((await list()).split("\n")).toHaveLength(11);
  await on.backup.shell(`cd ${repositories} && rm -r ${whole}.*`);
  await on.backup.shell(`cd ${repositories} && for i in 1 2 3 4 5 6 7 8 9 10; do mkdir ${whole}.$i; done`);
  const { exitCode, stderr } = await on.web.host.run("fairhost-host backup 1");
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringMatching(/^account 1: bak1 begins no branch \S+: refused: there are 10 branches$/m),
  ]);
  await on.backup.shell(`cd ${repositories} && rmdir ${whole}.*`);
  // So does what killed runs have left.
  await on.backup.shell(`cd ${repositories} && for i in 1 2 3 4 5 6 7 8 9 10; do mkdir .${whole}.$i; done`);
  expect((await asHost(`branch ${whole}.11`)).stderr).toContain("refused: there are 10 branches");
  await on.backup.shell(`cd ${repositories} && rmdir .${whole}.*`);
  // What a killed run has left is no hindrance. Of three backups in a row two are of one day.
  await on.backup.shell(`cd ${repositories} && cp -a ${whole} .${whole}.$(($(date +%s) / 86400))`);
  for (let times = 0; times < 2; times++) await on.web.shell("fairhost-host backup 1");
  expect(await on.backup.shell(`cd ${repositories} && ls -d *.*.*.*.* && ls -A | grep -c '^[.]' || true`)).toMatch(
    /^\S+\n0$/,
  );
});

describe("the standby's key", () => {
  const ssh = (user: string, words: string, stdin = "") =>
    standby.host.run(
      `ssh -F none -T -p 8122 -o BatchMode=yes -o UserKnownHostsFile=/var/lib/fairhost/current/backup/known_hosts -i /etc/ssh/ssh_host_ed25519_key ${user}@fd00:8100::11 ${words}`,
      { stdin },
    );

  test("reads the repositories of that account, and nothing else", async () => {
    expect((await ssh("a1", "list-files")).stdout).toMatch(/^\d+ [\d.]+ web1\S+\/config$/m);
    const [snapshot = ""] = (await snapshots(on.backup, repositories)).split("\n");
    expect((await ssh("a1", "read-files", `${snapshot}\n`)).stdout).not.toBe("");
    for (const [user, words, stdin] of [
      ["a2", "list-files"],
      ["root", "list-files"],
      ["a1", ""],
      ["a1", "sh"],
      ["a1", "list"],
      ["a1", "'list-files; id'"],
      ["a1", "read-files", "../../2/repositories\n"],
      ["a1", "read-files", "/etc/passwd\n"],
      ["a1", "read-files", "web1.1.7.1/../../../2\n"],
    ] as const) {
      const { exitCode, stdout } = await ssh(user, words, stdin);
      expect([user, words, stdin, stdout, exitCode === 0]).toEqual([user, words, stdin, "", false]);
    }
  });

  test("writes and deletes nothing", async () => {
    const before = await sums(on.backup, repositories);
    const [path = ""] = (await snapshots(on.backup, repositories)).split("\n");
    await ssh("a1", `open ${path.split("/")[0]}`);
    await ssh("a1", "read-files", `${path}; rm -r .\n`);
    expect(await sums(on.backup, repositories)).toBe(before);
  });
});

const given = {
  ...{
    master,
    home,
    copy,
    repositories,
    declaration,
    toStandby,
    asHost,
    fetchBackups,
    snapshots,
    sums,
    late,
    expectWholeCopy,
  },
  hosts: () => ({ on, standby }),
};
clockCases(given);
shareCases(given);
killedCases(given);

test("the host is lost and the backup host away: the account is back on its standby, from the copy", async () => {
  await standby.shell("ip link set eth0 down");
  await on.web.shell("ip link set eth0 down");
  await standby.shell("fairhost-host move 1 expect-backup && fairhost-host move 2 expect-backup");
  const lost = toStandby(declaration("web1 lost"));
  const applied = await standby.host.run(["fairhost-host", "apply"], { stdin: lost, timeout: 120_000 });
  expect(applied.exitCode, applied.stderr).toBe(0);
  // The timer goes on meanwhile.
  await standby.host.run("fairhost-host fetch-backups");
  // Whenever it may land, all of it is there.
  await standby.host.writeFile("/run/master", master, 0o600);
  const isLanded = async () => (await standby.host.run("fairhost-host move 1 land")).exitCode === 0;
  let landed = false;
  for (let times = 0; times < 4 && !landed; times++) {
    await killed(standby, "fairhost-host move 1 restore-backup web1 1 </run/master", randomMoment());
    landed = await isLanded();
  }
  const restore = (number: number) =>
    standby.host.run(`fairhost-host move ${number} restore-backup web1 1`, { stdin: master, timeout: 200_000 });
  if (!landed) {
    const { exitCode, stdout, stderr } = await restore(1);
    expect([exitCode, stdout, stderr]).toEqual([
      0,
      expect.stringMatching(
        /^the backup of 20\S+Z by web1, from the copy on this host; whether there is a newer one is not known \(bak1 cannot be reached: .*\)\n$/,
      ),
      expect.anything(),
    ]);
    await standby.shell("fairhost-host move 1 land");
  }
  expect(await standby.shell(`cat ${home}/sub/page; stat -c '%s %U' ${home}/large`)).toBe("page\n200000000 a1");
  expect(await inside(standby.host, 1, `${psql} 'SELECT count(*) FROM t'`)).toBe("1000\n");
  // Of account 2 it has nothing.
  expect((await restore(2)).stderr).toContain("cannot tell which backup is the newest (bak1 cannot be reached: ");
}, 300_000);
