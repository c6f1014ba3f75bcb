import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import {
  alice,
  bob,
  carol,
  databaseBundle,
  databaseDrift,
  databaseHost,
  silent,
} from "../../testing/fakes/database-host.ts";
import { inside } from "../../testing/fakes/inside-sandbox.ts";
import type { FixtureAccount } from "../../testing/fixtures/bundle-fixture.ts";
import { overTcp } from "./tcp.cases.ts";

/** The real server below the real applier, beside PostgreSQL; programs of accounts ask it from their sandboxes. */
let on: AppliedHost;

const shop = { engine: "mariadb", name: "shop", connections: 3 } as const;
const notes = { ...shop, name: "notes" };
const other = { ...shop, engine: "postgresql" } as const;

const bundle = (ofAlice: readonly (typeof shop | typeof notes | typeof other)[], more: Partial<FixtureAccount> = {}) =>
  databaseBundle("mariadb", ofAlice, more);

/** Runs statements in a database from inside an account's sandbox. */
const ask = async (account: number, database: string, ...statements: string[]) =>
  (await inside(on.host, account, `mariadb -BN ${database} 2>&1 <<'EOF'\n${statements.join("\n")}\nEOF`)).trim();

/** As an administrator of the host does. */
const asAdministrator = (statement: string) =>
  on.shell(`mariadb -BN -S /run/fairhost-mariadb/mysqld.sock -e "${statement}"`);

const drift = () => databaseDrift(on);

beforeAll(async () => {
  on = await databaseHost("mariadb", [shop, other]);
});
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("an account's own database", () => {
  test("answers its programs without a password, by Debian's clients' own defaults", async () => {
    const table = "CREATE TABLE t (a int); INSERT INTO t SELECT seq FROM seq_1_to_1000;";
    expect(await ask(alice, "a1_shop", table, "SELECT CURRENT_USER(), COUNT(*) FROM t;")).toBe("a1@localhost\t1000");
  });

  test("a PHP program uses it with PDO, and PostgreSQL beside it", async () => {
    const program = `foreach (['mysql:dbname=a1_shop', 'pgsql:dbname=a1_shop'] as $name) {
      $db = new PDO($name, 'a1');
      $db->exec('CREATE TABLE p (a int)');
      $db->prepare('INSERT INTO p VALUES (?)')->execute([7]);
      echo $db->query('SELECT a + 1 FROM p')->fetchColumn(), ' ';
    }`;
    expect(await inside(on.host, alice, `php -r "$(cat <<'EOF'\n${program}\nEOF\n)" 2>&1`)).toBe("8 8 ");
  });

  test("lies below its account's directory, whose disk limit holds, in InnoDB whatever a program asks for", async () => {
    const made = "CREATE TABLE m (a int) ENGINE=MyISAM; CREATE TABLE h (a int) ENGINE=MEMORY;";
    const engines =
      "SELECT GROUP_CONCAT(DISTINCT ENGINE) FROM information_schema.TABLES WHERE TABLE_SCHEMA = 'a1_shop';";
    expect(await ask(alice, "a1_shop", made, engines)).toBe("InnoDB");
    expect(await on.shell("ls /srv/accounts/1/mariadb/a1_shop")).toMatch(/^m\.ibd$/m);
  });

  test("takes as many connections as it may have, and refuses one more; a neighbour gets in", async () => {
    const hold = "mariadb a1_shop -e 'SELECT SLEEP(4)' >/dev/null & ";
    const script = `${hold.repeat(3)} for i in 1 2 3 4 5 6; do sleep 0.5; mariadb a1_shop -e 'SELECT 1' 2>&1 && continue; break; done`;
    expect(await inside(on.host, alice, script)).toMatch(/max_user_connections/);
    expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
  });

  test("a neighbour gets in while an account opens connections and never says who it is", async () => {
    // More than the server takes from all.
    const flood = inside(on.host, alice, silent("/run/mysqld/mysqld.sock", 7000, 12));
    const often = `for i in 1 2 3 4 5 6 7 8; do sleep 1; mariadb -BN a2_blog -e "SELECT 1" 2>&1 || exit 1; done`;
    expect(await inside(on.host, bob, often)).toBe("1\n".repeat(8));
    await flood;
  });
});

describe("what is not its own is refused", () => {
  test.each([
    ["a neighbour's database", bob, "a1_shop", /Access denied for user 'a2'@'localhost' to database 'a1_shop'/],
    ["a database that the pattern of rights would fit", bob, "a2xblog", /Access denied/],
    ["the server's own", bob, "mysql", /Access denied/],
    ["to be its neighbour", bob, "--user=a1 a1_shop", /Access denied for user 'a1'@'localhost'/],
    ["to be the administrator", bob, "--user=root mysql", /Access denied for user 'root'@'localhost'/],
    ["to be nobody", bob, "--user=nobody a2_blog", /Access denied/],
    ["anything for an account without a database", carol, "a1_shop", /Can't connect/],
  ])("%s", async (_, account, database, why) => {
    await expect(ask(account, database, "SELECT 1;")).rejects.toThrow(why);
  });

  test.each([
    ["to write files of the host", "SELECT 1 INTO OUTFILE '/tmp/x';"],
    ["to read files of the host", "LOAD DATA INFILE '/etc/hostname' INTO TABLE t;"],
    ["files through the client", "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE t;"],
    ["to load a library", "INSTALL SONAME 'ha_federatedx';"],
    ["a function of a library", "CREATE FUNCTION f RETURNS STRING SONAME 'own.so';"],
    ["a higher limit for itself", "ALTER USER a1@localhost WITH MAX_USER_CONNECTIONS 100;"],
    ["a password beside the kernel's word", "SET PASSWORD = PASSWORD('x');"],
    ["another user", "CREATE USER other@localhost;"],
    ["rights for its neighbour", "GRANT SELECT ON a1_shop.* TO a2@localhost;"],
    ["another database", "CREATE DATABASE a1_more;"],
    ["a database that its pattern of rights would fit", "CREATE DATABASE a1xshop;"],
    ["settings of the server", "SET GLOBAL max_connections = 10;"],
    ["another engine by its own setting", "SET SESSION enforce_storage_engine = MEMORY;"],
    ["to act as the administrator", "CREATE DEFINER=root@localhost VIEW v AS SELECT 1;"],
    ["events, which would run without a connection", "CREATE EVENT e ON SCHEDULE EVERY 1 SECOND DO SELECT 1;"],
  ])("%s", async (_, statement) => {
    await expect(ask(alice, "a1_shop", statement)).rejects.toThrow(/ERROR \d+/);
    expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
  });

  test("a table at another place: it comes to the account's own", async () => {
    await ask(alice, "a1_shop", "CREATE TABLE away (a int) DATA DIRECTORY='/srv/accounts/databases/mariadb/own';");
    expect(await on.shell("find /srv/accounts -name 'away.*' -printf '%h ' | sort -u")).toMatch(
      /^(\/srv\/accounts\/1\/mariadb\/a1_shop ?)+$/,
    );
  });

  test("to see or to end what others do", async () => {
    const busy = ask(bob, "a2_blog", "SELECT SLEEP(2), 'of bob';");
    const lists = [
      "SHOW DATABASES;",
      "KILL USER a2@localhost;",
      "SHOW PROCESSLIST;",
      "SELECT * FROM information_schema.PROCESSLIST;",
      "SELECT * FROM information_schema.SCHEMA_PRIVILEGES;",
      "SELECT TABLE_SCHEMA FROM information_schema.TABLES WHERE TABLE_SCHEMA LIKE 'a%';",
    ];
    const seen = await ask(alice, "a1_shop", ...lists);
    expect(seen).toContain("a1_shop");
    expect(seen).not.toMatch(/a2|bob|mysql/);
    expect(await busy).toBe("0\tof bob");
  });
});

test("deleting its database as a whole takes its tables, and nothing makes another that no disk limit counts", async () => {
  await expect(ask(alice, "a1_shop", "DROP DATABASE a1_shop;")).rejects.toThrow(/ERROR (6|1010) .*Permission denied/s);
  await expect(ask(alice, "", "CREATE DATABASE a1_shop;")).rejects.toThrow(/ERROR/);
  expect(await ask(alice, "a1_shop", "CREATE TABLE t (a int);", "SHOW TABLES;")).toBe("t");
  expect(
    await on.shell("readlink /srv/accounts/databases/mariadb/data/a1_shop; ls /srv/accounts/1/mariadb/a1_shop"),
  ).toContain("/srv/accounts/1/mariadb/a1_shop\n");
  expect(await drift()).toEqual([]);
});

describe("the applier", () => {
  test("changes nothing when it comes again", async () => {
    expect(await drift()).toEqual([]);
    const { report } = await on.apply(bundle([shop, other]));
    expect(report).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
  });

  test("finds and repairs what was changed by hand", async () => {
    await asAdministrator("GRANT CREATE USER ON *.* TO a1@localhost");
    await asAdministrator("GRANT SELECT ON \\`a1\\_shop\\`.* TO a2@localhost WITH GRANT OPTION");
    await asAdministrator("CREATE USER a9@localhost IDENTIFIED VIA unix_socket");
    expect((await drift()).map((message) => message.split(" ")[0])).toEqual(["a9", "a1", "a1_shop"]);
    const { report, stderr } = await on.apply(bundle([shop, other]));
    const hooks = ["mariadb: set up databases of account-1", "mariadb: close a9"];
    expect(report, stderr).toMatchObject({ result: "applied", hooks });
    expect(await drift()).toEqual([]);
    await expect(ask(bob, "a1_shop", "SELECT 1;")).rejects.toThrow("Access denied");
  });

  test("adds a database, and closes it when it is no longer declared: the data stays, for whoever declares it again", async () => {
    await on.apply(bundle([shop, notes, other]));
    await ask(alice, "a1_notes", "CREATE TABLE kept (a int); INSERT INTO kept VALUES (7);");
    await on.apply(bundle([shop, other]));
    expect(await drift()).toEqual([]);
    await expect(ask(alice, "a1_notes", "SELECT 1;")).rejects.toThrow("Access denied");
    await on.apply(bundle([shop, notes, other]));
    expect(await ask(alice, "a1_notes", "SELECT a FROM kept;")).toBe("7");
  });
});

describe("a dump", () => {
  test("is complete, and gives back what was there", async () => {
    await ask(alice, "a1_shop", "CREATE TABLE d AS SELECT seq AS a, MD5(seq) AS b FROM seq_1_to_5000;");
    await on.shell("fairhost-host dump-database mariadb a1_shop >/srv/accounts/1/home/shop.sql");
    await ask(alice, "a1_shop", "DROP TABLE d;");
    await inside(on.host, alice, "mariadb a1_shop <shop.sql");
    expect(await ask(alice, "a1_shop", "SELECT COUNT(*), MAX(a) FROM d WHERE b = MD5(a);")).toBe("5000\t5000");
  });

  test.each(["mariadb a1_gone", "mariadb ../etc"])("of %j fails", async (name) => {
    const { exitCode, stderr } = await on.host.run(`fairhost-host dump-database ${name} >/dev/null`);
    expect(exitCode).toBe(5);
    expect(stderr).toMatch(/is not complete|is not a database/);
  });

  test("that is cut off in the middle fails", async () => {
    // A locked table: the dump waits.
    const locked = ask(alice, "a1_shop", "LOCK TABLES d WRITE; SELECT SLEEP(50);").catch(String);
    const holder = () => asAdministrator("SELECT ID FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
    await expect.poll(holder).toMatch(/^\d+$/);
    const dump = "fairhost-host dump-database mariadb a1_shop >/dev/null & ";
    const cut = await on.host.run(`${dump} until pkill -x mariadb-dump; do sleep 0.1; done; wait $!`);
    expect(cut).toMatchObject({ exitCode: 5, stderr: expect.stringContaining("the dump of a1_shop is not complete") });
    await asAdministrator(`KILL ${await holder()}`);
    await locked;
  });
});

test("a database of a megabyte whose dump would fill the disk of all is not archived, and its account's log says why", async () => {
  const limits = { limits: { diskGb: 0.05 } };
  await on.apply(bundle([shop, other], limits));
  const rows = "INSERT INTO z (a) SELECT REPEAT('x', 8000000) FROM seq_1_to_60;";
  await ask(alice, "a1_shop", "CREATE TABLE z (id int AUTO_INCREMENT PRIMARY KEY, a LONGBLOB COMPRESSED);", rows);
  expect(Number(await on.shell("du -cm /srv/accounts/1/mariadb | tail -1 | cut -f1"))).toBeLessThan(20);
  await on.apply(bundle([shop, other], { ...limits, suspended: { since: "2026-11-27", reason: "leaves" } }));
  const { exitCode, stderr } = await on.host.run("fairhost-host archive 1");
  expect([exitCode, stderr]).toEqual([5, expect.stringContaining("dumps of this account's databases are larger than")]);
  expect(Number(await on.shell("du -sm /srv/accounts/archives | cut -f1"))).toBeLessThan(2);
  expect(await on.shell("cat /srv/accounts/1/admin/logs/databases.log")).toContain(
    "a1_shop (mariadb) cannot be dumped",
  );
  await on.apply(bundle([shop, other]));
  await ask(alice, "a1_shop", "DROP TABLE z;");
}, 240_000);

describe("an archive", () => {
  const suspended = { suspended: { since: "2026-11-27", reason: "leaves" } };
  const drop = `mariadb -S /run/fairhost-mariadb/mysqld.sock -e 'DROP DATABASE a1_shop' || true
    rm -r /srv/accounts/databases/mariadb/data/a1_shop /srv/accounts/1/mariadb/a1_shop`;

  test("has a dump of each database that lies there, declared or not, or is refused; it gives back tables, views, routines and triggers", async () => {
    await ask(
      alice,
      "a1_shop",
      "CREATE OR REPLACE TABLE w AS SELECT seq AS a, MD5(seq) AS b, UNHEX('00ff27') AS c FROM seq_1_to_5000;",
      "CREATE VIEW many AS SELECT COUNT(*) AS n FROM w WHERE b = MD5(a) AND c = UNHEX('00ff27');",
      "CREATE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN 2 * x;",
      "CREATE TRIGGER t BEFORE INSERT ON w FOR EACH ROW SET NEW.b = 'by trigger';",
    );
    await on.apply(bundle([shop, other], suspended));
    await on.shell("mkdir /srv/accounts/1/mariadb/a1_lost");
    const { exitCode, stderr } = await on.host.run("fairhost-host archive 1");
    expect([exitCode, stderr]).toEqual([5, expect.stringContaining("/srv/accounts/1/mariadb/a1_lost")]);
    await on.shell("rmdir /srv/accounts/1/mariadb/a1_lost");
    const path = await on.shell("fairhost-host archive 1");
    expect(await on.shell(`ls ${path} | grep dump`)).toBe(
      "mariadb.a1_notes.dump\nmariadb.a1_shop.dump\npostgresql.a1_shop.dump",
    );
    await on.shell(drop);
    // The databases of another account have the same names but for the number, and are in no archive of this one.
    await on.apply(bundle([shop, notes, other]));
    await expect(ask(alice, "a1_shop", "SELECT * FROM many;")).rejects.toThrow("doesn't exist");
    await on.shell("fairhost-host restore 1 databases");
    const all = "SELECT n, twice(21) FROM many; INSERT INTO w (a) VALUES (0); SELECT b FROM w WHERE a = 0;";
    expect(await ask(alice, "a1_shop", all)).toBe("5000\t42\nby trigger");
    expect(await ask(alice, "a1_notes", "SELECT a FROM kept;")).toBe("7");
    expect(await drift()).toEqual([]);
  });

  test("that names a database which is not declared, or something unknown, is refused before anything is restored", async () => {
    await ask(alice, "a1_shop", "DELETE FROM w;");
    await on.apply(bundle([shop, other]));
    const { exitCode, stderr } = await on.host.run("fairhost-host restore 1 databases");
    expect([exitCode, stderr]).toEqual([5, expect.stringMatching(/mariadb a1_notes.*declare/)]);
    expect(await ask(alice, "a1_shop", "SELECT COUNT(*) FROM w;")).toBe("0");
    const record = "/srv/accounts/archives/1/*/archive.json";
    await on.shell(
      `sed -i 's/mariadb.a1_notes/oracle.a1_notes/' ${record}; cd /srv/accounts/archives/1/*; mv mariadb.a1_notes.dump oracle.a1_notes.dump`,
    );
    const unknown = await on.host.run("fairhost-host restore 1 databases");
    expect([unknown.exitCode, unknown.stderr]).toEqual([5, expect.stringContaining("oracle.a1_notes.dump")]);
  });
});

test("after a crash it is back in seconds with all that was committed; a restart keeps who may do what", async () => {
  await ask(alice, "a1_shop", "CREATE TABLE crash AS SELECT seq AS a FROM seq_1_to_1000;");
  await on.shell("systemctl kill --signal=KILL fairhost-mariadb");
  await on.until("mariadb -S /run/fairhost-mariadb/mysqld.sock -e 'SELECT 1'", 30);
  expect(await ask(alice, "a1_shop", "SELECT COUNT(*) FROM crash;")).toBe("1000");
  await on.shell("systemctl restart fairhost-mariadb");
  expect(await ask(alice, "a1_shop", "SELECT COUNT(*) FROM crash;")).toBe("1000");
  await expect(ask(bob, "a1_shop", "SELECT 1;")).rejects.toThrow("Access denied");
  expect(await drift()).toEqual([]);
});

test("a copy of an account has tables, views, routines and triggers, which are its own there", async () => {
  await on.apply(bundle([shop, other, { ...shop, name: "blog" }]));
  await ask(
    alice,
    "a1_blog",
    "CREATE OR REPLACE TABLE w AS SELECT seq AS a, CONCAT('\\nCREATE DEFINER=`a1`@`localhost` ', seq) AS b FROM seq_1_to_5000;",
    "CREATE OR REPLACE VIEW many AS SELECT COUNT(*) AS n FROM w WHERE b = CONCAT('\\nCREATE DEFINER=`a1`@`localhost` ', a);",
    "CREATE OR REPLACE FUNCTION twice(x INT) RETURNS INT DETERMINISTIC RETURN 2 * x;",
    "CREATE OR REPLACE TRIGGER t BEFORE INSERT ON w FOR EACH ROW SET NEW.b = CURRENT_USER();",
  );
  expect(await on.shell("fairhost-host copy 1 2 --replace")).toBe(
    [
      "account 2 has a copy of the home of account 1",
      "database a2_blog (mariadb) has a copy of a1_blog",
      "database a1_shop (mariadb) was not copied: account 2 declares no database of this name here",
      "database a1_shop (postgresql) was not copied: account 2 declares no database of this name here",
    ].join("\n"),
  );
  const all = "SELECT n, twice(21) FROM many; INSERT INTO w (a) VALUES (0); SELECT b FROM w WHERE a = 0;";
  expect(await ask(bob, "a2_blog", all)).toBe("5000\t42\na2@localhost");
  expect(await ask(alice, "a1_blog", "SELECT n FROM many;")).toBe("5000");
  expect(await drift()).toEqual([]);
});

overTcp(
  () => on,
  () =>
    databaseBundle(
      "mariadb",
      [shop, other].map((database) => ({ ...database, tcp: true })),
      {},
      { databases: [shop, other].map((database) => ({ ...database, name: "quiet" })) },
    ),
);
