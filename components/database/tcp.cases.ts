import { beforeAll, describe, expect, test } from "vitest";
import type { ApplyReport, Bundle } from "../../delivery/protocol/bundle.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { type AppliedHost, delivery } from "../../testing/fakes/applied-host.ts";
import { alice, bob, carol, databaseDrift } from "../../testing/fakes/database-host.ts";
import { inside } from "../../testing/fakes/inside-sandbox.ts";

const clients = {
  postgresql: {
    port: 5432,
    ask: (password: string, options = "dbname=a1_shop user=a1", host = "127.0.0.1") =>
      `PGPASSWORD="${password}" psql -XAtq "host=${host} ${options}" -c "SELECT 'in', 6 + 1" 2>&1`,
    of: (user: string) => `dbname=a1_shop user=${user}`,
    answer: "in|7",
    refused: (user: string) => `password authentication failed for user "${user}"`,
    stranger: /pg_hba.conf rejects connection .* user "a2"/,
    administrator: ["postgres", /pg_hba.conf rejects connection/],
    own: `psql -XAtq a1_shop -c "ALTER ROLE a1 PASSWORD 'easy'"`,
    quiet: {
      of: "dbname=a3_quiet user=a3",
      own: [`psql -XAtq a3_quiet -c "ALTER ROLE a3 PASSWORD 'easy'"`],
      refused: /pg_hba.conf rejects connection .* user "a3"/,
      more: [
        [carol, `psql -XAtq a3_quiet -c "GRANT fairhost_tcp TO a3" 2>&1`],
        [alice, `psql -XAtq a1_shop -c "GRANT fairhost_tcp TO a3" 2>&1`],
        [alice, `psql -XAtq a1_shop -c "GRANT a1 TO a3" 2>&1`],
        [alice, `psql -XAtq a1_shop -c "SET ROLE fairhost_tcp" 2>&1`],
      ],
    },
  },
  mariadb: {
    port: 3306,
    ask: (password: string, options = "-u a1 a1_shop", host = "127.0.0.1") =>
      `printf '[client]\npassword=%s\n' "${password}" >/tmp/my.cnf; mariadb --defaults-file=/tmp/my.cnf --protocol=tcp -BN -h ${host} ${options} -e "SELECT 'in', 6 + 1" 2>&1`,
    of: (user: string) => `-u ${user} a1_shop`,
    answer: "in\t7",
    refused: (user: string) => `Access denied for user '${user}'@'localhost'`,
    stranger: "Access denied for user 'a2'@'localhost'",
    administrator: ["root", /Access denied for user 'root'@'localhost'/],
    own: `mariadb a1_shop -e "SET PASSWORD = PASSWORD('easy')"`,
    quiet: {
      of: "-u a3 a3_quiet",
      own: [],
      refused: /Access denied for user 'a3'@'localhost'/,
      more: [
        [carol, `mariadb a3_quiet -e "SET PASSWORD = PASSWORD('easy')" 2>&1`],
        [carol, `mariadb a3_quiet -e "ALTER USER CURRENT_USER() IDENTIFIED BY 'easy'" 2>&1`],
        [carol, `mariadb a3_quiet -e "GRANT USAGE ON *.* TO a3@localhost IDENTIFIED BY 'easy'" 2>&1`],
        [alice, `mariadb a1_shop -e "SET PASSWORD FOR a3@localhost = PASSWORD('easy')" 2>&1`],
      ],
    },
  },
} as const;

const secret = "$(cat $CREDENTIALS_DIRECTORY/database-password)";

/**
 * Databases over TCP. The last test raises the epoch of the host's secrets: no delivery of an earlier one is taken afterwards.
 * @param on with Alice's databases `shop` on both servers, and Bob's `blog` on MariaDB
 * @param bundle in which Alice's are reached over TCP; Carol's `quiet` on both servers are not
 */
export function overTcp(on: () => AppliedHost, bundle: () => Bundle): void {
  const run = async (account: number, script: string) => (await inside(on().host, account, script)).trim();

  describe.each(engineNames)("%s over TCP", (engine) => {
    const { ask, of, answer, refused, stranger, administrator, own, port, quiet } = clients[engine];

    beforeAll(async () => {
      const { report, stderr } = await on().apply(bundle());
      expect(["applied", "unchanged"], stderr).toContain(report.result);
      expect(report.errors).toEqual([]);
    });

    test.each(["127.0.0.1", "::1", "localhost"])("answers the account's programs at %s", async (address) => {
      expect(await run(alice, ask(secret, undefined, address))).toBe(answer);
    });

    test("refuses a wrong password, none, and who it does not know", async () => {
      await expect(run(alice, ask("wrong"))).rejects.toThrow(refused("a1"));
      await expect(run(alice, ask(""))).rejects.toThrow(/no password supplied|Access denied/);
      await expect(run(alice, ask(secret, of("a2")))).rejects.toThrow(stranger);
      await expect(run(alice, ask(secret, of(administrator[0])))).rejects.toThrow(administrator[1]);
    });

    test("is not there for a neighbour, who has no password either", async () => {
      const password = await run(alice, `printf %s "${secret}"`);
      expect(password).toMatch(/^[\w-]{43}$/);
      await expect(run(bob, ask(password))).rejects.toThrow(/Connection refused|Can't connect/);
      await expect(run(bob, `ls $CREDENTIALS_DIRECTORY/database-password`)).rejects.toThrow("No such file");
      expect(await on().shell(`ss -Hltn | grep -c ':${port} ' || true`)).toBe("0");
      expect(await on().shell(`journalctl -q --no-pager | grep -cF -e '${password}' || true`)).toBe("0");
    });

    test("a password that a program has set is found, and goes with the next deploy", async () => {
      await run(alice, own);
      expect((await databaseDrift(on())).map((message) => message.split(" ")[0])).toEqual(["a1"]);
      await on().apply(bundle());
      expect(await databaseDrift(on())).toEqual([]);
      await expect(run(alice, ask("easy"))).rejects.toThrow(refused("a1"));
      expect(await run(alice, ask(secret))).toBe(answer);
    });

    test("lets nobody in who declares no `tcp`, whatever password that one sets", async () => {
      for (const script of quiet.own) await run(carol, script);
      await expect(run(alice, ask("easy", quiet.of))).rejects.toThrow(quiet.refused);
      for (const [account, script] of quiet.more) {
        await expect(run(account, script), script).rejects.toThrow(/permission denied|ERROR 1\d\d\d/);
      }
      await on().apply(bundle());
      expect(await databaseDrift(on())).toEqual([]);
    });

    test("has no more connections than it may have; connections that never say who they are take nobody's room", async () => {
      const hold = `python3 - <<'END'
import socket, time
held = [socket.create_connection(("127.0.0.1", ${port})) for _ in range(60)]
time.sleep(2)
def gone(s):
    s.setblocking(False)
    try:
        while s.recv(4096): pass
        return True
    except BlockingIOError: return False
    except OSError: return True
print(sum(not gone(s) for s in held))
END`;
      expect(Number(await run(alice, hold))).toBeLessThanOrEqual(4);
      await on().until(`systemctl is-active fairhost-${engine}`);
    });

    test("costs no process once nobody is connected, and comes back after the server was started anew", async () => {
      expect(await run(alice, ask(secret))).toBe(answer);
      await on().until(`! systemctl -q is-active fairhost-database-${engine}-1.service`, 120);
      expect(await run(alice, ask(secret))).toBe(answer);
      await on().shell(`systemctl kill --signal=KILL fairhost-${engine}`);
      await expect.poll(() => run(alice, ask(secret)).catch(String), { timeout: 90_000, interval: 500 }).toBe(answer);
    }, 240_000);
  });

  test("a PHP program reaches both servers by host, port and password", async () => {
    const program = `$password = file_get_contents(getenv('CREDENTIALS_DIRECTORY') . '/database-password');
    foreach (['mysql:dbname=a1_shop', 'mysql:host=127.0.0.1;port=3306;dbname=a1_shop', 'pgsql:host=localhost;port=5432;dbname=a1_shop'] as $name)
      echo (new PDO($name, 'a1', $password))->query('SELECT 6 + 1')->fetchColumn(), ' ';`;
    expect(await run(alice, `php -r "$(cat <<'EOF'\n${program}\nEOF\n)" 2>&1`)).toBe("7 7 7");
  });

  test("a new epoch of the host's secrets reaches the servers first, then programs; where a server has not got it, with the next apply", async () => {
    const old = await run(alice, `printf %s "${secret}"`);
    const next = JSON.stringify({ ...(JSON.parse(delivery(bundle())) as object), secretEpoch: 2 });
    const apply = async () => {
      const { stdout, stderr } = await on().host.run(["fairhost-host", "apply"], { stdin: next, timeout: 240_000 });
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout) as ApplyReport;
    };
    await on().shell("cd /srv/accounts/1 && mv mariadb moved && touch mariadb");
    const first = await apply();
    await on().shell("cd /srv/accounts/1 && rm mariadb && mv moved mariadb");
    expect(first).toMatchObject({ result: "partial", errors: [{ group: "account-1" }] });
    // Its program goes on with what MariaDB still knows.
    expect(await run(alice, `printf %s "${secret}"`)).toBe(old);
    expect(await run(alice, clients.mariadb.ask(secret))).toBe(clients.mariadb.answer);

    const second = await apply();
    expect(second).toMatchObject({ result: "applied", errors: [] });
    expect(second.hooks[0]).toBe("mariadb: set up databases of account-1");
    expect(second.hooks.slice(1).join()).toContain("account-1-http-shell.service");
    for (const engine of engineNames) {
      const { ask, answer, refused } = clients[engine];
      expect(await run(alice, ask(secret))).toBe(answer);
      await expect(run(alice, ask(old))).rejects.toThrow(refused("a1"));
    }
    expect(await apply()).toMatchObject({ result: "unchanged", hooks: [] });
  }, 240_000);
}
