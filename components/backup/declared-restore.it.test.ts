import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { brokenRestoreCases } from "./cases/broken-restore.cases.ts";
import type { Restore } from "./restore-request.ts";

/** What the inventory asks for, done by a host with a real repository on another one. */
let on: BackupHosts;
/** Id of the only backup. */
let backup: string;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const notes = { engine: "mariadb", name: "notes", connections: 3 } as const;
const alice = { number: 1, name: "alice", servers: [shellServer()], databases: [shop, notes] };
const bob = { number: 2, name: "bob", servers: [shellServer()] };
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";
const mysql = "mariadb -BN a1_notes -e";

async function ask(restore?: Restore) {
  const { report, stderr } = await on.web.apply(
    renderBundle(on.declaration([{ ...alice, ...(restore && { restore }) }, bob]), "web1"),
  );
  expect(report, stderr).toMatchObject({ errors: [] });
  return report;
}

const run = () => on.web.host.run("fairhost-host restore-declared 1");
const wanted = (id: string, ...what: string[]): Restore => ({ id, snapshot: backup, what });
const count = () => inside(on.web.host, 1, `${psql} 'SELECT count(*) FROM t' && ${mysql} 'SELECT count(*) FROM n'`);
const log = () => on.web.shell("cat /srv/accounts/1/admin/logs/restore.log");

async function open(): Promise<string[]> {
  const { stdout } = await on.web.host.run("fairhost-host inspect --json </dev/null");
  return (JSON.parse(stdout) as Inspection).differences.flatMap(({ kind, message }) =>
    kind === "restore-open" || kind === "account-held" ? [message] : [],
  );
}

beforeAll(async () => {
  on = await backupHosts("declared-restore");
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  await placeShell(on.web.host, 1);
  await inside(on.web.host, 1, `${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'`);
  await inside(on.web.host, 1, `${mysql} 'CREATE TABLE n (a INT); INSERT INTO n VALUES (1), (2)'`);
  await inside(
    on.web.host,
    1,
    "mkdir -p sub/deep && echo first >sub/page && echo deep >sub/deep/page && ln -s /etc etc",
  );
  await on.web.shell("fairhost-host backup");
  backup = (await on.web.shell("fairhost-host backups 1")).split(" ")[0]!;
  // The test says when.
  await on.web.shell("systemctl stop fairhost-restore.timer");
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

/** What the account writes after its backup. */
async function spoil() {
  await inside(
    on.web.host,
    1,
    `echo second >sub/page; rm -rf sub/deep; echo new >new; ${psql} 'DELETE FROM t; CREATE TABLE IF NOT EXISTS later (a INT)'; ${mysql} 'DELETE FROM n'`,
  );
}
const seen = () =>
  inside(on.web.host, 1, "cat sub/page; cat sub/deep/page 2>/dev/null; ls new 2>/dev/null; readlink etc");

test("one file comes back, once: a second delivery, a second run and the end of the wish change nothing", async () => {
  await spoil();
  const report = await ask(wanted("one-file", "files sub/page"));
  expect(report.notes).toEqual([expect.stringMatching(/^account 1: restore one-file is due/)]);
  expect(await open()).toEqual([expect.stringMatching(/^account 1: restore one-file is due since /)]);
  const { exitCode, stdout, stderr } = await run();
  expect([exitCode, stdout], stderr).toEqual([
    0,
    expect.stringMatching(
      /^account 1: restore one-file is done: the backup of \S+Z \(\S+ on bak1\) is in force since .*`snapshot: before one-file`\n$/,
    ),
  ]);
  expect(await seen()).toBe("first\nnew\n/etc\n");
  expect(await log()).toContain("restore one-file is done");
  await inside(on.web.host, 1, "echo third >sub/page");
  expect(await ask(wanted("one-file", "files sub/page"))).toMatchObject({ result: "unchanged" });
  await run();
  await ask();
  await run();
  expect(await seen()).toBe("third\nnew\n/etc\n");
  expect(await open()).toEqual([]);
});

test("what it replaced comes back by another restore", async () => {
  await ask({ id: "back", snapshot: "before one-file", what: ["all"] });
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await seen()).toBe("second\nnew\n/etc\n");
  await ask({ id: "back-again", snapshot: "before one-file", what: ["all"] });
  const { exitCode, stderr } = await run();
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringMatching(
      /failed, and nothing was changed: what restore one-file of account 1 replaced is no longer on this host/,
    ),
  ]);
  expect(await open()).toEqual([expect.stringContaining("restore back-again failed")]);
});

test("a folder that is gone, and a database exactly as it was", async () => {
  await spoil();
  await ask(wanted("folder", "files sub/deep", "database shop"));
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await seen()).toBe("second\ndeep\nnew\n/etc\n");
  expect(await count()).toBe("1000\n0\n");
  expect(await inside(on.web.host, 1, `${psql} "SELECT to_regclass('later') IS NULL"`)).toBe("t\n");
});

test("all of an account, and all that was there comes back", async () => {
  await spoil();
  await ask(wanted("whole", "all"));
  const { exitCode, stderr } = await run();
  expect(exitCode, stderr).toBe(0);
  expect(await seen()).toBe("first\ndeep\n/etc\n");
  expect(await count()).toBe("1000\n2\n");
  expect(
    await on.web.shell("stat -c '%U %a' /srv/accounts/replaced /srv/accounts/1/home /srv/accounts/1/home/admin"),
  ).toBe("root 700\na1 750\nroot 755");
  await ask({ id: "unwhole", snapshot: "before whole", what: ["all"] });
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await seen()).toBe("second\nnew\n/etc\n");
  expect(await count()).toBe("0\n0\n");
});

test("a day names its newest backup; one without any is said, and nothing changes", async () => {
  const today = await on.web.shell("date -u +%F");
  await ask({ id: "of-day", snapshot: today, what: ["files"] });
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await seen()).toBe("first\ndeep\n/etc\n");
  await ask({ id: "no-day", snapshot: "2020-01-01", what: ["files"] });
  const { exitCode, stderr } = await run();
  expect([exitCode, stderr]).toEqual([5, expect.stringContaining("there is no backup of 2020-01-01")]);
  expect(await seen()).toBe("first\ndeep\n/etc\n");
});

test("of a suspended account nothing is restored without the databases that are asked for", async () => {
  const suspended = { ...alice, suspended: { since: "2026-11-30", reason: "broken into" } };
  await on.web.apply(
    renderBundle(on.declaration([{ ...suspended, restore: wanted("suspended", "all") }, bob]), "web1"),
  );
  const { exitCode, stderr } = await run();
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringMatching(
      /nothing was changed: its databases \((?=.*a1_notes)(?=.*a1_shop).*\) are closed here, as those of a suspended account are/,
    ),
  ]);
  await ask();
});

describe("a hostile account", () => {
  test("with a symlink in the path leads root nowhere", async () => {
    await on.web.shell("install -d -o a2 -g a2 /srv/accounts/2/home/sub && echo bob >/srv/accounts/2/home/sub/page");
    await inside(on.web.host, 1, "mv sub gone && ln -s /srv/accounts/2/home/sub sub");
    await ask(wanted("astray", "files sub/page"));
    const { exitCode, stderr } = await run();
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/nothing was changed: home\/sub is a symlink now/)]);
    expect(await on.web.shell("cat /srv/accounts/2/home/sub/page; ls /srv/accounts/2/home/sub")).toBe("bob\npage");
    expect(await inside(on.web.host, 1, "echo runs")).toBe("runs\n");
    await inside(on.web.host, 1, "rm sub && mv gone sub");
  });

  test("with a pipe in the place of a file, or a directory, gets its file", async () => {
    await inside(on.web.host, 1, "rm sub/page && mkfifo sub/page");
    await ask(wanted("pipe", "files sub/page"));
    expect(await run()).toMatchObject({ exitCode: 0 });
    await inside(on.web.host, 1, "rm sub/page && mkdir -p sub/page/x");
    await ask(wanted("directory", "files sub/page"));
    expect(await run()).toMatchObject({ exitCode: 0 });
    expect(await inside(on.web.host, 1, "cat sub/page")).toBe("first\n");
  });
});

test("files with holes, which come back as zeros, stay out if they would take more than the account may have", async () => {
  await inside(
    on.web.host,
    1,
    `python3 -c 'f = open("holes", "wb"); [(f.seek(at << 19), f.write(b"x" * 4096)) for at in range(1200)]'`,
  );
  await on.web.shell("fairhost-host backup 1");
  const listed = await on.web.shell("fairhost-host backups 1");
  const small = { ...alice, limits: { diskGb: 0.3 } };
  const holes = { id: "holes", snapshot: listed.trim().split("\n").at(-1)!.split(" ")[0]!, what: ["files"] };
  await on.web.apply(renderBundle(on.declaration([{ ...small, restore: holes }, bob]), "web1"));
  const { exitCode, stderr } = await run();
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringMatching(
      /failed, and nothing was changed: its files take \d{3} MiB as the backup has them, and the account may have 287 MiB/,
    ),
  ]);
  expect(await on.web.shell("ls /srv/accounts/replaced/1")).not.toContain("holes");
  // What others need stays free while it comes, too: 1 GiB.
  await on.web.shell("mount -t tmpfs -o size=1330m,mode=700 tmpfs /srv/accounts/replaced");
  const full = { ...holes, id: "full" };
  await on.web.apply(renderBundle(on.declaration([{ ...small, restore: full }, bob]), "web1"));
  expect((await run()).stderr).toMatch(
    /nothing was changed: restic restore .* was ended: less than 1024 MiB would stay/,
  );
  await on.web.shell("umount /srv/accounts/replaced");
  await inside(on.web.host, 1, "rm holes");
});

describe("killed", () => {
  /** Kills a run when a file or state is seen, then lets another one end it. */
  async function killedAt(id: string, condition: string) {
    await spoil();
    await ask(wanted(id, "all"));
    await on.web.shell(`systemd-run -q --unit=run-${id} -p KillMode=control-group fairhost-host restore-declared 1`);
    await on.web.until(condition);
    await on.web.shell(`systemctl kill -s KILL run-${id}`);
  }

  test.each([
    ["while it is brought", "killed-1", `test -e /srv/accounts/replaced/1/killed-1/files`],
    ["while it begins to replace", "killed-2", `grep -q '"switching"' /var/lib/fairhost/restores/1.json`],
    ["while databases are loaded", "killed-3", `grep -q '"dumped":true' /var/lib/fairhost/restores/1.json`],
    ["when all is there", "killed-4", `grep -qE '"(landing|done)"' /var/lib/fairhost/restores/1.json`],
  ])("%s, all of it comes with the next run, and nothing runs with a half", async (_, id, condition) => {
    await killedAt(id, condition);
    const mark = await on.web.host.run("test -e /var/lib/fairhost/replacing/1");
    if (mark.exitCode === 0) {
      expect(await open()).toContainEqual(
        expect.stringMatching(
          `restore ${id} (?:was begun and is not complete|is in force, and its account is about to run)`,
        ),
      );
      const refused = await on.web.host.run("fairhost-host backup 1");
      expect([refused.exitCode, refused.stderr]).toEqual([5, expect.stringContaining("is not complete: run")]);
    }
    await on.web.shell("systemctl start fairhost-restore.service");
    expect(await on.web.shell("cat /var/lib/fairhost/restores/1.json")).toContain(`"id":"${id}"`);
    expect(await open()).toEqual([]);
    expect(await seen()).toBe("first\ndeep\n/etc\n");
    expect(await count()).toBe("1000\n2\n");
  });
});

test("one that was begun is ended by the timer, although nobody asks for it any more", async () => {
  await spoil();
  await ask(wanted("taken-back", "all"));
  await on.web.shell("systemd-run -q --unit=run-taken-back fairhost-host restore-declared 1");
  await on.web.until("test -e /var/lib/fairhost/replacing/1");
  await on.web.shell("systemctl kill -s KILL run-taken-back");
  await ask();
  await on.web.shell("systemctl start fairhost-restore.service");
  expect(await open()).toEqual([]);
  expect(await seen()).toBe("first\ndeep\n/etc\n");
});

test("a backup host that is away is waited for, and said", async () => {
  await spoil();
  await on.backup.shell("systemctl stop fairhost-repositories.service");
  await ask(wanted("away", "files"));
  const { exitCode, stderr } = await run();
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringMatching(/restore away has not begun: .*bak1 cannot be reached/),
  ]);
  expect(await open()).toEqual([expect.stringMatching(/restore away is due since .*: .*bak1 cannot be reached/)]);
  await on.backup.shell("systemctl start fairhost-repositories.service");
  expect(await run()).toMatchObject({ exitCode: 0 });
  expect(await seen()).toBe("first\ndeep\n/etc\n");
});

test("an old wish that comes with its account to a host is left alone", async () => {
  await ask(wanted("old", "all"));
  expect(await run()).toMatchObject({ exitCode: 0 });
  await spoil();
  // As on a machine that is new, or when the account comes from another host.
  await on.web.shell("rm /var/lib/fairhost/restores/1.json");
  expect((await ask({ ...wanted("old", "all"), what: ["files"] })).notes).toEqual([
    expect.stringMatching(/restore old is left alone: whether it was done is not known/),
  ]);
  expect(await run()).toMatchObject({ exitCode: 5 });
  expect(await seen()).toBe("second\nnew\n/etc\n");
});

test("what was replaced goes when its time is over", async () => {
  expect(await on.web.shell("ls /srv/accounts/replaced/1")).toContain("away");
  await on.web.shell(`sed -i 's/"until":"20../"until":"2000/' /srv/accounts/replaced/1/away/replaced.json`);
  await on.web.shell("systemctl start fairhost-purge.service");
  const left = await on.web.shell("ls /srv/accounts/replaced/1");
  expect(left).not.toContain("away");
  expect(left).toContain("pipe");
});

brokenRestoreCases(() => on, ask);
