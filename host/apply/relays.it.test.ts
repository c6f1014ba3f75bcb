import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hashPassword } from "../../cli/password.ts";
import { certificates } from "../../delivery/protocol/certificates.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { keygen } from "../../testing/fakes/ssh/sshd.ts";
import { declarationOf, type FixtureAccount, service } from "../../testing/fixtures/bundle-fixture.ts";

/**
 * An account that is removed, suspended or moved while all kinds of relays work for it (logins by SSH and FTPS, databases over sockets and TCP, requests at
 * the front end): none goes on, none leads to it, and when it is back all work again.
 */
const directory = mkdtempSync(join(tmpdir(), "fairhost-relays-"));
const key = keygen(directory, "ada");
const password = "correct horse battery";
const passwordHash = await hashPassword(password);
const given = "$(cat $CREDENTIALS_DIRECTORY/database-password)";
/** Holds a session of each server over its socket and over TCP, for as long as it runs. */
const hold = `again() { while :; do "$@"; sleep 0.5; done; }
export PGPASSWORD="${given}" MYSQL_PWD="${given}"
again psql -XAtq a1_shop -c "SELECT pg_sleep(1000)" &
again psql -XAtq "host=localhost dbname=a1_shop user=a1" -c "SELECT pg_sleep(1000)" &
again mariadb a1_shop -e "SELECT SLEEP(1000)" &
again mariadb --protocol=tcp --disable-ssl -h localhost -u a1 a1_shop -e "SELECT SLEEP(1000)" &
wait`;
const user = { directory: ".", keys: [] };
const alice: FixtureAccount = {
  ...{ number: 1, name: "alice", servers: [{ ...shellServer(), cache: true }] },
  users: [
    { ...user, name: "ada", protocols: ["ssh"], keys: [key.publicKey.trim()] },
    { ...user, name: "pat", protocols: ["ssh", "webdav"], passwordHash },
    { ...user, name: "box", protocols: ["ftps"], passwordHash },
  ],
  databases: engineNames.map((engine) => ({ engine, name: "shop", connections: 3, tcp: true as const })),
  services: [service("holds", ["/bin/sh", "-c", hold])],
};
const bob: FixtureAccount = { number: 2, name: "bob", servers: [shellServer()], databases: alice.databases! };
const bundle = (...accounts: FixtureAccount[]) => renderBundle(declarationOf(accounts), "web1");
const all = bundle(alice, bob);
const suspended = bundle({ ...alice, suspended: { since: "2026-11-27", reason: "unpaid" } }, bob);
const address = "fd00:8000:0:1::1";
const ftps = `import ftplib, ssl
it = ftplib.FTP_TLS(context=ssl._create_unverified_context())
it.connect("${address}", 21)
it.login("box", "${password}")
it.prot_p()
print("in", it.nlst(), flush=True)
it.sock.settimeout(1000)
it.sock.recv(1)
`;
/** Whoever is let in, and stays. */
const visits = {
  ssh: `ssh -F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o BatchMode=yes -o ConnectTimeout=10 -p 8022 -i /root/ada ada@${address} 'echo in; exec sleep 1000'`,
  ftps: "python3 /root/ftps.py",
  http: `curl -sSgN --data-binary 'sleep 1000' http://[${address}]/`,
} as const;
const names = Object.keys(visits) as (keyof typeof visits)[];
const soon = { timeout: 60_000, interval: 500 };

let on: AppliedHost;
/** What there is of the account, or leads to it. Slices are empty. */
const left = async () => {
  const [units, processes, listening, connected, postgresql, mariadb] = await Promise.all([
    on.shell(
      "systemctl list-units --plain --no-legend --state=active,activating,deactivating,reloading | awk '{ print $1 }' | grep -v '[.]slice$' | grep -E '^account-1[-.@]|^fairhost-.*-1[@.]|@1[.]service$' || true",
    ),
    on.shell("ps -o args= -u 1900000001 || true"),
    on.shell(`ss -Hlxtn | grep -E '/account-1-|/1[ /]|\\[${address}\\]' || true`),
    on.shell(`ss -Hxtn state established | grep -E '/account-1-|/1[ /]|\\[fd00:8000:0:1:' || true`),
    on.shell(
      `runuser -u postgres -- psql -XAtq -h /run/fairhost-postgresql -d postgres -c "SELECT usename, query FROM pg_stat_activity WHERE usename = 'a1'"`,
    ),
    on.shell(
      `mariadb -BN -S /run/fairhost-mariadb/mysqld.sock -e "SELECT user, info FROM information_schema.processlist WHERE user = 'a1'"`,
    ),
  ]);
  return { units, processes, listening, connected, postgresql, mariadb };
};
const nothing = { units: "", processes: "", listening: "", connected: "", postgresql: "", mariadb: "" };
const sessions = async () => {
  const { postgresql, mariadb } = await left();
  return { postgresql: postgresql.match(/SELECT pg_sleep/g)?.length, mariadb: mariadb.match(/SELECT SLEEP/g)?.length };
};
const held = { postgresql: 2, mariadb: 2 };
const apply = async (given: typeof all) => {
  const { report, stderr } = await on.apply(given);
  expect(report, stderr).toMatchObject({ errors: [] });
};
/** Whether a visit is let in. It ends at once. */
const gets = async (name: keyof typeof visits) => {
  const script = name === "http" ? `curl -sSg --data-binary 'echo in' http://[${address}]/` : `sh /root/${name}`;
  return (await on.host.run(`timeout 20 ${script} </dev/null 2>&1 | head -n 1`)).stdout;
};

beforeAll(async () => {
  on = await appliedHost("relays");
  await on.shell(`mkdir -p ${certificates} && cd ${certificates} &&
    openssl req -x509 -days 2 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=nobody -keyout key -out cert 2>/dev/null && cat key cert >default.pem`);
  await on.host.writeFile("/root/ada", key.privateKey, 0o600);
  await on.host.writeFile("/root/ftps.py", ftps);
  for (const name of names) await on.host.writeFile(`/root/${name}`, visits[name]);
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await on?.[Symbol.asyncDispose]();
});

const changes: Readonly<Record<string, readonly [go: string | typeof all, back: string | typeof all]>> = {
  removed: [bundle(bob), all],
  suspended: [suspended, all],
  "stopped for a move that is given up": ["fairhost-host move 1 stop", "fairhost-host move 1 cancel"],
};
const does = (what: string | typeof all) => (typeof what === "string" ? on.shell(what) : apply(what));

beforeEach(async () => {
  await apply(all);
  await placeShell(on.host, 1);
  for (const name of names)
    await on.shell(
      `rm -f /run/${name}; systemctl stop visit-${name}; systemctl reset-failed visit-${name} 2>/dev/null; systemd-run --quiet --unit=visit-${name} -p StandardOutput=truncate:/run/${name} sh /root/${name}`,
    );
  await on.until("grep -q in /run/ssh && grep -q in /run/ftps && pgrep -u 1900000001 -f '[s]leep 1000'", 90);
}, 150_000);

describe.each(Object.entries(changes))("of an account that is %s", (_, [go, back]) => {
  test("no relay is left, none leads there, and when it is back, all work", async () => {
    await expect.poll(sessions, soon).toEqual(held);
    await does(go);
    await expect.poll(left, soon).toEqual(nothing);
    await expect
      .poll(() => on.shell("systemctl list-units --plain --no-legend --state=active 'visit-*'"), soon)
      .toBe("");
    for (const name of names) expect(await gets(name), name).not.toMatch(/^in|"in/);
    await does(back);
    for (const name of names) await expect.poll(() => gets(name), soon).toMatch(/^in|in\\n/);
    await expect.poll(sessions, soon).toEqual(held);
  }, 300_000);
});

test("of an account that has left for another host none is left, nor after a deploy and a restart of what relays lead to", async () => {
  await on.shell("fairhost-host move 1 keep");
  await apply(bundle(bob));
  // Still in force here, as it was.
  expect(await on.shell("systemctl list-units --plain --no-legend --state=active 'visit-*' | wc -l")).toBe("3");
  await on.shell("fairhost-host move 1 stop");
  await expect.poll(left, soon).toEqual(nothing);
  await on.shell("fairhost-host move 1 leave");
  await apply(bundle(bob));
  await on.shell("systemctl daemon-reload; systemctl restart nginx fairhost-postgresql fairhost-mariadb");
  for (const name of names) expect(await gets(name), name).not.toMatch(/^in|"in/);
  await expect.poll(left, soon).toEqual(nothing);
}, 300_000);
