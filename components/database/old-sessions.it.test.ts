import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost } from "../../testing/fakes/applied-host.ts";
import { keygen } from "../../testing/fakes/ssh/sshd.ts";
import { declarationOf, service } from "../../testing/fixtures/bundle-fixture.ts";

/**
 * Who was there before, a login over SSH or a program, reaches its databases also after the servers were restarted, killed or changed; a deploy that
 * brings other sockets ends both. Both do what a file in their directory says, in shells of their own.
 */
const directory = mkdtempSync(join(tmpdir(), "fairhost-old-sessions-"));
const key = keygen(directory, "ada");
const ada = { name: "ada", directory: ".", protocols: ["ssh"], keys: [key.publicKey.trim()] } as const;
const obey = `while :; do
  if test -e DIRECTORY/ask; then sh DIRECTORY/ask >DIRECTORY/answer 2>&1; mv DIRECTORY/ask DIRECTORY/answered; fi
  sleep 0.1
done`;
const login = {
  users: [ada],
  databases: engineNames.map((engine) => ({ engine, name: "shop", connections: 3, tcp: true as const })),
};
const bundle = (connections = 3): Bundle =>
  renderBundle(
    declarationOf([
      {
        number: 1,
        name: "alice",
        ...login,
        services: [service("old", ["/bin/sh", "-c", obey.replaceAll("DIRECTORY", "service")])],
      },
      // Nothing of it runs but the login.
      { number: 2, name: "bob", ...login },
      // Who makes the servers larger.
      { number: 3, name: "carol", databases: engineNames.map((engine) => ({ engine, name: "blog", connections })) },
    ]),
    "web1",
  );
/** As a release whose sockets of all accounts are others, and so the digest of them that all programs have. */
function withOtherSockets({ groups }: Bundle): Bundle {
  const changed = Object.entries(groups).map(([name, group]) => {
    const files = group!.files.map((file) => {
      const { path, content = "" } = file;
      if (/^systemd\/fairhost-database-.*\.socket\.d\//.test(path))
        return { ...file, content: `${content}Backlog=100\n` };
      return path.endsWith("60-mounts.conf")
        ? { ...file, content: content.replace("X-Sockets=", "X-Sockets=0") }
        : file;
    });
    return [name, sealGroup({ ...group!, files } as Parameters<typeof sealGroup>[0])];
  });
  return sealBundle("web1", Object.fromEntries(changed));
}
const password = "$(cat $CREDENTIALS_DIRECTORY/database-password)";
const clients = (account: number) => ({
  "PostgreSQL over its socket": `psql -XAtq a${account}_shop -c "SELECT 6 + 1"`,
  "PostgreSQL over TCP": `PGPASSWORD="${password}" psql -XAtq "host=localhost dbname=a${account}_shop user=a${account}" -c "SELECT 6 + 1"`,
  "MariaDB over its socket": `mariadb -BN a${account}_shop -e "SELECT 6 + 1"`,
  "MariaDB over TCP": `MYSQL_PWD="${password}" mariadb --protocol=tcp --disable-ssl -BN -h localhost -u a${account} a${account}_shop -e "SELECT 6 + 1"`,
});
/** Who was there, by what it is: its account, and its directory in the home. */
const those = {
  "a login": [1, "login"],
  "a program": [1, "service"],
  "a login beside which nothing runs": [2, "login"],
} as const;
const settings = "-F none -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 -p 8022";

let on: AppliedHost;
const homeOf = (account: number) => `/srv/accounts/${account}/home`;
/** What one of them gets. */
async function ask(account: number, directory: string, script: string): Promise<string> {
  const place = `${homeOf(account)}/${directory}`;
  await on.host.writeFile(`${place}/ask.new`, `${script}\n`, 0o644);
  await on.shell(`cd ${place} && rm -f answered && mv ask.new ask`);
  await on.until(`test -e ${place}/answered`);
  return on.shell(`cat ${place}/answer`);
}
/** From each of them, each way. */
async function all(): Promise<Readonly<Record<string, string>>> {
  const answers: Record<string, string> = {};
  for (const [who, [account, place]] of Object.entries(those))
    for (const [way, script] of Object.entries(clients(account)))
      answers[`${who}: ${way}`] = await ask(account, place, script);
  return answers;
}
const good = Object.fromEntries(
  Object.keys(those).flatMap((who) => Object.keys(clients(1)).map((way) => [`${who}: ${way}`, "7"])),
);
const logIn = async () => {
  for (const account of [1, 2])
    await on.shell(
      `systemctl reset-failed 'session-*'; systemd-run --quiet --unit=session-${account} ssh ${settings} -o BatchMode=yes -i /root/ada ada@fd00:8000:0:${account}::1 'exec sh obey'`,
    );
};
const ids = () => on.shell("pgrep -u a1,a2 -f '[i]f test -e' | sort | xargs");
const apply = async (given: Bundle) => {
  const { report, stderr } = await on.apply(given);
  expect(report, stderr).toMatchObject({ errors: [] });
};

beforeAll(async () => {
  on = await appliedHost("old-sessions");
  await apply(bundle());
  await on.host.writeFile("/root/ada", key.privateKey, 0o600);
  for (const account of [1, 2]) {
    const home = homeOf(account);
    await on.shell(`install -d -o a${account} -g a${account} ${home}/login ${home}/service`);
    await on.host.writeFile(`${home}/obey`, obey.replaceAll("DIRECTORY", "login"));
  }
  await logIn();
}, 300_000);
afterAll(async () => {
  rmSync(directory, { recursive: true, force: true });
  await on?.[Symbol.asyncDispose]();
});

test("a login and a program reach their databases", async () => {
  expect(await all()).toEqual(good);
});

describe("who was there before reaches its databases", () => {
  const servers = engineNames.map((name) => `fairhost-${name}`).join(" ");
  test.each([
    ["the servers were restarted", `systemctl restart ${servers}`],
    ["they were stopped and started", `systemctl stop ${servers}; systemctl start ${servers}`],
    ["they were killed", `systemctl kill --signal=KILL ${servers}`],
    ["their relays were stopped", "systemctl stop 'fairhost-database-*.service'"],
  ])("after %s", async (_, command) => {
    const before = await ids();
    await on.shell(command);
    await expect.poll(all, { timeout: 60_000, interval: 1000 }).toEqual(good);
    expect(await ids()).toBe(before);
  });

  test("after a deploy that restarts the servers with other settings", async () => {
    const started = () => on.shell(`systemctl show -P ActiveEnterTimestampMonotonic ${servers} | xargs`);
    const [before, since] = [await ids(), await started()];
    await apply(bundle(60));
    expect(await started()).not.toBe(since);
    expect(await all()).toEqual(good);
    expect(await ids()).toBe(before);
  });
});

test("a deploy that brings other sockets ends logins and starts programs anew, and both reach their databases", async () => {
  // Relays run, and systemd starts no socket whose service does.
  expect(await all()).toEqual(good);
  await apply(withOtherSockets(bundle(60)));
  const sessions = () => on.states("session-1.service", "session-2.service");
  await expect.poll(sessions, { timeout: 60_000 }).not.toContain("active");
  await logIn();
  expect(await all()).toEqual(good);
  // Not only relays that have not ended yet.
  const sockets = [1, 2].flatMap((account) =>
    engineNames.flatMap((name) => ["", "local-"].map((way) => `fairhost-database-${way}${name}-${account}.socket`)),
  );
  expect(new Set(await on.states(...sockets))).toEqual(new Set(["active"]));
});
