import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { keygen } from "../../testing/fakes/ssh/sshd.ts";
import { declarationOf, type FixtureAccount, service, task } from "../../testing/fixtures/bundle-fixture.ts";

/** The life of an account on a real host, seen by requests to its IPv6 address; a neighbour beside it is never touched. */
let on: AppliedHost;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const alice: FixtureAccount = {
  ...{ number: 1, name: "alice", servers: [shellServer()], databases: [shop] },
  services: [service("worker", ["/usr/bin/sleep", "1000"])],
  tasks: [task("tidy", ["/usr/bin/true"])],
};
const bob: FixtureAccount = { ...alice, number: 2, name: "bob" };
const bundle = (...accounts: FixtureAccount[]) => renderBundle(declarationOf(accounts), "web1");
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d";

/** Status, Retry-After and body of a request to an account's own address. */
const request = (number: number, host = `[fd00:8000:0:${number}::1]`) =>
  on.shell(
    `curl -sg --max-time 30 -H 'Host: ${host}' -w '\\n%{http_code} %header{retry-after}' http://[fd00:8000:0:${number}::1]/`,
  );
/** What runs of an account. */
const processes = (number: number) => on.shell(`ps -o pid= -u a${number} | xargs -r`);
/** What a touch of the neighbour would change. */
const untouched = () =>
  on.shell(
    "systemctl show -p ActiveEnterTimestampMonotonic,MainPID,InvocationID account-2-http-shell.socket account-2-http-shell.service account-2-service-worker.service account-2-task-tidy.timer fairhost-network@2.service fairhost-postgresql.service",
  );

beforeAll(async () => {
  on = await appliedHost("life");
  const { report, stderr } = await on.apply(bundle(alice, bob));
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
  for (const number of [1, 2]) await placeShell(on.host, number);
  for (const number of [1, 2])
    await inside(
      on.host,
      number,
      `${psql} a${number}_shop -c 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'`,
    );
}, 300_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("an account reads its configuration in admin/config, can write nothing there, and sees nobody else's", async () => {
  const seen = await inside(
    on.host,
    1,
    `cd /home/alice/admin/config && cat systemd/account-1-service-worker.service
    ls -R . | grep -c account-2; touch x 2>&1; rm -r sites 2>&1; mv /home/alice/admin/config /home/alice/x 2>&1; ls -d sites`,
  );
  expect(seen).toContain(" /usr/bin/sleep 1000\n");
  expect(seen).toMatch(
    /\n0\ntouch: .*Read-only file system\n(?:rm: .*Read-only file system\n)+mv: .*Operation not permitted\nsites\n$/,
  );
  // Another account has no way there on the host either.
  const of2 = "setpriv --reuid=a2 --regid=a2 --clear-groups";
  expect(await on.shell(`${of2} ls /srv/accounts/1/admin/config 2>&1 || true`)).toContain("Permission denied");
});

describe("a suspended account", () => {
  const suspended = bundle({ ...alice, suspended: { since: "2026-11-27", reason: "unpaid" } }, bob);

  test("stops as a whole, with one stop, and no neighbour is touched", async () => {
    expect(await processes(1)).not.toBe("");
    const before = await untouched();
    const { report, stderr } = await on.apply(suspended);
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    expect(report.hooks).toEqual(["stop account-1-http-shell.service and 6 more", "postgresql: close a1, a1_shop"]);
    expect(await processes(1)).toBe("");
    expect(await on.shell("systemctl list-units --plain --no-legend 'account-1-*' 'fairhost-network@1*'")).toBe("");
    expect(await untouched()).toBe(before);
    expect(await inside(on.host, 2, `${psql} a2_shop -c 'SELECT count(*) FROM t'`)).toBe("1000\n");
  });

  test("answers 503 at its address and its names, which says that it is suspended, and is not in its log of errors", async () => {
    for (const name of [undefined, "shell.alice.test"]) {
      const answer = await request(1, name);
      expect(answer).toContain("<h1>Suspended</h1>");
      expect(answer).toMatch(/\n503 3600$/);
    }
    expect(await on.shell("cat /srv/accounts/1/admin/logs/front-end/error.log 2>/dev/null || true")).toBe("");
    await expect.poll(() => on.shell("tail -n 1 /srv/accounts/1/admin/logs/front-end/access.log")).toContain(" 503 ");
  });

  test("is no drift and healthy, and is not woken to be asked; a second deploy changes nothing", async () => {
    const { stdout, exitCode } = await on.host.run("fairhost-host health --json");
    expect([exitCode, JSON.parse(stdout)]).toMatchObject([0, { healthy: true, woken: [{ account: 2 }] }]);
    expect(await drift()).toEqual([]);
    expect((await on.apply(suspended)).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("may run nothing: a process of it is drift, in its slice and outside", async () => {
    await on.shell("systemd-run --quiet -p Type=exec --unit=account-1-stray --slice=account-1.slice sleep 1000");
    await on.shell("systemd-run --quiet -p Type=exec --unit=stray --uid=a1 sleep 1000");
    expect(await drift()).toEqual([
      expect.stringMatching(/^account-1: account-1-stray\.service runs process \d+ in the slice account-1\.slice/),
      expect.stringMatching(/^account-1: process \d+ \(sleep\) of account 1 runs outside of its slice/),
    ]);
    await on.shell("systemctl kill --signal=KILL account-1-stray.service stray.service");
  });

  test("is resumed with all that is declared, and its data", async () => {
    const before = await untouched();
    const { report, stderr } = await on.apply(bundle(alice, bob));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    // fairhost.target, which wanted the units, has kept them loaded: systemd has to read their files again.
    expect(report.hooks).toEqual([
      "daemon-reload",
      "start account-1-http-shell.socket account-1-service-worker.service account-1-task-tidy.timer",
      "postgresql: set up databases of account-1",
    ]);
    expect(await on.states("account-1-service-worker.service", "account-1-task-tidy.timer")).toEqual([
      "active",
      "active",
    ]);
    expect(await inside(on.host, 1, `${psql} a1_shop -c 'SELECT count(*) FROM t'`)).toBe("1000\n");
    expect(await drift()).toEqual([]);
    expect(await untouched()).toBe(before);
  });
});

describe("a renamed account", () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-renamed-"));
  const ada = keygen(directory, "ada");
  rmSync(directory, { recursive: true });
  const users = [{ name: "ada", directory: ".", protocols: ["ssh"], keys: [ada.publicKey.trim()] }] as const;
  const login = (command: string) =>
    on.shell(
      `ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -i /root/ada -p 8022 ada@fd00:8000:0:1::1 '${command}' </dev/null`,
    );

  test("keeps files, rows, logins and address under its new name, and no neighbour is touched", async () => {
    await on.host.writeFile("/root/ada", ada.privateKey, 0o600);
    await on.apply(bundle({ ...alice, users }, bob));
    await inside(on.host, 1, "echo kept >~/kept");
    expect(await login("pwd; cat ~/kept; id -un")).toBe("/home/alice\nkept\na1");
    const hostKey = await on.shell("sha256sum /var/lib/fairhost/secrets/ssh/1 /var/lib/fairhost/secrets/accounts/1");
    const before = await untouched();
    // The fixture's host names follow from the name.
    const { report, stderr } = await on.apply(bundle({ ...alice, users, name: "alicia" }, bob));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    expect(await untouched()).toBe(before);

    expect(await on.shell("systemctl show -P Description account-1.slice")).toBe("Account 1, alicia");
    expect(await on.shell("getent passwd a1")).toBe("a1:x:1900000001:1900000001:alicia:/home/alicia:/usr/sbin/nologin");
    await expect.poll(() => on.states("account-1-service-worker.service")).toEqual(["active"]);
    const cwd = "readlink /proc/$(systemctl show -P MainPID account-1-service-worker.service)/cwd";
    expect(await on.shell(cwd)).toBe("/home/alicia");
    expect(await login("pwd; cat ~/kept; id -un; ls /home")).toBe("/home/alicia\nkept\na1\nalicia");
    expect(await inside(on.host, 1, `pwd; ${psql} a1_shop -c 'SELECT count(*) FROM t'`)).toBe("/home/alicia\n1000\n");
    const known = async (name: string) => !(await request(1, name)).includes("Unknown site");
    expect([await known("shell.alicia.test"), await known("shell.alice.test")]).toEqual([true, false]);
    // The same keys: who knows the host key is not warned.
    expect(await on.shell("sha256sum /var/lib/fairhost/secrets/ssh/1 /var/lib/fairhost/secrets/accounts/1")).toBe(
      hostKey,
    );
    expect(await on.shell("grep -rlw alice /srv/accounts/1/admin/config/ || true")).toBe("");
    expect(await drift()).toEqual([]);
  });

  test("is archived and restored across a rename, and gets its old name back", async () => {
    const suspended = { since: "2026-11-27", reason: "renamed" };
    await on.apply(bundle({ ...alice, users, name: "alicia", suspended }, bob));
    await on.shell("fairhost-host archive 1");
    await on.apply(bundle({ ...alice, users, suspended }, bob));
    await on.shell(
      "cd /srv/accounts/1 && find home lib -mindepth 1 ! -type d -delete && fairhost-host restore 1 files",
    );
    const { report, stderr } = await on.apply(bundle(alice, bob));
    expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
    expect(await inside(on.host, 1, "cat ~/kept; pwd; rm ~/kept")).toBe("kept\n/home/alice\n");
    expect(await drift()).toEqual([]);
    await on.shell("rm -r /srv/accounts/archives/1/*");
  });
});

describe("an account that leaves and comes back", () => {
  const suspended = { ...alice, suspended: { since: "2026-11-27", reason: "leaves" } };
  const administrator = (statement: string) =>
    on.shell(
      `setpriv --reuid=postgres --regid=postgres --clear-groups ${psql} postgres -h /run/fairhost-postgresql -c '${statement}'`,
    );

  test("is archived with its databases while it is suspended, and not before", async () => {
    const refused = await on.host.run("fairhost-host archive 1");
    expect(refused).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("suspend it") });
    await on.apply(bundle(suspended, bob));
    const path = await on.shell("fairhost-host archive 1");
    expect(await on.shell(`stat -c '%a %U %n' ${path} ${path}/* | sed 's,${path}/*,,'`)).toBe(
      "700 root \n600 root archive.json\n600 root begun\n600 root files.tar.zst\n600 root logs.tar.zst\n600 root postgresql.a1_shop.dump",
    );
  });

  test("is removed when it is no longer declared, and only after its databases were dropped; its neighbour has its own", async () => {
    await on.apply(bundle(bob));
    const refused = await on.host.run("fairhost-host remove 1");
    expect(refused.stderr).toContain("/srv/accounts/1/postgresql still has databases of account 1");
    for (const statement of ["DROP DATABASE a1_shop", "DROP TABLESPACE a1"]) await administrator(statement);
    await on.shell("fairhost-host remove 1 && test ! -e /srv/accounts/1");
    expect(await inside(on.host, 2, `${psql} a2_shop -c 'SELECT count(*) FROM t'`)).toBe("1000\n");
  });

  test("has all its files and rows again, which nobody else could read meanwhile", async () => {
    expect(
      (await on.host.run("setpriv --reuid=1900000002 --clear-groups ls /srv/accounts/archives")).exitCode,
    ).not.toBe(0);
    await on.apply(bundle(suspended, bob));
    await on.shell("fairhost-host restore 1 files");
    await on.apply(bundle(alice, bob));
    await on.shell("fairhost-host restore 1 databases");
    expect(await inside(on.host, 1, `${psql} a1_shop -c 'SELECT count(*) FROM t'`)).toBe("1000\n");
    // Again: as a whole, into what is there.
    await on.shell("fairhost-host restore 1 databases");
    expect(await inside(on.host, 1, `${psql} a1_shop -c 'SELECT count(*) FROM t'`)).toBe("1000\n");
    expect(await drift()).toEqual([]);
  });

  test("loses its archive when its time is over, by the timer's service", async () => {
    expect(await on.states("fairhost-purge.timer")).toEqual(["active"]);
    await on.shell('sed -i \'s/"keepUntil": "20/"keepUntil": "19/\' /srv/accounts/archives/1/*/archive.json');
    await on.shell("systemctl start fairhost-purge.service");
    expect(await on.shell("ls /srv/accounts/archives/1")).toBe("");
  });
});

describe("a copy of an account", () => {
  const rows = (number: number) => inside(on.host, number, `${psql} a${number}_shop -c 'SELECT count(*) FROM t'`);
  const worker = () => on.states("account-2-service-worker.service");

  test("has files and rows as its own, comes from an account that runs, and runs again itself", async () => {
    await inside(
      on.host,
      1,
      `${psql} a1_shop -c 'DROP TABLE t; CREATE TABLE t AS SELECT generate_series(1, 1234) AS a'; echo new >~/version`,
    );
    const own = "INSERT INTO t VALUES (1); CREATE TABLE IF NOT EXISTS old AS SELECT 1 AS a";
    await inside(on.host, 2, `${psql} a2_shop -c '${own}'; echo own >~/own; mkdir -p ~/kept`);
    const runs = "systemctl show -p InvocationID account-1-service-worker.service";
    const before = await on.shell(runs);
    const refused = await on.host.run("fairhost-host copy 1 2");
    expect(refused).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("account 2 has data already") });
    expect(await on.shell("fairhost-host copy 1 2 --replace")).toBe(
      "account 2 has a copy of the home of account 1\ndatabase a2_shop (postgresql) has a copy of a1_shop",
    );
    expect(await rows(2)).toBe("1234\n");
    expect(
      await inside(
        on.host,
        2,
        `${psql} a2_shop -c "SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'"`,
      ),
    ).toBe("t|a2\n");
    expect(await inside(on.host, 2, "cat ~/version; stat -c %u ~/version; ls ~")).toBe(
      "new\n1900000002\nadmin\nshell.py\nversion\nwww\n",
    );
    expect(await rows(1)).toBe("1234\n");
    expect(await on.shell(runs)).toBe(before);
    expect(await worker()).toEqual(["active"]);
    await expect.poll(drift).toEqual([]);
  });

  test("that cannot be loaded leaves the account as it was", async () => {
    // A mistake that tenants make: a dump of this cannot be restored, because functions do not find each other then.
    const statements = `CREATE OR REPLACE FUNCTION one(int) RETURNS int LANGUAGE sql IMMUTABLE AS $$SELECT $1$$;
      CREATE OR REPLACE FUNCTION two(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$BEGIN RETURN one(a); END$$;
      DELETE FROM t WHERE a > 1; ALTER TABLE t ADD CHECK (two(a) > 0);`;
    await inside(on.host, 1, `cat >~/broken.sql <<'EOF'\n${statements}\nEOF\n${psql} a1_shop -f ~/broken.sql`);
    const failed = await on.host.run("fairhost-host copy 1 2 --replace");
    expect(failed.exitCode).toBe(5);
    expect(failed.stderr).toContain("account 2 is as it was: ");
    expect(failed.stderr).toContain("loading its own databases again");
    expect(await rows(2)).toBe("1234\n");
    expect(await inside(on.host, 2, "ls ~")).toBe("admin\nshell.py\nversion\nwww\n");
    expect(await worker()).toEqual(["active"]);
    expect(await on.shell("ls /srv/accounts/archives/2")).toBe("");
    await expect.poll(drift).toEqual([]);
  });
});

/** Differences of accounts. */
async function drift(): Promise<string[]> {
  const { stdout } = await on.host.run("fairhost-host inspect --json </dev/null");
  const { differences } = JSON.parse(stdout) as { differences: { group: string; message: string }[] };
  return differences.filter(({ group }) => group !== "host").map(({ group, message }) => `${group}: ${message}`);
}
