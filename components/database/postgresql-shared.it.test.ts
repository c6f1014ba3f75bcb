import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { alice, bob, databaseBundle, databaseHost, silent } from "../../testing/fakes/database-host.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";

/** What an account can make the real server of a host hold: connections, snapshots, notifications, locks. */
let on: AppliedHost;

const shop = { engine: "postgresql", name: "shop", connections: 3 } as const;

const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1";

/** Runs statements in a database from inside an account's sandbox. */
const ask = async (account: number, database: string, ...statements: string[]) =>
  (await inside(on.host, account, `${psql} -d ${database} 2>&1 <<'EOF'\n${statements.join("\n")}\nEOF`)).trim();

/** Statements of the neighbour, each in a connection of its own, one after the other. */
const often = (statement: string) =>
  inside(
    on.host,
    bob,
    `for i in 1 2 3 4 5 6 7 8; do sleep 0.5; ${psql} -d a2_blog -c "${statement}" 2>&1 || exit 1; done`,
  );

/** Takes so many locks, and holds them for some seconds. */
const take = (count: number, seconds = 5) =>
  `DO $$ BEGIN FOR i IN 1..${count} LOOP PERFORM pg_advisory_lock(i); END LOOP; END $$; SELECT 'has them'; SELECT pg_sleep(${seconds});`;

const said = () => on.shell("cat /srv/accounts/1/admin/logs/databases.log || true");

const ended = "terminating connection due to administrator command";

beforeAll(async () => {
  on = await databaseHost("postgresql", [shop]);
});
afterAll(async () => on?.[Symbol.asyncDispose]());

test("a neighbour gets in while an account opens connections and never says who it is", async () => {
  const flood = inside(on.host, alice, silent("/run/postgresql/.s.PGSQL.5432", 800, 12));
  expect(await often("SELECT 1")).toBe("1\n".repeat(8));
  await flood;
  expect(await ask(alice, "a1_shop", "SELECT 1;")).toBe("1");
}, 120_000);

test("a session that fills the directory of all with snapshots is ended, and its account's log says why", async () => {
  const many = "SELECT count(*) FROM (SELECT pg_export_snapshot() FROM generate_series(1, 3000)) s;";
  // As much as a parallel dump exports.
  expect(
    await ask(alice, "a1_shop", "BEGIN; SELECT length(pg_export_snapshot()) > 9; SELECT pg_sleep(3); COMMIT;"),
  ).toBe("t");
  await expect(ask(alice, "a1_shop", "BEGIN;", many, "SELECT pg_sleep(50);", "COMMIT;")).rejects.toThrow(ended);
  expect(await on.shell("ls /srv/accounts/databases/postgresql/17/pg_snapshots | wc -l")).toBe("0");
  await expect.poll(said).toContain("its transaction exported more than 1000 snapshots");
  expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
});

test("a session that keeps the queue of all notifications from being read is ended; the neighbour's transactions go on", async () => {
  const listener = ask(alice, "a1_shop", "LISTEN x; BEGIN; SELECT 1; SELECT pg_sleep(50); COMMIT;").then(
    () => "went on",
    String,
  );
  const quiet = ask(bob, "a2_blog", "BEGIN; SELECT txid_current() > 0; SELECT pg_sleep(20); COMMIT;");
  const some = "SELECT count(pg_notify('x', repeat('y', 7000) || g)) FROM generate_series(1, 900) g;";
  for (let round = 0; round < 20; round++) await ask(alice, "a1_shop", some).catch(String);
  expect(await listener).toContain(ended);
  await expect.poll(() => ask(bob, "a2_blog", "NOTIFY x; SELECT 1;").catch(String), { timeout: 20_000 }).toBe("1");
  expect(await quiet).toBe("t");
  await expect.poll(said).toContain("notifications");
}, 120_000);

test("who sends many notifications is innocent: the session of another account that keeps them from being read is ended", async () => {
  const listener = ask(alice, "a1_shop", "LISTEN x; BEGIN; SELECT 1; SELECT pg_sleep(100); COMMIT;").then(
    () => "went on",
    String,
  );
  let goesOn = true;
  void listener.then(() => {
    goesOn = false;
  });
  const some = "SELECT count(pg_notify('y', repeat('y', 7000) || g)) FROM generate_series(1, 900) g;";
  const answers = new Set<string>();
  const working = (async () => {
    while (goesOn) answers.add(await ask(bob, "a2_blog", "BEGIN; SELECT pg_sleep(2); COMMIT;").catch(String));
  })();
  // Not so fast that the queue is full before the transaction that holds it is ten seconds old.
  while (goesOn) {
    await ask(bob, "a2_blog", some).catch(String);
    await on.shell("sleep 2");
  }
  expect(await listener).toContain(ended);
  await working;
  expect([...answers]).toEqual([""]);
}, 150_000);

test("a session that takes more locks than its share is ended; an ordinary one with thousands is not, and neighbours get in", async () => {
  expect(await ask(alice, "a1_shop", take(4000))).toBe("has them");
  const greedy = ask(alice, "a1_shop", take(1_000_000), "SELECT pg_sleep(50);").then(() => "went on", String);
  // Held by the session, whatever became of its statement.
  const holding = ask(alice, "a1_shop", "\\set ON_ERROR_STOP off", take(1_000_000), "SELECT pg_sleep(50);").then(
    () => "went on",
    String,
  );
  expect(await greedy).toMatch(/terminating connection|out of shared memory/);
  expect(await holding).toContain(ended);
  await expect.poll(said).toContain("locks");
  await expect.poll(() => often("SELECT 1").catch(String), { timeout: 30_000 }).toBe("1\n".repeat(8));
}, 120_000);

test("accounts that take most of the locks together, each less than its share, keep nobody out: those with the most are ended", async () => {
  const many = [alice, 4, 5, 6, 7];
  const declaration = declarationOf(
    [...many, bob].map((number) => {
      const name = number === bob ? "blog" : "shop";
      return { number, name: `n${number}`, servers: [shellServer()], databases: [{ ...shop, name }] };
    }),
  );
  const { report, stderr } = await on.apply(renderBundle(declaration, "web1"));
  expect(report, stderr).toMatchObject({ errors: [] });
  for (const number of many) await placeShell(on.host, number);
  const holding = many.map((number, index) =>
    ask(number, `a${number}_shop`, take(4900 - 100 * index, 20)).then((text) => text, String),
  );
  expect(await often("SELECT 1")).toBe("1\n".repeat(8));
  const found = await Promise.all(holding);
  expect(found.slice(0, 2)).toEqual([expect.stringContaining(ended), expect.stringContaining(ended)]);
  expect(found.slice(2)).toEqual(["has them", "has them", "has them"]);
  await expect.poll(said).toContain("sessions of all accounts held more than 15000 locks");
}, 120_000);

describe("catalogs of all databases, which no disk limit counts, stay small", () => {
  const size = async () => Number(await on.shell("du -sm /srv/accounts/databases/postgresql/17/global | cut -f1"));
  const asAdministrator = (statement: string) =>
    on.shell(
      `cd / && setpriv --reuid=postgres --regid=postgres --clear-groups ${psql} -h /run/fairhost-postgresql -d postgres -c "${statement}"`,
    );
  const none = () => on.shell("rm -f /srv/accounts/1/admin/logs/databases.log");
  /** Settings of 90 kB, one after the other. */
  const change = (more: string) => `DO $$ DECLARE t text; BEGIN
      SELECT string_agg('m' || md5(g::text), ', ') INTO t FROM generate_series(1, 2500) g;
      FOR i IN 1..50000 LOOP EXECUTE 'ALTER ROLE a1 SET search_path = m' || md5(random()::text) || ', ' || t; ${more} END LOOP; END $$;`;
  const many = "FOR i IN 1..3000000 LOOP PERFORM lo_create(0); IF i % 20000 = 0 THEN COMMIT; END IF; END LOOP;";

  test.each([
    ["settings that a session changes while another one keeps what was there before", change("COMMIT;")],
    ["settings that one transaction changes", change("")],
  ])(
    "%s: its sessions are ended",
    async (_, statement) => {
      await none();
      const held = ask(alice, "a1_shop", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(45);").catch(
        String,
      );
      await expect(ask(alice, "a1_shop", statement)).rejects.toThrow(ended);
      await held;
      expect(await size()).toBeLessThan(250);
      await expect.poll(said).toMatch(/the catalogs of all databases/);
      expect(await ask(bob, "a2_blog", "SELECT 1;")).toBe("1");
    },
    120_000,
  );

  test("who cannot be stopped so cannot log in until the next deploy, also if it holds its own row; what was counted outlives the program", async () => {
    await none();
    const count = () => asAdministrator("SELECT count(*) FROM fairhost.strikes WHERE name = 'a1'");
    const before = Number(await count());
    expect(before).toBeGreaterThan(0);
    await on.shell("systemctl restart fairhost-postgresql-watch");
    expect(Number(await count())).toBe(before);
    const holder = ask(alice, "a1_shop", "BEGIN; ALTER ROLE a1 PASSWORD 'x'; SELECT pg_sleep(45);").catch(String);
    await expect
      .poll(() =>
        asAdministrator("SELECT count(*) FROM pg_stat_activity WHERE usename = 'a1' AND wait_event = 'PgSleep'"),
      )
      .toBe("1");
    await asAdministrator("INSERT INTO fairhost.strikes SELECT 'a1' FROM generate_series(1, 9)");
    expect(await holder).toContain(ended);
    await expect.poll(said).toContain("cannot log in until the next deploy");
    await expect(ask(alice, "a1_shop", "SELECT 1;")).rejects.toThrow("not permitted to log in");
    const { report, stderr } = await on.apply(databaseBundle("postgresql", [shop]));
    expect(report, stderr).toMatchObject({ errors: [] });
    // Also after the watch has looked again.
    await on.shell("sleep 5");
    expect(await ask(alice, "a1_shop", "SELECT 1;")).toBe("1");
  }, 120_000);

  test("settings of megabytes, and passwords, are reset", async () => {
    await none();
    const names = "SELECT string_agg('m' || md5(g::text), ', ') FROM generate_series(1, 300000) g";
    const large = `DO $$ BEGIN EXECUTE 'ALTER ROLE a1 SET search_path = ' || (${names}); END $$;`;
    await ask(alice, "a1_shop", large).catch(String);
    await expect.poll(said, { timeout: 20_000 }).toContain("its settings in PostgreSQL were reset");
    const left = "SELECT count(*) FROM pg_db_role_setting WHERE setrole = 'a1'::regrole";
    await expect.poll(() => asAdministrator(left)).toBe("0");
    const secret = `translate(encode(convert_to((${names}), 'utf8'), 'base64'), E'\\n', '')`;
    const hash = "encode(sha256('x'), 'base64')";
    await ask(
      alice,
      "a1_shop",
      `DO $$ BEGIN EXECUTE format('ALTER ROLE a1 PASSWORD %L', 'SCRAM-SHA-256$4096:' || ${secret} || '$' || ${hash} || ':' || ${hash}); END $$;`,
    ).catch(String);
    await expect.poll(said, { timeout: 20_000 }).toContain("its password in PostgreSQL was removed");
    const password = "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'a1'";
    expect(await asAdministrator(password)).toBe("t");
  }, 60_000);

  test("who makes them grow is known by dead rows and by those of an open transaction; neighbours that keep old rows, write little, or do so for long go on", async () => {
    await none();
    const patient = { timeout: 120_000, interval: 1000 };
    // A request would end after a minute.
    const behind = (account: number, file: string, statements: string) =>
      inside(
        on.host,
        account,
        `${psql} -d ${account === bob ? "a2_blog" : "a1_shop"} >${file} 2>&1 <<'EOF' &\n${statements}\nEOF`,
      );
    const all = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'a2' AND wait_event = 'PgSleep'";
    await behind(bob, "reads", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(900);");
    const little = "CREATE TABLE small (x int); ALTER ROLE a2 SET application_name = 'x';";
    await behind(bob, "writes", `BEGIN; ${little} SELECT pg_sleep(900);`);
    const old = `${all} AND xact_start < clock_timestamp() - interval '11 seconds'`;
    await expect.poll(() => asAdministrator(old), { timeout: 60_000 }).toBe("2");
    // Beyond 64 MB, so that little more counts.
    const names = "SELECT string_agg('m' || md5(random()::text), ', ') FROM generate_series(1, 2500)";
    const large = `DO \\$\\$ BEGIN FOR i IN 1..900 LOOP EXECUTE 'ALTER ROLE postgres SET search_path = ' || (${names}); COMMIT; END LOOP; END \\$\\$`;
    await asAdministrator(large);
    await asAdministrator("ALTER ROLE postgres RESET ALL");
    expect(await size()).toBeGreaterThan(64);
    const short = "PERFORM lo_unlink(lo_create(0)); IF i % 20 = 0 THEN COMMIT; END IF;";
    await behind(
      alice,
      "short",
      `SET synchronous_commit = off; DO $$ BEGIN FOR i IN 1..9000000 LOOP ${short} END LOOP; END $$;`,
    );
    await expect.poll(said, patient).toMatch(/they made the catalogs of all databases grow/);
    await expect.poll(() => on.shell("cat /srv/accounts/1/home/short"), patient).toContain(ended);
    await none();
    const fill = "DO $$ BEGIN PERFORM lo_create(0) FROM generate_series(1, 3000000); END $$;";
    await behind(alice, "open", `BEGIN; SAVEPOINT s; SELECT lo_create(0) > 0; SELECT pg_sleep(10); ${fill}`);
    // What was written before it began, it has not seen.
    await expect.poll(() => asAdministrator(all.replace("a2", "a1"))).toBe("1");
    await on.shell("systemctl restart fairhost-postgresql-watch");
    await expect.poll(said, patient).toMatch(/they made the catalogs of all databases grow/);
    await expect.poll(() => on.shell("cat /srv/accounts/1/home/open"), patient).toContain(ended);
    expect(await asAdministrator(all)).toBe("2");
    expect(await on.shell("cat /srv/accounts/2/admin/logs/databases.log || true")).toBe("");
    await asAdministrator("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'a2'");
  }, 360_000);

  test("objects that stay: there are no more beyond 300,000", async () => {
    await none();
    let result = ended;
    for (let round = 0; round < 40 && !result.includes("not permitted"); round++)
      result = await ask(alice, "a1_shop", `DO $$ BEGIN ${many} END $$;`).catch(String);
    expect(result).toContain("not permitted to log in");
    expect(await said()).toContain("it cannot log in until the next deploy");
    expect(await size()).toBeLessThan(400);
  }, 120_000);
});
