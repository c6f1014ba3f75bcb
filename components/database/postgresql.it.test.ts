import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { alice, bob, carol, databaseBundle, databaseDrift, databaseHost } from "../../testing/fakes/database-host.ts";
import { inside, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";

/** The real server below the real applier; programs of accounts ask it from their sandboxes. */
let on: AppliedHost;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;
const notes = { ...shop, name: "notes" };

const bundle = (ofAlice: readonly (typeof shop | typeof notes)[]) => databaseBundle("postgresql", ofAlice);

/** With a change of Carol's, who has no database. */
const changed = () => databaseBundle("postgresql", [shop], {}, { limits: { tasksMax: 300 } });

const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1";

/** Runs statements in a database from inside an account's sandbox. */
const ask = async (account: number, database: string, ...statements: string[]) =>
  (await inside(on.host, account, `${psql} -d ${database} 2>&1 <<'EOF'\n${statements.join("\n")}\nEOF`)).trim();

/** As an administrator of the host does. */
const asAdministrator = (statement: string) =>
  on.shell(
    `setpriv --reuid=postgres --regid=postgres --clear-groups ${psql} -h /run/fairhost-postgresql -c "${statement}"`,
  );

const drift = () => databaseDrift(on);

beforeAll(async () => {
  on = await databaseHost("postgresql", [shop]);
});
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("an account's own database", () => {
  test("answers its programs without a password, by Debian's clients' own defaults", async () => {
    const table = "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 1000);";
    expect(await ask(alice, "a1_shop", table, "SELECT current_user, count(*) FROM t;")).toBe("a1|1000");
  });

  test("has the extensions that PostgreSQL trusts to owners of databases", async () => {
    expect(await ask(alice, "a1_shop", "CREATE EXTENSION pg_trgm; SELECT similarity('word', 'words') > 0.5;")).toBe(
      "t",
    );
  });

  test("lies below its account's directory, whose disk limit holds, with its temporary files", async () => {
    const sort =
      "SET work_mem = '64kB'; SELECT count(*) FROM (SELECT g FROM generate_series(1, 100000) g ORDER BY md5(g::text)) s;";
    const where = "SELECT pg_tablespace_location(dattablespace) FROM pg_database WHERE datname = current_database();";
    expect(await ask(alice, "a1_shop", sort, where)).toBe("100000\n/srv/accounts/1/postgresql");
    expect(await on.shell("ls /srv/accounts/1/postgresql/PG_17_*")).toContain("pgsql_tmp");
  });

  test("takes as many connections as it may have, and refuses one more", async () => {
    const hold = `${psql} -d a1_shop -c 'SELECT pg_sleep(4)' >/dev/null & `;
    const script = `${hold.repeat(3)} for i in 1 2 3 4 5 6; do sleep 0.5; ${psql} -d a1_shop -c 'SELECT 1' 2>&1 && continue; break; done`;
    expect(await inside(on.host, alice, script)).toMatch(/too many connections for (role "a1"|database "a1_shop")/);
    expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
  });
});

describe("what is not its own is refused", () => {
  test.each([
    ["a neighbour's database", bob, "a1_shop", /permission denied for database "a1_shop"/],
    ["the server's own", bob, "postgres", /permission denied for database "postgres"/],
    ["the template of all", bob, "template1", /permission denied for database "template1"/],
    ["to be its neighbour", bob, "'user=a1 dbname=a1_shop'", /Peer authentication failed for user "a1"/],
    ["to be the administrator", bob, "'user=postgres dbname=a2_blog'", /Peer authentication failed/],
    ["anything for an account without a database", carol, "a1_shop", /No such file or directory/],
  ])("%s", async (_, account, database, why) => {
    await expect(ask(account, database, "SELECT 1;")).rejects.toThrow(why);
  });

  test.each([
    ["to run programs of the host", "COPY (SELECT 1) TO PROGRAM 'id';"],
    ["to write files of the host", "COPY (SELECT 1) TO '/tmp/x';"],
    ["to read files of the host", "SELECT pg_read_file('/etc/hostname');"],
    ["to load a library", "LOAD '/home/alice/own.so';"],
    ["an extension that reaches other servers", "CREATE EXTENSION postgres_fdw;"],
    ["a higher limit for itself", "ALTER ROLE a1 CONNECTION LIMIT 100;"],
    ["a higher limit for its database", "ALTER DATABASE a1_shop CONNECTION LIMIT 100;"],
    ["to delete its database", "DROP DATABASE a1_shop;"],
    ["another user", "CREATE ROLE other;"],
    ["room that its disk limit does not count", "CREATE TABLE x (a int) TABLESPACE pg_default;"],
    ["room of its neighbour", "CREATE TABLE x (a int) TABLESPACE a2;"],
    ["longer temporary files", "SET temp_file_limit = -1;"],
    ["memory without end", "SELECT length(repeat('x', 1000000000));"],
    ["a log that is kept for ever", "SELECT pg_create_logical_replication_slot('s', 'pgoutput');"],
  ])("%s", async (_, statement) => {
    await expect(ask(alice, "a1_shop", statement)).rejects.toThrow(
      /ERROR: .*(permission denied|not allowed|must be owner|out of memory)/,
    );
    expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
  });
});

describe("the applier", () => {
  test("changes nothing when it comes again", async () => {
    expect(await drift()).toEqual([]);
    expect((await on.apply(bundle([shop]))).report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("finds and repairs what was changed by hand", async () => {
    await asAdministrator("ALTER ROLE a1 CREATEDB");
    await asAdministrator("GRANT pg_monitor TO a1 WITH ADMIN OPTION");
    await asAdministrator("GRANT CONNECT ON DATABASE a1_shop TO a2");
    await asAdministrator("CREATE DATABASE a9_left");
    expect((await drift()).map((message) => message.split(" ")[0])).toEqual(["a9_left", "a1", "a1_shop"]);
    const { report } = await on.apply(bundle([shop]));
    const hooks = ["postgresql: set up databases of account-1", "postgresql: close a9_left"];
    expect(report).toMatchObject({ result: "applied", hooks });
    expect(await drift()).toEqual([]);
    await expect(ask(bob, "a1_shop", "SELECT 1;")).rejects.toThrow("permission denied for database");
  });

  test("repairs a password though the account has dropped its schema, and the other accounts get their new files", async () => {
    await ask(alice, "a1_shop", "DROP SCHEMA public CASCADE; ALTER ROLE a1 PASSWORD 'x';");
    await asAdministrator("ALTER DATABASE a1_shop CONNECTION LIMIT 2");
    const { report } = await on.apply(changed());
    expect(report).toMatchObject({ result: "applied", errors: [], changedGroups: ["account-3"] });
    expect(await drift()).toEqual([]);
    expect(await asAdministrator("SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'a1'")).toBe("t");
    await ask(alice, "a1_shop", "CREATE SCHEMA public;");
    await on.apply(bundle([shop]));
  });

  test("goes on without an account whose databases cannot be set, also when it has its old files", async () => {
    await asAdministrator("ALTER ROLE a1 CREATEDB");
    await asAdministrator("ALTER DATABASE a1_shop CONNECTION LIMIT 2");
    await on.shell("cd /srv/accounts/1 && mv postgresql moved && touch postgresql");
    const { report } = await on.apply(changed());
    await on.shell("cd /srv/accounts/1 && rm postgresql && mv moved postgresql");
    expect(report).toMatchObject({ result: "partial", changedGroups: ["account-3"] });
    expect(report.errors.map(({ group }) => group)).toEqual(["account-1"]);
    // What does not hang on the directory is repaired.
    expect((await drift()).map((message) => message.split(" ")[0])).toEqual(["a1_shop"]);
    expect((await on.apply(bundle([shop]))).report).toMatchObject({ result: "applied", errors: [] });
    expect(await drift()).toEqual([]);
  });

  test("sets and closes a user though a session of its own holds it", async () => {
    const hold = async () => {
      void ask(alice, "a1_shop", "BEGIN; ALTER ROLE a1 PASSWORD 'x'; SELECT pg_sleep(1000);").catch(String);
      const holders = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
      await expect.poll(() => asAdministrator(holders), { timeout: 30_000 }).toBe("1");
    };
    await ask(alice, "a1_shop", "ALTER ROLE a1 PASSWORD 'x';");
    await hold();
    expect((await on.apply(changed())).report).toMatchObject({ result: "applied", errors: [] });
    expect(await drift()).toEqual([]);
    expect(await ask(alice, "a1_shop", "SELECT 1;")).toBe("1");
    await hold();
    const suspended = databaseBundle("postgresql", [shop], { suspended: { since: "2026-11-27", reason: "unpaid" } });
    expect((await on.apply(suspended)).report).toMatchObject({ result: "applied", errors: [] });
    expect(await asAdministrator("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'a1'")).toBe("f");
    expect(await drift()).toEqual([]);
    expect((await on.apply(bundle([shop]))).report).toMatchObject({ result: "applied", errors: [] });
    expect(await ask(alice, "a1_shop", "SELECT 1;")).toBe("1");
  }, 240_000);

  test("adds a database, and closes it when it is no longer declared: the data stays, for whoever declares it again", async () => {
    await on.apply(bundle([shop, notes]));
    await ask(alice, "a1_notes", "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7);");
    await on.apply(bundle([shop]));
    expect(await drift()).toEqual([]);
    await expect(ask(alice, "a1_notes", "SELECT 1;")).rejects.toThrow("permission denied for database");
    await on.apply(bundle([shop, notes]));
    expect(await ask(alice, "a1_notes", "SELECT a FROM kept;")).toBe("7");
  });

  test("leaves an account alone whose databases cannot be made; the others get theirs", async () => {
    await on.shell("mkdir -p /srv/accounts/4 && touch /srv/accounts/4/postgresql");
    const own = (number: number, name: string) => ({ number, name, servers: [shellServer()], databases: [shop] });
    const declaration = declarationOf([own(1, "alice"), own(4, "dave"), own(5, "eve")]);
    const { report } = await on.apply(renderBundle(declaration, "web1"));
    expect(report).toMatchObject({ result: "partial", errors: [{ group: "account-4" }] });
    expect(report.errors[0]!.message).toContain("/srv/accounts/4/postgresql");
    expect(await asAdministrator("SELECT datname FROM pg_database WHERE datname ~ '^a[45]'")).toBe("a5_shop");
    await on.apply(bundle([shop, notes]));
  });
});

describe("a dump", () => {
  test("is complete, and gives back what was there", async () => {
    await ask(alice, "a1_shop", "CREATE TABLE d AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 5000) g;");
    await on.shell("fairhost-host dump-database postgresql a1_shop >/srv/accounts/1/home/shop.dump");
    await ask(alice, "a1_shop", "DROP TABLE d;");
    await inside(on.host, alice, "/usr/lib/postgresql/17/bin/pg_restore -t d -d a1_shop shop.dump");
    expect(await ask(alice, "a1_shop", "SELECT count(*), max(a) FROM d WHERE b = md5(a::text);")).toBe("5000|5000");
  });

  test.each(["postgresql a1_gone", "postgresql ../etc", "oracle a1_shop", ""])("of %j fails", async (name) => {
    const { exitCode, stderr } = await on.host.run(`fairhost-host dump-database ${name} >/dev/null`);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/is not complete|is not a database/);
  });

  test("that is cut off in the middle fails", async () => {
    // A locked table: the dump waits.
    const locked = ask(alice, "a1_shop", "BEGIN; LOCK TABLE d; SELECT pg_sleep(50);").catch(String);
    const holders = "FROM pg_stat_activity WHERE wait_event = 'PgSleep'";
    await expect.poll(() => asAdministrator(`SELECT count(*) ${holders}`)).toBe("1");
    const dump = "fairhost-host dump-database postgresql a1_shop >/dev/null & ";
    const cut = await on.host.run(`${dump} until pkill -x pg_dump; do sleep 0.1; done; wait $!`);
    expect(cut).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("the dump of a1_shop is not complete") });
    await asAdministrator(`SELECT pg_terminate_backend(pid) ${holders}`);
    await locked;
  });
});

test("a crash of one session is over in seconds, and nothing that was committed is lost", async () => {
  await ask(alice, "a1_shop", "CREATE TABLE crash AS SELECT generate_series(1, 1000) AS a;");
  await on.shell("kill -9 $(pgrep -f '[p]ostgres: checkpointer')");
  await on.until(
    "setpriv --reuid=postgres --regid=postgres --clear-groups /usr/lib/postgresql/17/bin/pg_isready -q -h /run/fairhost-postgresql",
    30,
  );
  expect(await ask(alice, "a1_shop", "SELECT count(*) FROM crash;")).toBe("1000");
});
