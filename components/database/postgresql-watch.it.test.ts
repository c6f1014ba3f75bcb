import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { alice, bob, databaseHost } from "../../testing/fakes/database-host.ts";
import { inside } from "../../testing/fakes/inside-sandbox.ts";

/** What the watch of PostgreSQL does over hours and days, when numbers of transactions begin anew, and with sessions that are slow to go. */
let on: AppliedHost;

const shop = { engine: "postgresql", name: "shop", connections: 40 } as const;
const programs = "/usr/lib/postgresql/17/bin";
const data = "/srv/accounts/databases/postgresql/17";
const asServer = "cd / && setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all --";
const sql = `${programs}/psql -XAtq -v ON_ERROR_STOP=1`;
const asAdministrator = (statement: string) =>
  on.shell(`${asServer} ${sql} -h /run/fairhost-postgresql -d postgres <<'EOF'\n${statement}\nEOF`);
const ask = async (account: number, statement: string) =>
  (await inside(on.host, account, `${sql} -d ${databaseOf(account)} 2>&1 <<'EOF'\n${statement}\nEOF`)).trim();
/** A session that goes on beside the test. */
const behind = (account: number, file: string, statements: string) =>
  inside(on.host, account, `${sql} -d ${databaseOf(account)} >${file} 2>&1 <<'EOF' &\n${statements}\nEOF`);
const databaseOf = (account: number) => (account === bob ? "a2_blog" : "a1_shop");
const patient = { timeout: 60_000, interval: 200 };

const said = (account: number) => on.shell(`cat /srv/accounts/${account}/admin/logs/databases.log || true`);
const quiet = () => on.shell("rm -f /srv/accounts/*/admin/logs/databases.log");
const asleep = (account: number) =>
  asAdministrator(
    `SELECT count(*) FROM pg_stat_activity WHERE usename = 'a${account}' AND wait_event = 'PgSleep'`,
  ).then(Number);

/** Lets the watch go on with other numbers in its script: hours, and megabytes that take long to fill. */
async function watchWith(...changes: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const script = `${currentGeneration}/databases/postgresql/watch`;
  let text = original;
  for (const [from, to] of changes) {
    if (!text.includes(from)) throw new Error(`the watch has no ${from}`);
    text = text.replace(from, to);
  }
  await on.host.writeFile(script, text, 0o755);
  await on.shell("systemctl restart fairhost-postgresql-watch");
}
let original: string;

/** Returns once the watch has looked at what is now: it forgets what it counted two hours ago, at its next look and at the one after. */
async function looked(): Promise<void> {
  for (let times = 0; times < 2; times++) {
    await asAdministrator("INSERT INTO fairhost.strikes VALUES ('a1', now() - interval '2 hours')");
    const old = "SELECT count(*) FROM fairhost.strikes WHERE at < now() - interval '1 hour'";
    await expect.poll(() => asAdministrator(old), patient).toBe("0");
  }
}

const size = async () => Number(await on.shell(`du -sb ${data}/global | cut -f1`));
const names = "SELECT string_agg('m' || md5(random()::text), ', ') FROM generate_series(1, 2500)";
const change = `DO $$ BEGIN FOR i IN 1..3 LOOP EXECUTE 'ALTER ROLE a1 SET search_path = ' || (${names}); COMMIT; END LOOP; END $$;`;
/** Makes the catalogs of all grow by about 3 MB, less than the 4 that are judged. Old rows must be kept. */
async function grow(): Promise<void> {
  for (const begun = await size(); (await size()) < begun + 2_700_000; ) await ask(alice, change);
}
/** Keeps all old rows, so that nothing is used again. */
async function keepOldRows(): Promise<void> {
  await behind(bob, "reads", "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1; SELECT pg_sleep(900);");
  await expect.poll(() => asleep(bob), patient).toBe(1);
}
beforeAll(async () => {
  on = await databaseHost("postgresql", [shop]);
  original = await on.shell(`cat ${currentGeneration}/databases/postgresql/watch`);
  await asAdministrator("CREATE TABLE hours (passed int); INSERT INTO hours VALUES (0)");
});
afterAll(async () => on?.[Symbol.asyncDispose]());
/** One test leaves nothing to the next, also if it fails. */
afterEach(async () => {
  await on.shell("pkill -CONT -u postgres; true");
  await asAdministrator("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename IN ('a1', 'a2')");
  await asAdministrator("DELETE FROM fairhost.strikes; ALTER ROLE a1 LOGIN");
  await expect.poll(async () => (await asleep(alice)) + (await asleep(bob)), patient).toBe(0);
});

/** Hours pass when the test says so, and every megabyte counts. */
const clock = [
  "extract(epoch FROM now())::bigint",
  "(extract(epoch FROM now()) + 3600 * (SELECT passed FROM hours))::bigint",
] as const;
const fromTheFirst = ["greatest(64 << 20,", "greatest(0,"] as const;

test("12 MB within hours are nobody's fault, within an hour they are: who wrote most is ended, not who keeps old rows", async () => {
  await watchWith(clock, fromTheFirst);
  await keepOldRows();
  await behind(alice, "waits", "SELECT pg_sleep(900);");
  await expect.poll(() => asleep(alice), patient).toBe(1);
  for (let hour = 1; hour <= 4; hour++) {
    await looked();
    await grow();
    await looked();
    await asAdministrator(`UPDATE hours SET passed = passed + 2`);
  }
  expect(await asleep(alice)).toBe(1);
  expect(await said(alice)).toBe("");
  await looked();
  for (let round = 0; round < 8 && (await said(alice)) === ""; round++) {
    await grow().catch(String);
    await looked();
  }
  expect(await said(alice)).toContain("they made the catalogs of all databases grow");
  await expect.poll(() => asleep(alice), patient).toBe(0);
  expect([await asleep(bob), await said(bob)]).toEqual([1, ""]);
}, 240_000);

test("what was counted more than an hour ago counts no more", async () => {
  await asAdministrator(
    "INSERT INTO fairhost.strikes SELECT 'a1', now() - interval '61 minutes' FROM generate_series(1, 30)",
  );
  await looked();
  expect(await ask(alice, "SELECT 1;")).toBe("1");
});

test("in the end who keeps old rows is ended too: beyond 512 MB, after a day; not who only has a transaction open", async () => {
  await quiet();
  await watchWith(["greatest(512 << 20,", "greatest(1 << 20,"], ["interval '1 day'", "interval '5 seconds'"]);
  await keepOldRows();
  await behind(bob, "open", "BEGIN; SELECT 1;\n\\! sleep 900");
  const old =
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'a2' AND xact_start < clock_timestamp() - interval '6 seconds'";
  await expect.poll(() => asAdministrator(old), patient).toBe("2");
  // As long as nothing grows, nobody is in the way.
  await looked();
  expect(await said(bob)).toBe("");
  for (let round = 0; round < 40 && (await said(bob)) === ""; round++) await ask(alice, change);
  await looked();
  expect((await said(bob)).match(/kept old rows of the catalogs of all databases/g)).toHaveLength(1);
  await expect.poll(() => asAdministrator(old), patient).toBe("1");
}, 120_000);

test("more than 30 sessions that are slow to go keep no account from being shut out", async () => {
  await quiet();
  await watchWith();
  const count = 35;
  for (let index = 0; index < count; index++) await behind(alice, `slow${index}`, "SELECT pg_sleep(900);");
  await expect.poll(() => asleep(alice), patient).toBe(count);
  const pids = await asAdministrator("SELECT string_agg(pid::text, ' ') FROM pg_stat_activity WHERE usename = 'a1'");
  await on.shell(`kill -STOP ${pids}`);
  await asAdministrator("INSERT INTO fairhost.strikes SELECT 'a1' FROM generate_series(1, 10)");
  const mayLogIn = "SELECT rolcanlogin FROM pg_authid WHERE rolname = 'a1'";
  await expect.poll(() => asAdministrator(mayLogIn), { ...patient, timeout: 90_000 }).toBe("f");
  await expect.poll(() => said(alice), patient).toContain("cannot log in until the next deploy");
  expect(await ask(bob, "SELECT 1;")).toBe("1");
  await on.shell(`kill -CONT ${pids}`);
  await expect.poll(() => asleep(alice), patient).toBe(0);
}, 240_000);

test("who wrote most is known although numbers of transactions began anew meanwhile", async () => {
  await quiet();
  // Not more than half of all numbers at a time, with nothing left of before.
  const everywhere = `${asServer} ${programs}/vacuumdb --quiet --all --freeze --host=/run/fairhost-postgresql`;
  await asAdministrator("UPDATE pg_database SET datallowconn = true WHERE datname = 'template0'");
  for (const next of [1907 * 2 ** 20, 3814 * 2 ** 20, 2 ** 32 - 2 ** 15]) {
    await on.shell(`systemctl stop fairhost-postgresql-watch fairhost-postgresql
      (${asServer} ${programs}/pg_resetwal --next-transaction-id=${next} ${data} >/dev/null)
      systemctl start fairhost-postgresql && (${everywhere})`);
  }
  await asAdministrator("UPDATE pg_database SET datallowconn = false WHERE datname = 'template0'");
  const next = async () =>
    Number(await asAdministrator("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint % (1::bigint << 32)"));
  /** Uses numbers up until so many are left. */
  const until = async (left: number) =>
    asAdministrator(`SET synchronous_commit = off;
DO $$ BEGIN FOR i IN 1..${2 ** 32 - left - (await next())} LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;`);
  await until(60);
  await watchWith(fromTheFirst);
  await looked();
  await keepOldRows();
  // What is written with the last ones is less than what an account is ended for.
  await until(5);
  for (let round = 0; round < 8 && (await said(alice)) === ""; round++) {
    await grow().catch(String);
    await looked();
  }
  expect(await next()).toBeLessThan(100_000);
  expect(await said(alice)).toContain("they made the catalogs of all databases grow");
  expect([await asleep(bob), await said(bob)]).toEqual([1, ""]);
}, 240_000);
