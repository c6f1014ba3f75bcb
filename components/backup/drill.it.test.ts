import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Inspection } from "../../delivery/protocol/inspection.ts";
import type { Proof, SignedProof } from "../../delivery/protocol/proofs.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import type { Report } from "../../host/drills/report.ts";
import { type BackupHosts, backupHosts } from "../../testing/fakes/backup-hosts.ts";
import { flipByte } from "../../testing/fakes/flip-byte.ts";
import { inside, placeShell, shellServer } from "../../testing/fakes/inside-sandbox.ts";

/** A host that brings backups and restores them as drills, and the backup host. */
let on: BackupHosts;

const databases = (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 3 }));
const alice = { number: 1, name: "alice", servers: [shellServer()], databases };
const bob = { number: 2, name: "bob", servers: [shellServer()] };
const psql = "/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a1_shop -c";
const records = "/var/lib/fairhost/proofs/1.json";

const drill = (...words: string[]) => on.web.host.run(`fairhost-host drill ${words.join(" ")}`);
const report = async () => JSON.parse(await on.web.shell("fairhost-host backups --json")) as Report;
async function newest(account: number): Promise<Proof> {
  const signed = (await report()).proofs[account]!.at(-1) as SignedProof;
  return JSON.parse(signed.text) as Proof;
}
async function found(): Promise<[kind: string, message: string][]> {
  const { stdout } = await on.web.host.run("fairhost-host inspect --json </dev/null");
  return (JSON.parse(stdout) as Inspection).differences
    .filter(({ kind }) => kind.startsWith("proof-"))
    .map(({ kind, message }) => [kind, message]);
}
/** What a drill has left behind. */
const left = () =>
  on.web.shell(
    "ls -A /srv/accounts/drills; ls /tmp | grep -v ^systemd-private; systemctl list-units --all --plain --no-legend 'fairhost-backup-*.service' | grep -vE '^fairhost-backup-(looks|often)' || :",
  );

beforeAll(async () => {
  on = await backupHosts("drill");
  const declaration = on.declaration([alice, bob]);
  await on.deploy(declaration);
  await placeShell(on.web.host, 1);
  await inside(
    on.web.host,
    1,
    `set -e; ${psql} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a; CREATE TABLE u (b text)'
    mariadb a1_shop -e 'CREATE TABLE t AS SELECT seq AS a FROM seq_1_to_70; CREATE VIEW v AS SELECT * FROM t'`,
  );
  // What hosts of web sites have every day, and as long a path as a backup can have.
  const odd =
    'open my $file, ">", "caf\\xe9"; for (1 .. 16) { mkdir "d" x 250; chdir "d" x 250 }; open $file, ">", "f" x 65 or die';
  await on.web.shell(`cd /srv/accounts/1/home && perl -e '${odd}'`);
  await on.web.shell(`cd /srv/accounts/2/home && mkdir sub && echo page >sub/page && ln -s /etc etc && head -c 3000000 /dev/urandom >large
    mkdir /root/other && echo elsewhere >/root/other/page && echo more >/root/other/more && chmod --reference=sub/page /root/other/*`);
  // A busy machine takes minutes for the first one.
  expect(await on.web.host.run("fairhost-host backup", { timeout: 240_000 })).toMatchObject({ exitCode: 0 });
}, 400_000);
afterAll(async () => on?.[Symbol.asyncDispose]());

describe("a drill", () => {
  test("restores the newest backup, compares its files, loads its dumps, and leaves nothing but a signed record", async () => {
    const { stderr, exitCode } = await drill("1");
    expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/^account 1: restored \d+ files \(\d+ compared\)/)]);
    const proof = await newest(1);
    expect(proof).toMatchObject({
      ...{ account: 1, of: "web1", on: "web1", outcome: "restored", wrong: [] },
      snapshot: { keeper: "bak1", repository: expect.stringMatching(/^web1\.1\.7\.\d+$/) },
    });
    expect(proof.databases.map(({ engine, name, tables, rows }) => [engine, name, tables, rows]).sort()).toEqual([
      ["mariadb", "a1_shop", 1, 70],
      ["postgresql", "a1_shop", 2, 1000],
    ]);
    // The program of the account runs with the restored file; it knows no GET.
    expect(proof.asked).toMatchObject({ server: "shell", status: 501 });
    expect(proof.files.identical).toBe(proof.files.restored);
    expect(proof.files.restored).toBeGreaterThanOrEqual(3);
    await expect.poll(left).toBe("");
    expect(await found()).toEqual([]);
  });

  test("compares with what has not changed since, and names what then differs or is missing", async () => {
    // What has been there for longer than the backup, in the place of what was backed up.
    await on.web.shell("mount --bind /root/other /srv/accounts/2/home/sub");
    const { exitCode, stderr } = await drill("2");
    await on.web.shell("umount /srv/accounts/2/home/sub");
    expect([exitCode, stderr]).toEqual([
      5,
      'account 2: its backup was not restored: "sub/page" is not as it was backed up; "sub/more" is missing in the backup\n',
    ]);
    await on.web.shell("cd /srv/accounts/2/home && echo later >sub/page && rm etc && mkdir new && echo new >new/file");
    expect(await drill("2")).toMatchObject({ exitCode: 0 });
    const { files } = await newest(2);
    expect([files.restored, files.identical, files.changedSince]).toEqual([3, 1, 2]);
  });

  test("of the timer is done once in half of the time that the plan allows, for one account after the other", async () => {
    await on.web.shell("systemctl start fairhost-drill.service");
    const { accounts } = await report();
    expect(accounts.map(({ account, last }) => [account, last?.outcome])).toEqual([
      [1, "restored"],
      [2, "restored"],
    ]);
    const stamp = "stat -c %Y.%s /var/lib/fairhost/proofs/*";
    const before = await on.web.shell(stamp);
    await on.web.shell("systemctl start fairhost-drill.service");
    expect(await on.web.shell(stamp)).toBe(before);
    expect(await on.web.shell("fairhost-host backups")).toMatch(
      /^account .*\n1 {8}20.*Z {2}20.*Z {2}[\d.]+ s\n2 {8}20.*Z/,
    );
  });

  test("of a file with holes takes as much as that takes on the disk", async () => {
    await on.web.shell(
      "truncate --size=3G /srv/accounts/2/home/holes && mount -t tmpfs -o size=1500m none /mnt && mkdir -p /srv/accounts/drills && mount --bind /mnt /srv/accounts/drills && fairhost-host backup 2",
    );
    const { exitCode, stderr } = await drill("2");
    await on.web.shell("umount /srv/accounts/drills /mnt; rm /srv/accounts/2/home/holes; fairhost-host backup 2");
    expect(exitCode, stderr).toBe(0);
  }, 300_000);

  test("that finds no room for it fails, and fills nothing", async () => {
    await on.web.shell(
      "mount -t tmpfs -o size=1200m none /mnt && mkdir -p /srv/accounts/drills && mount --bind /mnt /srv/accounts/drills",
    );
    const { exitCode, stderr } = await drill("2");
    await on.web.shell("umount /srv/accounts/drills /mnt");
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/account 2: .*restoring: it may take 2\d\d MiB, and 1024 MiB stay free/),
    ]);
    expect(await found()).toEqual([
      ["proof-failed", expect.stringContaining("of account 2 was not restored by the drill of 20")],
    ]);
    expect(await drill("2")).toMatchObject({ exitCode: 0 });
    expect(await found()).toEqual([]);
  });
});

test("a restored web site answers with its restored files, reaches nobody, and leaves nothing in the account", async () => {
  const home = "/srv/accounts/2/home";
  // It answers 200 only if all is as it should be; what it writes goes with the drill.
  const program = `import http.server, os, socket
def reaches(family, address):
    with socket.socket(family) as own:
        own.settimeout(2)
        return own.connect_ex(address) == 0
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        open("wrote", "w").close()
        seen = [open("page").read() == "restored", not os.path.exists("later")]
        away = [reaches(socket.AF_INET6, (to, 80)) for to in ("fd00:8000::11", "fd00:8000:0:2::1", "fd00:8100::11")]
        self.send_response(200 if all(seen) and not any(away) and not os.path.exists("/run/postgresql") else 500)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
`;
  await on.web.host.writeFile(`${home}/shell.py`, program);
  await on.web.shell(`printf restored >${home}/page && chown a2:a2 ${home}/page && fairhost-host backup 2`);
  await on.web.shell(`printf changed >${home}/page && touch ${home}/later`);
  const { exitCode, stderr } = await drill("2");
  expect([exitCode, stderr]).toEqual([0, expect.stringMatching(/; restored shell answered 200\n$/)]);
  expect((await newest(2)).asked).toMatchObject({ server: "shell", status: 200 });
  expect(await on.web.shell(`ls ${home} | grep wrote || :; ls /run/systemd/system /run/fairhost | grep ask || :`)).toBe(
    "",
  );
  await expect.poll(left).toBe("");
  await on.web.shell(`rm ${home}/shell.py ${home}/page ${home}/later && fairhost-host backup 2`);
});

test("a backup host that is away is told apart: no drill is recorded as failed, and it is said that none was tried", async () => {
  const before = (await report()).proofs;
  await on.backup.shell("systemctl stop fairhost-repositories.service");
  const { exitCode, stderr } = await drill();
  expect([exitCode, stderr]).toEqual([
    5,
    expect.stringMatching(
      /^account \d: no drill could be tried: bak1 cannot be reached: ssh: .*\naccount \d: no drill could be tried: bak1 cannot be reached: ssh: .*\n$/,
    ),
  ]);
  const seen = await report();
  expect(seen.proofs).toEqual(before);
  expect(seen.accounts.map(({ untried, last }) => [untried?.why.slice(0, 24), last?.outcome])).toEqual([
    ["bak1 cannot be reached: ", "restored"],
    ["bak1 cannot be reached: ", "restored"],
  ]);
  expect((await found()).map(([kind]) => kind)).toEqual(["proof-untried", "proof-untried"]);
  // In a run of the timer, too, and then the unit has not failed.
  await on.web.shell(
    "mv /var/lib/fairhost/proofs/2.json /root/ && systemctl start fairhost-drill.service && mv /root/2.json /var/lib/fairhost/proofs/",
  );
  expect(await on.web.shell("journalctl -u fairhost-drill --output=cat")).toContain(
    "account 2: no drill could be tried: ",
  );
  await on.backup.shell("systemctl start fairhost-repositories.service");
  expect(await drill("2")).toMatchObject({ exitCode: 0 });
  expect((await found()).map(([, message]) => message)).toEqual([expect.stringContaining("the backup of account 1 ")]);
});

describe("found and named", () => {
  test("is a byte of the repository that has changed", async () => {
    const file = await on.backup.shell(
      "find /srv/accounts/2/repositories -path '*/data/*' -type f -printf '%s %p\\n' | sort -n | tail -n 1 | cut -d' ' -f2",
    );
    await on.backup.shell(`cp -p ${file} /root/whole && ${flipByte(file, 1_500_000)}`);
    const { exitCode, stderr } = await drill("2");
    await on.backup.shell(`cp -p /root/whole ${file}`);
    expect([exitCode, stderr]).toEqual([
      5,
      // Whether SSH ends first, and is said to have failed, is chance.
      expect.stringMatching(/^account 2: its backup was not restored: restoring: .*ciphertext verification failed/),
    ]);
    expect(await drill("2")).toMatchObject({ exitCode: 0 });
  });

  test("is a database that cannot be loaded", async () => {
    // A mistake that tenants make: the function finds its table only with the search path of its session.
    await inside(
      on.web.host,
      1,
      `${psql} "CREATE FUNCTION most() RETURNS bigint LANGUAGE plpgsql AS 'BEGIN RETURN (SELECT count(*) FROM t); END'; CREATE TABLE w (a bigint CHECK (a <= most())); INSERT INTO w VALUES (1)"`,
    );
    await on.web.shell("fairhost-host backup 1");
    const { exitCode, stderr } = await drill("1");
    expect([exitCode, stderr]).toEqual([
      5,
      expect.stringMatching(/database a1_shop \(postgresql\): .*relation "t" does not exist/),
    ]);
    expect(await found()).toEqual([["proof-failed", expect.stringContaining('relation "t" does not exist')]]);
    const { wrong, own } = await newest(1);
    expect(own).toEqual(wrong);
  });

  test("is a database whose dump is refused while it is written: all else is backed up and restored, and the proof says whose fault it is", async () => {
    const small = [{ ...alice, limits: { diskGb: 0.005 } }, bob];
    const { report, stderr } = await on.web.apply(renderBundle(on.declaration(small), "web1"));
    expect(report, stderr).toMatchObject({ errors: [] });
    await inside(
      on.web.host,
      1,
      "mariadb a1_shop -e 'CREATE TABLE big AS SELECT RANDOM_BYTES(1000) AS a FROM seq_1_to_20000'",
    );
    const why = "dumps of this account's databases are larger than 20 MiB together (4 times its disk limit)";
    expect(await on.web.host.run("fairhost-host backup")).toMatchObject({
      exitCode: 5,
      stderr: expect.stringContaining(
        `account 1 has no new backup: its files are backed up, but not mariadb a1_shop: ${why}`,
      ),
    });
    expect(await on.web.shell("cat /srv/accounts/1/admin/logs/databases.log")).toContain(
      `fairhost: a1_shop (mariadb) cannot be dumped: ${why}`,
    );
    // Nothing of it is left, neither a program nor a part.
    expect(await on.web.shell("pgrep mariadb-dump; find /srv/accounts /var/lib/fairhost -name '*.dump'")).toBe("");
    await drill("1");
    const { wrong, own, databases } = await newest(1);
    expect(own).toEqual(wrong);
    expect(wrong).toContainEqual(
      `database a1_shop (mariadb): the backup has no dump of it: ${why}: compressed columns or tables are larger in a dump`,
    );
    expect(databases).toEqual([]);
    // A server that cannot be started is the host's, whatever the account's databases are like.
    await inside(on.web.host, 1, "mariadb a1_shop -e 'DROP TABLE big'");
    await on.web.shell("fairhost-host backup 1");
    await on.web.shell("mount --bind /bin/false /usr/sbin/mariadbd");
    await drill("1");
    await on.web.shell("umount /usr/sbin/mariadbd");
    const broken = await newest(1);
    expect(broken.own).toEqual([expect.stringContaining("(postgresql)")]);
    expect(broken.wrong).toEqual([expect.stringContaining("a1_shop"), expect.stringContaining("a1_shop")]);
  });

  test("is a record that somebody has changed", async () => {
    await on.web.shell(`cp ${records} /root/records && sed -i 's/failed/restored/g' ${records}`);
    expect(await found()).toEqual([
      ["proof-invalid", "the record of the last drill of account 1 is not valid: no key of web1 has signed this text"],
    ]);
    // A record of another account is none of this one.
    await on.web.shell(`cp /var/lib/fairhost/proofs/2.json ${records}`);
    expect(await found()).toEqual([["proof-invalid", expect.stringContaining("it is of account 2, on web1")]]);
    await on.web.shell(`mv /root/records ${records}`);
    expect(await found()).toEqual([["proof-failed", expect.anything()]]);
  });
});
