import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backupKey } from "../../host/store/secrets.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";

/** Two accounts that look at their own backups on a host, which brings them to a backup host over real SSH. */
let on: BackupHosts;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const alice = { number: 1, name: "alice", servers: [shellServer()], databases: [shop] };
const bob = { number: 2, name: "bob", servers: [shellServer()] };
const postgres = "/usr/lib/postgresql/17/bin";
const psql = `${postgres}/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c`;
const latest = "~/admin/backup/latest";
const look = (script: string, account = 1) => inside(on.web.host, account, script);
const views = () => on.web.shell("systemctl list-units --plain --no-legend 'fairhost-backup-view*'");

/** Lists `admin/backup` until the account finds this there. @returns the script's words then */
async function appears(what: string, account = 1): Promise<string[]> {
  const script = `for i in $(seq 100); do [ -e ~/admin/backup/${what} ] && break; ls ~/admin/backup >/tmp/seen; sleep 0.5; done; ls ~/admin/backup`;
  return (await look(script, account)).trim().split("\n");
}

/** Nothing is mounted. */
const gone = "! ls /run/fairhost-backups/* && ! grep -q 'fuse backup\\|admin/backup' /proc/self/mountinfo";

/** Ends what is mounted, as when nobody has read it for a while. */
const leave = () => on.web.shell("systemctl stop 'fairhost-backup-view@*'");

beforeAll(async () => {
  on = await backupHosts("view");
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  for (const number of [1, 2]) await placeShell(on.web.host, number);
  await look(`${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'`);
  await look("mkdir -p sub && echo first >sub/page && chmod 600 sub/page && ln -s /etc/passwd link");
  await look("echo of-bob >own", 2);
  await on.web.shell("fairhost-host backup");
  await look("echo second >sub/page && head -c 9000000 /dev/urandom >large");
  await on.web.shell("fairhost-host backup 1");
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("a backup is no look: nothing is mounted for it, and nothing of it is in a backup", async () => {
  expect(await views()).toBe("");
  expect(await look("ls ~/admin/backup")).toBe("LOOK-AGAIN.txt\n");
});

describe("an account that lists admin/backup finds there", () => {
  test("its own backups by time, and latest: its files as they were, which nobody can change", async () => {
    const [first, ...more] = await appears("latest");
    const time = expect.stringMatching(/^\d{4}(-\d\d){2}_\d\d-\d\d-\d\d$/);
    expect([first, ...more]).toEqual([time, time, "latest"]);
    expect(await look(`cd ~/admin/backup && cat ${first}/home/sub/page latest/home/sub/page`)).toBe("first\nsecond\n");
    expect(await look(`cd ${latest} && ls && stat -c '%U %a' home/sub/page && readlink home/link`)).toBe(
      "admin\ndatabases\nhome\nlib\na1 600\n/etc/passwd\n",
    );
    expect(await look(`ls ${latest}/admin`)).toBe("config\nlogs\n");
    await expect(look(`echo x >${latest}/home/sub/page`)).rejects.toThrow("Read-only file system");
    await expect(look("touch ~/admin/backup/x")).rejects.toThrow("Permission denied");
  });

  test("a folder and a database that it takes back by itself", async () => {
    await look(`rm -r sub && cp -a ${latest}/home/sub . && grep second sub/page`);
    await look(`${psql} 'DROP TABLE t'`);
    const dump = `${latest}/databases/postgresql.a1_shop.dump`;
    await look(`${postgres}/pg_restore --clean --if-exists --no-owner -d a1_shop ${dump}`);
    expect(await look(`${psql} 'SELECT count(*) FROM t'`)).toBe("1000\n");
  });

  test("neither what root alone may read, nor a neighbour's; and no key is where it could be read", async () => {
    await expect(look(`cat ${latest}/databases/certificates.json`)).rejects.toThrow("Permission denied");
    await appears("latest", 2);
    expect(await look(`cat ${latest}/home/own && ls ${latest}/home`, 2)).toBe("of-bob\nadmin\nown\nshell.py\nwww\n");
    expect(await look("grep -c ' - fuse ' /proc/self/mountinfo", 2)).toBe("2\n");
    // Not found in the command that looks for it.
    const key = backupKey(Buffer.alloc(32, 7), 1, 1).replace(/^./, "[$&]");
    const places =
      "/run/fairhost-backups /run/systemd/transient /run/credentials /proc/[0-9]*/cmdline /proc/[0-9]*/environ";
    expect((await on.web.host.run(`grep -rlas -e '${key}' ${places}`)).stdout).toBe("");
  });

  test("and it is no drift", async () => {
    const { stdout } = await on.web.host.run("fairhost-host inspect --json </dev/null");
    expect((JSON.parse(stdout) as { differences: unknown[] }).differences).toEqual([]);
  });
});

describe("a backup host", () => {
  test("that hangs keeps nobody but its reader, who gets an error; then it is all gone, and comes back", async () => {
    await leave();
    await appears("latest");
    await on.backup.shell("pkill -STOP -x rclone");
    await look(
      `(cat ${latest}/home/large >/dev/null 2>~/said; echo "status $?" >>~/said) </dev/null >/dev/null 2>&1 &`,
    );
    await on.web.until("grep -qv '^0$' /sys/fs/fuse/connections/*/waiting", 30);
    // Other files of the account, a sandbox that begins, a look at the host.
    expect(await look("cat sub/page")).toBe("second\n");
    await on.web.shell("systemctl stop account-2-http-shell.service");
    expect(await look("cat own", 2)).toBe("of-bob\n");
    await on.web.shell("fairhost-host inspect </dev/null");
    await on.web.until(`grep -q 'status [1-9]' /srv/accounts/1/home/said`, 120);
    await on.web.until(gone, 60);
    await on.backup.shell("pkill -CONT -x rclone");
    await appears("latest");
    expect(await look(`cmp ${latest}/home/large large && rm said && echo same`)).toBe("same\n");
  }, 240_000);

  test("that cannot be reached: a file says so", async () => {
    await leave();
    await on.backup.shell("systemctl stop fairhost-repositories.service");
    expect(await appears("NOT-AVAILABLE.txt")).toEqual(["NOT-AVAILABLE.txt"]);
    await on.backup.shell("systemctl start fairhost-repositories.service");
    await leave();
    expect(await look("ls ~/admin/backup")).toBe("LOOK-AGAIN.txt\n");
  });
});

describe("what is mounted", () => {
  test("is gone when nobody has read it for a while", async () => {
    const drop = "/run/systemd/system/fairhost-backup-view@.service.d";
    await on.web.shell(
      `mkdir -p ${drop} && printf '[Service]\\nExecStart=\\nExecStart=/usr/local/sbin/fairhost-host show-backups %%i 3\\n' >${drop}/idle.conf && systemctl daemon-reload`,
    );
    await leave();
    await appears("latest");
    await on.web.until(gone, 60);
    expect(await views()).toBe("");
    await on.web.shell(`rm -r ${drop} && systemctl daemon-reload`);
  });

  test("comes anew when whoever mounts it is killed", async () => {
    await appears("latest");
    await on.web.shell("systemctl kill -s KILL fairhost-backup-view@1.service");
    await expect
      .poll(() => look(`ls ~/admin/backup >/dev/null; cat ${latest}/home/sub/page || :`), {
        timeout: 90_000,
        interval: 500,
      })
      .toBe("second\n");
  });
});
