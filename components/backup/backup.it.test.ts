import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { backupKey } from "../../host/store/secrets.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { damageCases } from "./cases/damage.cases.ts";
import { flipsCases } from "./cases/flips.cases.ts";
import { fullDiskCases } from "./cases/full-disk.cases.ts";
import { fullKeeperCases } from "./cases/full-keeper.cases.ts";
import { mappedCases } from "./cases/mapped.cases.ts";
import { progressCases } from "./cases/progress.cases.ts";

/** A host and a backup host as they are deployed; backups go over real SSH from one to the other. */
let on: BackupHosts;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const alice = { number: 1, name: "alice", servers: [shellServer()], databases: [shop] };
const bob = { number: 2, name: "bob", servers: [shellServer()] };
const home = "/srv/accounts/1/home";
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";

/** What a deploy gives a host as its master secret (testing/fakes/applied-host.ts). */
const master = Buffer.alloc(32, 7);
const repositories = (number: number) => `/srv/accounts/${number}/repositories`;
const snapshots = (number: number) => on.backup.shell(`cd ${repositories(number)} && ls */snapshots/*`);

async function found(host: AppliedHost, kind: string): Promise<string[]> {
  const { stdout } = await host.host.run("fairhost-host inspect --json </dev/null");
  return (JSON.parse(stdout) as Inspection).differences
    .filter((difference) => difference.kind === kind)
    .map(({ message }) => message);
}

beforeAll(async () => {
  on = await backupHosts("backup");
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  await placeShell(on.web.host, 1);
  await inside(on.web.host, 1, `${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'`);
  await inside(on.web.host, 1, "mkdir -p sub && echo first-edition >sub/page && chmod 600 sub/page && ln -s /etc etc");
  await on.web.shell("fairhost-host backup");
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("a backup", () => {
  test("has the files of the account, its databases and its declaration, and nothing that its symlinks lead to", async () => {
    expect(await on.web.shell("fairhost-host restore-backup 1 account")).toMatch(
      /^home\/(restored-\S+)\/home\nhome\/\1\/lib\nhome\/\1\/databases\/postgresql\.a1_shop\.dump$/,
    );
    const restored = `${home}/$(ls ${home} | grep restored)`;
    expect(
      await on.web.shell(
        `cd ${restored} && cat home/sub/page && stat -c '%a %U' home/sub/page && readlink home/etc && cmp home/shell.py ${home}/shell.py && head -c 5 databases/*.dump && ls home`,
      ),
    ).toBe("first-edition\n600 a1\n/etc\nPGDMPetc\nshell.py\nsub\nwww");
    await on.web.shell(`rm -r ${restored}`);
  });

  test("is encrypted: the backup host, which keeps it as a user of its own, has neither a key nor a name of a file", async () => {
    expect(await on.backup.shell(`stat -c '%U %a' ${repositories(1)}`)).toBe("a1 700");
    const grep = (host: AppliedHost, ...texts: string[]) =>
      host.host.run(
        `grep -r -l -a ${texts.map((each) => `-e '${each}'`).join(" ")} /srv/accounts /var/lib /run/fairhost`,
      );
    const key = backupKey(master, 1, 1);
    expect(await grep(on.backup, "shell.py", "first-edition", key)).toMatchObject({ stdout: "", exitCode: 1 });
    expect(await grep(on.web, key)).toMatchObject({ stdout: "", exitCode: 1 });
  });

  test("is not made twice by the timer, and is no drift on either host", async () => {
    const before = await snapshots(1);
    await on.web.shell("systemctl start fairhost-backup.service");
    expect(await snapshots(1)).toBe(before);
    for (const host of [on.web, on.backup]) {
      expect(await found(host, "foreign-process")).toEqual([]);
      expect(await found(host, "backup-late")).toEqual([]);
    }
  });
});

test("metrics say on both hosts how old the backups of each account are, and what they take", async () => {
  const minuteAgo = Date.now() / 1000 - 600;
  /** Values by series and account. */
  const metrics = async (host: AppliedHost) => {
    const text = await host.shell("cat /var/lib/fairhost/metrics/backups.prom");
    const found = text.matchAll(/^fairhost_(\w+)\{account="(\d+)"\} (\S+)$/gm);
    return new Map([...found].map(([, name, account, value]) => [`${name} ${account}`, Number(value)]));
  };
  const own = await metrics(on.web);
  await on.backup.shell("fairhost-host expire-backups");
  const kept = await metrics(on.backup);
  for (const account of [1, 2]) {
    expect(own.get(`backup_last_timestamp_seconds ${account}`)).toBeGreaterThan(minuteAgo);
    expect(own.get(`backup_failed_runs_total ${account}`)).toBe(0);
    expect(kept.get(`repository_newest_timestamp_seconds ${account}`)).toBeGreaterThan(minuteAgo);
    const { stdout } = await on.backup.host.run(`du --summarize --block-size=1 ${repositories(account)} | cut -f1`);
    expect(kept.get(`repository_bytes ${account}`)).toBe(Number(stdout));
    expect(kept.get(`repository_damaged_files ${account}`)).toBe(0);
  }
  expect([...own.keys()].filter((name) => name.startsWith("repository"))).toEqual([]);
});

describe("in place of what is there", () => {
  test("comes one file, whatever the account puts in its way", async () => {
    await inside(on.web.host, 1, "echo second >sub/page");
    expect(await on.web.shell("fairhost-host restore-backup 1 files sub/page --in-place")).toBe("home/sub/page");
    expect(await inside(on.web.host, 1, "cat sub/page")).toBe("first-edition\n");
    // Root would follow it to the neighbour's home.
    await on.web.shell(
      `mkdir ${home}/../../2/home/sub && rm -r ${home}/sub && ln -s /srv/accounts/2/home/sub ${home}/sub`,
    );
    await on.web.host.run("fairhost-host restore-backup 1 files sub/page --in-place");
    expect(await on.web.shell("ls /srv/accounts/2/home/sub")).toBe("");
    await on.web.shell(`rm -r ${home}/sub`);
  });

  test("comes a database, as a whole", async () => {
    await inside(on.web.host, 1, `${psql} 'DROP TABLE t'`);
    await on.web.shell("fairhost-host restore-backup 1 database postgresql a1_shop --in-place");
    expect(await inside(on.web.host, 1, `${psql} 'SELECT count(*) FROM t'`)).toBe("1000\n");
  });

  test("comes nothing that is not in the backup", async () => {
    for (const [words, why] of [
      ["files gone", "has no gone"],
      ["files ../2", "is not a path inside the home"],
      ["files --snapshot ffffffff", "none that begins with ffffffff"],
    ] as const) {
      const { exitCode, stderr } = await on.web.host.run(`fairhost-host restore-backup 1 ${words}`);
      expect([exitCode, stderr]).toEqual([5, expect.stringContaining(why)]);
    }
  });
});

test("a host that has lost its secrets restores with the escrowed master secret alone, on standard input", async () => {
  await on.web.shell("mv /var/lib/fairhost/secrets/master-1 /root/master");
  expect(await on.web.host.run("fairhost-host restore-backup 1 files sub")).toMatchObject({ exitCode: 5 });
  await on.web.shell("fairhost-host restore-backup 1 files sub --of web1 --in-place </root/master");
  expect(await on.web.shell(`cat ${home}/sub/page`)).toBe("first-edition");
  await on.web.shell("mv /root/master /var/lib/fairhost/secrets/master-1");
});

describe("a host that somebody has taken over", () => {
  const ssh = (user: string, words: string) =>
    `ssh -F none -T -p 8122 -o BatchMode=yes -o UserKnownHostsFile=/var/lib/fairhost/current/backup/known_hosts -i /etc/ssh/ssh_host_ed25519_key ${user}@fd00:8100::11 ${words}`;

  test("can neither delete nor replace what is there, by any request", async () => {
    const [path = ""] = (await snapshots(1)).split("\n");
    const [repository, , name] = path.split("/");
    await on.web.host.writeFile("/root/relay", `#!/bin/sh\nexec ${ssh("a1", `open ${repository}`)}\n`, 0o755);
    await on.web.shell("systemd-run -q --unit=relay socat UNIX-LISTEN:/run/relay,fork EXEC:/root/relay");
    await on.web.until("test -S /run/relay");
    await on.backup.shell("find /srv/accounts -type f ! -name .unseen -exec sha256sum {} + >/root/before");
    const ask = (request: string) =>
      on.web.shell(
        `curl -s -m 30 --path-as-is --http2-prior-knowledge --unix-socket /run/relay -o /dev/null -w '%{http_code}' ${request}`,
      );
    expect(await ask(`http://x/snapshots/${name}`)).toBe("200");
    for (const request of [
      `-X DELETE http://x/snapshots/${name}`,
      "-X DELETE http://x/config",
      `-X DELETE http://x/locks/../snapshots/${name}`,
      `-X DELETE http://x/locks/..%2fsnapshots%2f${name}`,
      `-d other http://x/snapshots/${name}`,
      "-d other http://x/config",
      `-d other http://x/../${repository}/config`,
      "-d other http://x/../../../2/repositories/x",
    ]) {
      // rclone answers 200 to some: it writes such names as they are, so the file lies in the repository, beside the others.
      await ask(request);
    }
    expect(
      await on.backup.shell("sha256sum --quiet --check /root/before && ls /srv/accounts/2/repositories"),
    ).not.toContain("x");
    await on.web.shell("systemctl stop relay");
  });

  test("gets no shell and no other file, and nothing of accounts that are not its own", async () => {
    for (const [user, words] of [
      ["a1", "sh"],
      ["a1", "open ../../2/repositories"],
      ["a1", "'open x; id'"],
      ["a3", "list"],
      ["root", "list"],
    ] as const) {
      const { exitCode, stdout } = await on.web.host.run(ssh(user, words));
      expect([user, words, exitCode, stdout]).toEqual([user, words, expect.not.stringMatching(/^0$/), ""]);
      expect(exitCode).not.toBe(0);
    }
  });
});

describe("the backup host", () => {
  test("with a repository that cannot be opened has the others: which one is restored has to be said then", async () => {
    const broken = `${repositories(1)}/web1.1.7.1`;
    await on.backup.shell(
      `install -d -o a1 -g a1 ${broken} ${broken}/keys && echo x >${broken}/config && chown a1 ${broken}/config`,
    );
    const listed = await on.web.host.run("fairhost-host backups 1");
    expect([listed.exitCode, listed.stderr]).toEqual([5, expect.stringContaining("web1.1.7.1 on bak1: ")]);
    const [id] = listed.stdout.split(" ");
    expect(await on.web.host.run("fairhost-host restore-backup 1 files sub")).toMatchObject({
      ...{ exitCode: 5, stderr: expect.stringContaining("is the newest cannot be told") },
    });
    expect(await on.web.shell(`fairhost-host restore-backup 1 files sub --snapshot ${id}`)).toContain("/home/sub");
    await on.web.shell(`rm -r ${home}/restored-*`);
    await on.backup.shell(`rm -r ${broken}`);
  });

  test("removes a backup when its time is over by its own clock, but never the newest, and nothing at once when the clock jumps", async () => {
    await on.web.shell("fairhost-host backup 1");
    const [old, newest] = (await on.backup.shell(`cd ${repositories(1)} && ls -tr */snapshots/*`)).split("\n");
    await on.backup.shell(`touch -d '-9 days' ${repositories(1)}/${old}`);
    await on.backup.shell("systemctl start fairhost-expire-backups.service");
    expect(await snapshots(1)).toBe(newest);
    // As if the clock had been a month behind at the last run: until is then a day and a half later, whatever the clock says now.
    await on.web.shell("fairhost-host backup 1");
    await on.backup.shell(`touch -d '-9 days' ${repositories(1)}/${newest}`);
    const monthAgo = Date.now() - 30 * 86_400_000;
    await on.backup.shell(`echo '{"until":${monthAgo},"damaged":[]}' >/var/lib/fairhost/repositories.json`);
    expect(await on.backup.shell("fairhost-host expire-backups")).toBe("");
    await on.backup.shell("rm /var/lib/fairhost/repositories.json");
    expect(await on.backup.shell("fairhost-host expire-backups")).toContain(newest);
    // Hosts have stopped bringing: what is there stays.
    await on.backup.shell(`touch -d '-90 days' ${repositories(1)}/*/snapshots/*`);
    expect(await on.backup.shell("fairhost-host expire-backups")).toBe("");
  });
});

describe("the next run makes up for one", () => {
  test("that was killed", async () => {
    await on.web.shell("head -c 60000000 /dev/urandom >/srv/accounts/2/home/large");
    // The backup host holds it up until it is killed.
    await on.backup.shell("systemctl kill -s STOP fairhost-repositories.service");
    await on.web.shell("systemd-run -q --unit=killed fairhost-host backup 2");
    await on.web.until("systemctl is-active 'fairhost-backup-2-backup.service'");
    await on.web.shell("systemctl kill -s KILL killed");
    await on.backup.shell("systemctl kill -s CONT fairhost-repositories.service");
    await on.web.shell("fairhost-host backup 2");
    await on.web.shell(
      "fairhost-host restore-backup 2 files large && cmp /srv/accounts/2/home/large /srv/accounts/2/home/restored-*/home/large",
    );
  });

  test("in which a server of databases did not answer: all files are in it, and every other account has its own", async () => {
    const before = (await snapshots(1)).split("\n").length;
    await on.web.shell("systemctl stop fairhost-postgresql.service");
    const { exitCode, stderr } = await on.web.host.run("fairhost-host backup");
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/account 1 has no new backup: its files are backed up, but not databases of postgresql: /),
    ]);
    expect(stderr).not.toContain("account 2 has no new backup");
    expect((await snapshots(1)).split("\n")).toHaveLength(before + 1);
    await on.web.shell("systemctl start fairhost-postgresql.service && fairhost-host backup 1");
  });

  test("that did not reach the backup host, which inspect says after a day", async () => {
    await on.backup.shell("systemctl stop fairhost-repositories.service");
    const { exitCode, stderr } = await on.web.host.run("fairhost-host backup");
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/account 1 has no new backup: bak1 cannot be reached: ssh: connect to host /),
    ]);
    expect(stderr).toMatch(/account 2 has no new backup/);
    expect(await found(on.web, "backup-late")).toEqual([]);
    await on.web.shell(`sed -i 's/"last":{"time":"20../"last":{"time":"2025/' /var/lib/fairhost/backups/1.json`);
    expect(await found(on.web, "backup-late")).toEqual([
      expect.stringMatching(
        /^account 1 has no backup of the last 36 hours: its newest is of 2025.*; the run of .* failed: bak1 cannot be reached: ssh: connect/,
      ),
    ]);
    await on.backup.shell("systemctl start fairhost-repositories.service");
    await on.web.shell("systemctl start fairhost-backup.service");
    expect(await found(on.web, "backup-late")).toEqual([]);
  });
});

damageCases(() => on);

fullDiskCases(() => on);

progressCases(() => on);

flipsCases(() => on.web);

mappedCases(() => on.web);

test("a restored file with holes is as large on the disk as before", async () => {
  await inside(on.web.host, 1, "truncate --size=600M holes");
  await on.web.shell("fairhost-host backup 1");
  await inside(on.web.host, 1, "rm holes");
  await on.web.shell("fairhost-host restore-backup 1 files holes --in-place");
  expect(
    await on.web.shell(
      `du -k --apparent-size ${home}/holes | cut -f1; du -k ${home}/holes | cut -f1; rm ${home}/holes`,
    ),
  ).toBe("614400\n0");
});

fullKeeperCases(() => on);
