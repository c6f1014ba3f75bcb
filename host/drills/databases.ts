import { chownSync, existsSync, statSync } from "node:fs";
import { join } from "node:path";
import type { EngineName } from "../../delivery/protocol/databases.ts";
import type { LoadedDatabase } from "../../delivery/protocol/proofs.ts";
import { dumpPart } from "../archives/archive.ts";
import { removeTree } from "../archives/archives.ts";
import { OwnDump } from "../archives/dumps.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { runInside, withRoom } from "./sandbox.ts";

/** Where a server of its own finds its directory, and the dump. */
const [place, dumpPlace] = ["/drill", "/dump"];

/** First line of what a script prints, once its server runs: what fails later, or takes too long or too much, is the dump. */
const loading = "loading";

/**
 * For each engine: the program that has to be there, and a script that starts a server in an empty directory, loads the dump `/dump` into database
 * `$1` of user `$2`, and prints the number of rows of each table. A dump is what an account wrote: none is loaded into the server of the host, neither with
 * more rights than the account's nor beside its data. Here it may do what it likes: the server ends with the unit, and its directory goes.
 */
const scripts: Readonly<Record<EngineName, { readonly program: string; readonly script: string }>> = {
  postgresql: {
    program: "/usr/lib/postgresql/17/bin/postgres",
    script: `set -eu
export PATH=/usr/lib/postgresql/17/bin:/usr/bin:/bin PGHOST=${place} PGUSER=drill
cd ${place}
initdb --pgdata=data --username=drill --auth=trust --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 --no-sync --no-instructions >/dev/null
pg_ctl --pgdata=data --log=log --wait --timeout=300 --silent start --options="-k ${place} -c listen_addresses= -c fsync=off -c max_wal_size=256MB -c shared_buffers=32MB -c max_connections=10 -c jit=off" ||
  { tail -n 3 log >&2; exit 1; }
trap 'pg_ctl --pgdata=data --mode=immediate --silent stop || true' EXIT
psql -Xq --dbname=postgres --command="CREATE ROLE $2"
createdb --template=template0 "$1"
echo ${loading}
pg_restore --exit-on-error --no-owner --no-acl --dbname="$1" ${dumpPlace}
psql -XAtq --set=ON_ERROR_STOP=1 --dbname="$1" <<'END'
SELECT format('SELECT count(*) FROM ONLY %I.%I', schemaname, tablename) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') \\gexec
END
`,
  },
  mariadb: {
    program: "/usr/sbin/mariadbd",
    script: `set -eu
export PATH=/usr/sbin:/usr/bin:/bin TMPDIR=${place}
cd ${place}
mariadb-install-db --no-defaults --datadir=${place}/data --auth-root-authentication-method=normal --skip-test-db --skip-name-resolve --force >log 2>&1 || { grep ERROR log | head -n 3 >&2; exit 1; }
mariadbd --no-defaults --datadir=${place}/data --socket=${place}/socket --pid-file=${place}/pid --tmpdir=${place} --skip-networking --skip-name-resolve \\
  --innodb-flush-log-at-trx-commit=0 --innodb-buffer-pool-size=64M --innodb-buffer-pool-size-max=64M --event-scheduler=DISABLED --performance-schema=OFF >log 2>&1 &
server=$!
trap 'kill -KILL $server; wait $server || true' EXIT
ask() { mariadb --no-defaults --socket=${place}/socket --user=root --default-character-set=utf8mb4 --batch --skip-column-names "$@"; }
until mariadb-admin --no-defaults --socket=${place}/socket --user=root --silent ping >/dev/null 2>&1; do
  kill -0 $server 2>/dev/null || { grep ERROR log | head -n 3 >&2; exit 1; }
  sleep 0.2
done
ask --execute="CREATE DATABASE $1"
echo ${loading}
ask "$1" <${dumpPlace} >/dev/null
ask --raw --execute="SELECT CONCAT('SELECT COUNT(*) FROM \\\`', REPLACE(TABLE_NAME, '\\\`', '\\\`\\\`'), '\\\`;') FROM information_schema.TABLES WHERE TABLE_SCHEMA = '$1' AND TABLE_TYPE = 'BASE TABLE'" >tables
ask "$1" <tables
`,
  },
};

/**
 * Loads a dump into a server that is there for it alone, and counts its tables and rows.
 * @param directory of the drill, for root alone, with the dump in `restored/databases`
 * @throws OwnDump if the dump cannot be loaded into the server, ApplyError if there is no server to load it into
 */
export async function loadDump(
  machine: Machine,
  { number, uid }: { readonly number: number; readonly uid: number },
  directory: string,
  { engine, name }: { readonly engine: EngineName; readonly name: string },
): Promise<LoadedDatabase> {
  const { program, script } = scripts[engine];
  if (!existsSync(machine.layout.at(program))) throw new ApplyError(`this host has no ${program}`);
  const own = join(directory, "server");
  const dump = join(directory, "restored/databases", dumpPart(engine, name));
  // Debian's programs want to know who they are.
  const users = join(directory, "passwd");
  await removeTree(machine, own);
  machine.disk.makeDirectory(own, 0o700);
  chownSync(own, uid, uid);
  machine.disk.replace(users, `a${number}:x:${uid}:${uid}::/:/bin/sh\n`, 0o644, { sync: false });
  const begun = performance.now();
  let began = false;
  const unit = `fairhost-backup-${number}-load`;
  try {
    const stdout = await withRoom(machine, directory, [unit], async () => {
      const command = ["/bin/sh", "-c", script, "load", name, `a${number}`];
      const { status, stdout, stderr } = await runInside(machine, command, {
        unit,
        uid,
        mounts: [
          { from: own, to: place, writable: true },
          { from: dump, to: dumpPlace },
          { from: users, to: "/etc/passwd" },
        ],
      });
      began = stdout.startsWith(`${loading}\n`);
      if (status === 0) return stdout;
      // Programs say first what is wrong, then where.
      const first = stderr.trim().split("\n").slice(0, 2).join("; ").slice(0, 400);
      throw new ApplyError(`${first || "nothing was said"} (exit status ${status})`);
    });
    const counts = stdout.trim().split("\n").slice(1).map(Number);
    return {
      ...{ engine, name, bytes: statSync(dump).size, tables: counts.length },
      rows: counts.reduce((sum, rows) => sum + rows, 0),
      seconds: (performance.now() - begun) / 1000,
    };
  } catch (error) {
    throw began && error instanceof ApplyError ? new OwnDump(error.message) : error;
  } finally {
    await removeTree(machine, own);
  }
}
