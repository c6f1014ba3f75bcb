import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { alice, bob, databaseBundle, databaseDrift, databaseHost } from "../../testing/fakes/database-host.ts";
import { inside } from "../../testing/fakes/inside-sandbox.ts";

/** What an account can make the real server of a host hold: memory, temporary files, old rows, procedures. */
let on: AppliedHost;

const shop = { engine: "mariadb", name: "shop", connections: 12 } as const;

/** Runs statements in a database from inside an account's sandbox. */
const ask = async (account: number, database: string, ...statements: string[]) =>
  (await inside(on.host, account, `mariadb -BN ${database} 2>&1 <<'EOF'\n${statements.join("\n")}\nEOF`)).trim();

/** As an administrator of the host does. */
const asAdministrator = (statement: string) =>
  on.shell(`mariadb -BN -S /run/fairhost-mariadb/mysqld.sock -e "${statement}"`);

beforeAll(async () => {
  on = await databaseHost("mariadb", [shop]);
});
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("a session has bounds of its own", () => {
  test("memory without end: a session's buffers stay small, whatever it sets, and one that holds too much can do no more", async () => {
    const sizes =
      "SELECT LOWER(GROUP_CONCAT(VARIABLE_NAME)) FROM information_schema.SYSTEM_VARIABLES WHERE VARIABLE_SCOPE = 'SESSION' AND READ_ONLY = 'NO' AND NUMERIC_MAX_VALUE > 67108864 AND VARIABLE_NAME REGEXP '_SIZE$|_SPACE_LIMIT$|_MEM_USED$';";
    // Of files, rows and replication, and of engines that no account reaches.
    const other = /^(tmp_disk_table|max_join|max_relay_log|wsrep_trx_fragment|(aria|myisam)_sort_buffer)_size$/;
    const names = (await ask(alice, "a1_shop", sizes)).split(",").filter((name) => !other.test(name));
    expect(names).toEqual(expect.arrayContaining(["sort_buffer_size", "max_session_mem_used", "max_heap_table_size"]));
    const largest = names.map((name) => `SET ${name} = 18446744073709551615;`);
    const held = Array.from({ length: 20 }, (_, index) => `SET @v${index} = REPEAT('x', 16000000);`);
    const values = (await ask(alice, "a1_shop", ...largest, `SELECT ${names.map((name) => `@@${name}`).join()};`))
      .split("\t")
      .map((value, index) => [names[index]!, Number(value)] as const);
    expect(values.filter(([name, value]) => value > (name === "max_session_mem_used" ? 2 ** 28 : 2 ** 26))).toEqual([]);
    await expect(ask(alice, "a1_shop", ...held, "SELECT COUNT(*) FROM seq_1_to_10;")).rejects.toThrow(
      "max-session-mem-used",
    );
    expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
  });

  test("temporary files without end: a session can lower its limit, and not raise it", async () => {
    const most = "SET max_tmp_session_space_usage = 18446744073709551615; SELECT @@max_tmp_session_space_usage;";
    expect(await ask(alice, "a1_shop", most)).toBe(`${2 ** 30}`);
    const rows = "SELECT SHA2(seq, 512) x, REPEAT('y', 1000) y FROM seq_1_to_100000";
    const sort = `SELECT COUNT(*) FROM (${rows} ORDER BY x, y LIMIT 99999) s;`;
    await expect(ask(alice, "a1_shop", "SET max_tmp_session_space_usage = 10000000;", sort)).rejects.toThrow(
      "Local temporary space limit reached",
    );
    expect(await on.shell("find /srv/accounts/databases/mariadb/own/tmp -type f -size +1M")).toBe("");
  });
});

/** What no disk limit counts. Sizes in MB. */
describe("what accounts share does not grow without end, and the neighbour's statements go on", () => {
  const size = async (path: string) =>
    Number(await on.shell(`du -cm /srv/accounts/databases/mariadb/${path} | tail -1 | cut -f1`));
  const said = () => on.shell("cat /srv/accounts/1/admin/logs/databases.log || true");
  const ofBob = () => on.shell("cat /srv/accounts/2/admin/logs/databases.log || true");

  test("the log of old rows, while a transaction stays open", async () => {
    const rows = "SELECT REPEAT(MD5(seq), 100) FROM seq_1_to_20000;";
    await ask(
      alice,
      "a1_shop",
      `CREATE TABLE g (id int PRIMARY KEY AUTO_INCREMENT, a text); INSERT INTO g (a) ${rows}`,
    );
    const reader = "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT COUNT(*) FROM g; SELECT SLEEP(900);";
    await inside(on.host, alice, `mariadb a1_shop -e '${reader}' </dev/null >held 2>&1 &`);
    const open = () =>
      asAdministrator("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'");
    await expect.poll(open, { timeout: 20_000 }).toBe("1");
    const change = "UPDATE g SET a = REPEAT(MD5(id + RAND()), 100); DO SLEEP(0.2);".repeat(3);
    // It is ended at 1 GB; 40 rounds would be 7.
    for (let round = 0; round < 40 && (await open()) === "1"; round++) await ask(alice, "a1_shop", change);
    expect(await open()).toBe("0");
    expect(await size("own/undo*")).toBeLessThan(2500);
    expect(await on.shell("cat /srv/accounts/1/home/held")).toMatch(/Lost connection|gone away|killed/);
    await expect.poll(said).toMatch(/a session in MariaDB was ended: its transaction since .* kept more than 1 GB/);
    expect(await on.shell("fairhost-host dump-database mariadb a2_blog | tail -1")).toContain("Dump completed");
    await ask(alice, "a1_shop", "DROP TABLE g;");
  }, 240_000);

  test("its temporary tables", async () => {
    // Small steps, so that the server is looked at before the last of them.
    const fill = "INSERT INTO x SELECT REPEAT(MD5(seq), 300) FROM seq_1_to_5000; DO SLEEP(0.2);".repeat(60);
    await expect(ask(alice, "a1_shop", "CREATE TEMPORARY TABLE x (a longtext);", fill)).rejects.toThrow(
      /Lost connection|gone away|killed/,
    );
    await expect.poll(said).toContain("temporary tables");
    const own = "INSERT INTO y SELECT REPEAT(MD5(seq), 300) FROM seq_1_to_1000; SELECT COUNT(*) FROM y;";
    expect(await ask(bob, "a2_blog", "CREATE TEMPORARY TABLE y (a longtext);", own)).toBe("1000");
    await expect.poll(() => size("own/temporary"), { timeout: 60_000 }).toBeLessThan(500);
  }, 120_000);

  test("its temporary files: those of all its sessions count together", async () => {
    // A table of 800 MB each, for as long as the statement sleeps.
    const rows = "SELECT REPEAT(MD5(seq), 300) AS x FROM seq_1_to_85000 LIMIT 85000";
    const hold = `mariadb a1_shop -e 'SET tmp_memory_table_size = 16384; SELECT SLEEP(900) FROM (${rows}) s LIMIT 1' </dev/null >>files 2>&1 & `;
    await inside(on.host, alice, hold.repeat(3));
    await expect.poll(said, { timeout: 90_000 }).toContain("more than 2 GB of temporary files");
    await expect.poll(() => on.shell("cat /srv/accounts/1/home/files")).toMatch(/Lost connection|gone away|killed/);
    // Until none is left: a session that removes its files takes a place until it has.
    const sessions = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'a1'";
    await expect
      .poll(() => asAdministrator(`KILL USER a1@localhost; ${sessions}`), { timeout: 90_000, interval: 1000 })
      .toBe("0");
  }, 240_000);

  test("its procedures: an account whose are too large makes no more until the next apply", async () => {
    const made = (index: number) =>
      `EXECUTE IMMEDIATE CONCAT('CREATE PROCEDURE p${index}() BEGIN /*', REPEAT('x', 12000000), '*/ SELECT 1; END');`;
    const all = Array.from({ length: 60 }, (_, index) => index);
    const result = await ask(alice, "a1_shop", ...all.map(made)).then(() => "made", String);
    expect(result).toMatch(/Lost connection|gone away|killed|denied/);
    expect(await size("data/mysql")).toBeLessThan(1300);
    await expect.poll(said).toMatch(/procedures and functions of a1_shop are larger than 16 MB/);
    await expect(ask(alice, "a1_shop", "CREATE PROCEDURE more() SELECT 1;")).rejects.toThrow(/denied/);
    expect((await databaseDrift(on)).join()).toContain("a1_shop");
    // It has the largest ones still, and the next account that makes some is found all the same.
    const small = made(0).replace("12000000", "6000000");
    let second = "";
    for (let round = 0; round < 12 && second === ""; round++)
      second = await ask(bob, "a2_blog", small.replace("p0", `p${round}`), "DO SLEEP(2);").catch(String);
    expect(second).toMatch(/Lost connection|gone away|killed|denied/);
    await expect.poll(ofBob).toMatch(/procedures and functions of a2_blog are larger than 16 MB/);
    await ask(alice, "a1_shop", ...all.map((index) => `DROP PROCEDURE IF EXISTS p${index};`)).catch(String);
    await on.shell(
      "mariadb -BN -S /run/fairhost-mariadb/mysqld.sock -e \"SELECT CONCAT('DROP PROCEDURE ', db, '.', name, ';') FROM mysql.proc WHERE db <> 'sys'\" | mariadb -S /run/fairhost-mariadb/mysqld.sock",
    );
    await on.apply(databaseBundle("mariadb", [shop]));
    expect(
      await ask(alice, "a1_shop", "CREATE PROCEDURE more() SELECT 7;", "CALL more();", "DROP PROCEDURE more;"),
    ).toBe("7");
  }, 120_000);

  test("its files without a name, of loads and index builds, which the server does not count: sessions of who wrote most are ended, many small ones before one of a neighbour that is larger", async () => {
    const nameless = async () =>
      Number(
        await on.shell(
          "find /proc/$(pgrep -x mariadbd)/fd -lname '/srv/accounts/databases/mariadb/own/tmp/*' -exec stat -L -c '%h %b' {} + | awk '$1 == 0 { s += $2 } END { printf \"%d\", s / 2048 }'",
        ),
      );
    // The files are there until the statement ends, so its last row sleeps.
    const load = (table: string, rows: number) =>
      `SET unique_checks = 0, foreign_key_checks = 0, autocommit = 0; CREATE TABLE ${table} (id int PRIMARY KEY, a varchar(8000)); INSERT INTO ${table} SELECT seq, IF(seq = ${rows} AND SLEEP(900), NULL, REPEAT(MD5(seq), 240)) FROM seq_1_to_${rows};`;
    // As a dump is loaded: it goes on.
    await inside(on.host, bob, `mariadb a2_blog -e '${load("l", 90_000)}' </dev/null >load 2>&1 &`);
    const asleep = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'a2' AND STATE = 'User sleep'";
    await expect.poll(() => asAdministrator(asleep), { timeout: 60_000 }).toBe("1");
    expect(await nameless()).toBeGreaterThan(600);
    // Each less than half of it.
    const small = Array.from({ length: 10 }, (_, index) => load(`t${index}`, 40_000));
    for (const each of small) await inside(on.host, alice, `mariadb a1_shop -e '${each}' </dev/null >>loads 2>&1 &`);
    await expect
      .poll(said, { timeout: 120_000, interval: 1000 })
      .toContain("index builds and loads had more than 3 GB");
    await expect.poll(() => on.shell("cat /srv/accounts/1/home/loads")).toMatch(/Lost connection|gone away|killed/);
    await expect
      .poll(() => asAdministrator("SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE USER = 'a1'"))
      .toBe("0");
    expect(await nameless()).toBeLessThan(4500);
    expect(await asAdministrator(asleep)).toBe("1");
    expect(await on.shell("cat /srv/accounts/2/home/load")).toBe("");
    await asAdministrator("KILL USER a1@localhost; KILL USER a2@localhost");
    await expect.poll(nameless, { timeout: 60_000 }).toBeLessThan(100);
  }, 240_000);

  test("times of its transactions, which nothing else removes", async () => {
    const history =
      "(x int, s bigint unsigned GENERATED ALWAYS AS ROW START, e bigint unsigned GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e)) WITH SYSTEM VERSIONING";
    const change = "FOR i IN 1..5000 DO INSERT INTO v (x) VALUES (i); END FOR";
    await ask(alice, "a1_shop", `CREATE TABLE v ${history}; INSERT INTO v (x) VALUES (1);`);
    await ask(alice, "a1_shop", "DELIMITER //", `CREATE PROCEDURE many() BEGIN ${change}; END//`);
    // The oldest transaction is a neighbour's, and one of an administrator keeps the times from being emptied.
    const sleeping = "SELECT COUNT(*) FROM information_schema.PROCESSLIST WHERE STATE = 'User sleep'";
    await ask(bob, "a2_blog", "CREATE TABLE n (x int); INSERT INTO n VALUES (1);");
    const writes = "START TRANSACTION; UPDATE n SET x = 2; SELECT SLEEP(900)";
    await inside(on.host, bob, `mariadb a2_blog -e '${writes}' </dev/null >held 2>&1 &`);
    await expect.poll(() => asAdministrator(sleeping)).toBe("1");
    const reads = "START TRANSACTION; SELECT COUNT(*) FROM mysql.transaction_registry; SELECT SLEEP(900)";
    await on.shell(`systemd-run -q mariadb -S /run/fairhost-mariadb/mysqld.sock -e "${reads}"`);
    await expect.poll(() => asAdministrator(sleeping)).toBe("2");
    const file = () => size("data/mysql/transaction_registry.ibd");
    // 16 MB are some 60,000.
    for (let round = 0; round < 60 && (await file()) < 20; round++) await ask(alice, "a1_shop", "CALL many();");
    expect(await file()).toBeGreaterThan(16);
    // For two looks at least.
    await on.shell("sleep 6");
    // Both went on, and once the reader has ended the file is small again.
    expect(await asAdministrator(sleeping)).toBe("2");
    const reader = "SELECT ID FROM information_schema.PROCESSLIST WHERE USER = 'root' AND STATE = 'User sleep'";
    await asAdministrator(`KILL ${await asAdministrator(reader)}`);
    await expect.poll(file, { timeout: 60_000 }).toBeLessThan(17);
    expect(await asAdministrator(sleeping)).toBe("1");
    await asAdministrator("KILL USER a2@localhost");
    expect(await ask(alice, "a1_shop", "SELECT MAX(x) FROM v; DROP PROCEDURE many; DROP TABLE v;")).toBe("5000");
  }, 240_000);

  test("statistics of its columns, and names of its keys: it makes no more", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `RANDOM_BYTES(255) c${index}`).join();
    const tables = Array.from({ length: 12 }, (_, index) => `w${index}`);
    for (const table of tables)
      await ask(alice, "a1_shop", `CREATE TABLE ${table} AS SELECT ${names} FROM seq_1_to_300;`);
    const analyze = `SET histogram_size = 255, histogram_type = JSON_HB; ANALYZE TABLE ${tables.join()} PERSISTENT FOR ALL;`;
    const statistics = "SELECT COUNT(*) FROM mysql.column_stats WHERE db_name = 'a1_shop'";
    // The catalogs are large already, by the procedures above.
    await ask(alice, "a1_shop", analyze).catch(String);
    await expect.poll(said, { timeout: 30_000 }).toContain("statistics of the columns of a1_shop were removed");
    await expect.poll(() => asAdministrator(statistics)).toBe("0");
    const keys = (round: number) =>
      Array.from({ length: 1000 }, (_, index) => {
        return `ADD CONSTRAINT ${`k${round}_${index}_`.padEnd(60, "x")} FOREIGN KEY (a) REFERENCES p (id)`;
      }).join();
    await ask(alice, "a1_shop", "CREATE TABLE p (id int PRIMARY KEY);");
    let result = "";
    for (let round = 0; round < 200 && result === ""; round++) {
      // The more keys a table has, the longer one takes.
      const table = `k${Math.floor(round / 10)}`;
      const statements = [
        `CREATE TABLE IF NOT EXISTS ${table} (a int, KEY (a));`,
        `ALTER TABLE ${table} ${keys(round)};`,
      ];
      result = await ask(alice, "a1_shop", "SET foreign_key_checks = 0;", ...statements).catch(String);
    }
    expect(result).toMatch(/Lost connection|gone away|killed|denied/);
    expect(await size("own/ibdata1")).toBeLessThan(300);
    await expect.poll(said).toContain("or 5000 foreign keys: no more can be made");
    await expect(ask(alice, "a1_shop", "CREATE TABLE more (a int);")).rejects.toThrow(/denied/);
    await ask(alice, "a1_shop", "SET foreign_key_checks = 0;", "DROP TABLE p;");
    await on.apply(databaseBundle("mariadb", [shop]));
    expect(await ask(alice, "a1_shop", "CREATE TABLE more (a int); SELECT COUNT(*) FROM more;")).toBe("0");
  }, 480_000);
});
