import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildApplier } from "../../delivery/build.ts";
import type { ApplyReport, Bundle } from "../../delivery/protocol/bundle.ts";
import { engineNames } from "../../delivery/protocol/databases.ts";
import { sealGroup } from "../../delivery/protocol/digest.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootOwnKernel, type OwnKernelHost } from "../../lab/own-kernel.ts";
import { delivery } from "../../testing/fakes/applied-host.ts";
import { bundleOf, hostGroup } from "../../testing/fakes/host-tree.ts";
import { declarationOf } from "../../testing/fixtures/bundle-fixture.ts";
import { defaultUidBase } from "../declaring.ts";

/** Both servers on a real ext4 with project quotas, under a kernel of its own. */
let host: OwnKernelHost;

/** Accounts with 45 MB for home and database, without anything that needs a network. */
function bundle(): Bundle {
  const limits = { diskGb: 0.05, inodes: 5000 };
  const databases = engineNames.map((engine) => ({ engine, name: "shop", connections: 5 }));
  const accounts = [1, 2].map((number) => ({ number, name: `n${number}`, limits, databases }));
  const { groups } = renderBundle(declarationOf(accounts), "web1");
  const own = (path: string) => /^databases\/|fairhost-(postgresql|mariadb)|^userdb\/\d/.test(path);
  const base = hostGroup();
  const { files, units } = groups.host!;
  const server = sealGroup({
    files: [...base.files, ...files.filter(({ path }) => own(path))],
    units: [...base.units, ...units.filter(({ name }) => own(name))],
  });
  return bundleOf({ 1: groups["account-1"]!, 2: groups["account-2"]! }, server);
}

async function sh(command: string): Promise<string> {
  const { stdout, stderr, exitCode } = await host.run(command, { timeout: 120_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stdout}${stderr}`);
  return stdout.trim();
}

/** With the rights of an account, outside of its sandbox. */
const as = (number: number, command: string) => {
  const id = defaultUidBase + number;
  return sh(`setpriv --reuid=${id} --regid=${id} --clear-groups --inh-caps=-all --bounding-set=-all ${command}`);
};

/** How each is asked, many rows of 1 kB, and what it says when there is no room. */
const engines = {
  postgresql: {
    client: (number: number) =>
      `/usr/lib/postgresql/17/bin/psql -XAtq -h /run/fairhost-postgresql -d a${number}_shop -c`,
    rows: (count: number) => `SELECT repeat(md5(g::text), 30) FROM generate_series(1, ${count}) g`,
    full: /Disk quota exceeded|No space left/,
  },
  mariadb: {
    client: (number: number) => `mariadb -BN -S /run/fairhost-mariadb/mysqld.sock -u a${number} a${number}_shop -e`,
    rows: (count: number) => `SELECT REPEAT(MD5(seq), 30) FROM seq_1_to_${count}`,
    full: /The table 't' is full|Disk quota exceeded|No space left/,
  },
};

beforeAll(async () => {
  host = await bootOwnKernel({ diskMiB: 1300 });
  await host.writeFile("/usr/local/sbin/fairhost-host", await buildApplier(), 0o755);
  await sh("fairhost-host init");
  const { stdout, stderr } = await host.run("fairhost-host apply", { stdin: delivery(bundle()), timeout: 280_000 });
  if (stdout === "") throw new Error(stderr);
  expect(JSON.parse(stdout) as ApplyReport, stderr).toMatchObject({ result: "applied", errors: [] });
}, 300_000);
afterAll(() => host?.stop());

describe.each(engineNames)("%s", (engine) => {
  const { client, rows, full } = engines[engine];
  const ask = (number: number, statement: string) => as(number, `${client(number)} "${statement}" 2>&1 || exit 1`);

  test("a database counts for its account's disk limit, and a full one leaves its neighbour alone", async () => {
    await ask(1, "CREATE TABLE t (a text)");
    await ask(2, "CREATE TABLE t (a text)");
    await expect(ask(1, `INSERT INTO t ${rows(60_000)}`)).rejects.toThrow(full);
    expect(await ask(2, "INSERT INTO t VALUES ('room'); SELECT a FROM t")).toBe("room");
    // TRUNCATE would need room for the new file.
    await ask(1, "DROP TABLE t");
  });

  test("an account that takes the room of a table it has deleted does not keep the server of all from starting", async () => {
    const unit = `fairhost-${engine}`;
    await ask(1, "CREATE TABLE u (a text)");
    await ask(1, `INSERT INTO u ${rows(20_000)}`);
    await ask(1, "DROP TABLE u");
    const file = "/srv/accounts/1/home/www/full";
    await as(1, `dd if=/dev/zero of=${file} bs=1M count=100 status=none 2>/dev/null || true`);
    const before = await sh(`systemctl show -P NRestarts ${unit}`);
    await sh(`systemctl kill --signal=KILL ${unit}`);
    await sh(
      `for i in $(seq 60); do [ $(systemctl show -P NRestarts ${unit}) != ${before} ] && systemctl is-active -q ${unit} && exit 0; sleep 1; done; systemctl status ${unit} >&2; exit 1`,
    );
    expect(await ask(2, "SELECT a FROM t")).toBe("room");
    await sh(`rm ${file}`);
  });
});
