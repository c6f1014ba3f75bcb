import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { AppliedHost } from "../../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";
import { service } from "../../testing/fixtures/bundle-fixture.ts";
import type { Declaration } from "../registry/kinds.generated.ts";

/**
 * A host is lost and the state of its stack too, so no deploy has its master secret or knows of a move: three accounts come back by the commands of
 * docs/how-to/operate/backups.md alone, with the escrowed secret.
 */
let on: BackupHosts;
let spare: AppliedHost;

const worker = service("worker", ["/bin/sh", "-c", "echo >>ran; exec sleep infinity"]);
const databases = (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 3 }));
const alice = { number: 1, name: "alice", servers: [shellServer()], services: [worker], databases };
const bob = { number: 2, name: "bob", servers: [shellServer()], services: [worker] };
const carol = { number: 3, name: "carol", servers: [shellServer()], services: [worker], databases: [databases[0]!] };
const accounts = [alice, bob, carol];
/** What was put aside of web1, as in the file that `age` opens. */
const escrowed = `${Buffer.alloc(32, 7).toString("base64")}\n`;
/** The new state has another master secret for each host. */
const masterSecret = Buffer.alloc(32, 9).toString("base64");

const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d";
const running = (number: number) => spare.shell(`ps -o args= -u 190000000${number} || true`);
/** All files of an account with their modes, owners, times and texts, but for what its service writes. */
const tree = (number: number) =>
  `cd /srv/accounts/${number}/home && find . -path ./admin -prune -o ! -name ran ! -path . -printf '%P %y %m %U %G %l %T@\\n' | sort && find . -path ./admin -prune -o -type f ! -name ran -print0 | sort -z | xargs -0 sha256sum`;
const rows: Readonly<Record<number, string>> = {
  1: `${psql} a1_shop -c 'SELECT count(*), sum(a) FROM t'; mariadb -BN a1_shop -e 'SELECT COUNT(*), SUM(a) FROM t'`,
  3: `${psql} a3_shop -c 'SELECT count(*), sum(a) FROM t'`,
};
const before = new Map<number, string>();
/** The spare has a master secret of its own. */
async function deploy(host: AppliedHost, name: string, declaration: Declaration): Promise<void> {
  const { report, stderr } = await host.apply(renderBundle(declaration, name), host === spare ? { masterSecret } : {});
  expect(report, stderr).toMatchObject({ result: "applied", errors: [] });
}

beforeAll(async () => {
  on = await backupHosts("lost-state", "spare");
  spare = on.spare!;
  const declaration = on.declaration(accounts);
  await on.deploy(declaration);
  await deploy(spare, "spare1", declaration);
  for (const { number } of accounts) {
    await placeShell(on.web.host, number);
    await on.web.shell(`chown 190000000${number}:190000000${number} /srv/accounts/${number}/home/shell.py`);
    await inside(
      on.web.host,
      number,
      `mkdir -p sub/deep; head -c 100000 /dev/urandom >sub/deep/noise; echo of-${number} >sub/page; chmod 600 sub/page; ln -s sub link; touch -d 2020-02-02 sub/page`,
    );
  }
  await inside(
    on.web.host,
    1,
    `set -e; ${psql} a1_shop -c 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'
    mariadb a1_shop -e 'CREATE TABLE t AS SELECT seq AS a FROM seq_1_to_1000'`,
  );
  await inside(on.web.host, 3, `${psql} a3_shop -c 'CREATE TABLE t AS SELECT generate_series(1, 333) AS a'`);
  await on.web.shell("fairhost-host backup");
  for (const { number } of accounts) before.set(number, await on.web.shell(tree(number)));
  await on.web.shell("systemctl stop fairhost-fence-again.timer && ip link set eth0 down");
}, 600_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

test("before the deploy its new host is told to expect the accounts: nothing of them begins there, and no other secret opens their backups", async () => {
  for (const { number } of accounts) await spare.shell(`fairhost-host move ${number} expect-backup`);
  const declaration = on.declaration(accounts, "web1 lost");
  await deploy(on.backup, "bak1", declaration);
  await deploy(spare, "spare1", declaration);
  for (const { number } of accounts) {
    expect(await running(number)).toBe("");
    const wrong = await spare.host.run(`fairhost-host move ${number} restore-backup web1 1`, { stdin: masterSecret });
    expect([wrong.exitCode, wrong.stderr]).toEqual([5, expect.stringMatching(/wrong password|no key found/)]);
    expect(await spare.host.run(`fairhost-host move ${number} land`)).toMatchObject({ exitCode: 5 });
  }
  expect(await spare.shell("ls /var/lib/fairhost/secrets && cat /var/lib/fairhost/secrets/master-1")).toContain(
    masterSecret,
  );
});

test("with the escrowed secret each account comes back, files, modes, times and databases, and runs", async () => {
  for (const { number } of accounts) {
    const restored = await spare.host.run(`fairhost-host move ${number} restore-backup web1 1`, {
      ...{ stdin: escrowed, timeout: 300_000 },
    });
    expect(restored).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^the backup of 20\S+Z by web1\n$/) });
    expect(await running(number)).toBe("");
    expect(await spare.shell(tree(number))).toBe(before.get(number));
    expect(await spare.shell(`fairhost-host move ${number} land`)).toBe("in service");
    await expect.poll(() => running(number)).toContain("sleep infinity");
  }
  expect(await inside(spare.host, 1, rows[1]!)).toBe("1000|500500\n1000\t500500\n");
  expect(await inside(spare.host, 3, rows[3]!)).toBe("333|55611\n");
  // The escrowed secret is in no file there.
  expect(
    await spare.host.run(`grep -r -l -F -e '${escrowed.trim()}' /var/lib /run/fairhost /srv/accounts /tmp /etc`),
  ).toMatchObject({ stdout: "" });
});

test("from then on the new host makes their backups, with its own secret", async () => {
  await spare.shell("fairhost-host backup");
  for (const { number } of accounts)
    expect(await spare.shell(`fairhost-host backups ${number}`)).toContain("spare1.1.");
});
