import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { alice, bob, databaseHost, silent } from "../../testing/fakes/database-host.ts";
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
