/**
 * `npm run bench:lost-host [accounts] [databases]`: a host is lost under load. Fills accounts of a host (some of them with a database of each server), backs all of them up, has a drill restore each of them, and asks
 * `guard recovery` when each would be back and what it would lose. Then the host is killed while visitors ask all accounts and all of them write, its accounts land on a spare host as a deploy has
 * them land, with visitors waiting there, and the host comes back. Prints for how many accounts what was said came true. Ends with 5 if an account is back later than was said, or has lost more, if
 * one does not answer, or if anything of what has moved runs on the host that came back. Needs root.
 */
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { stampAnswers } from "../components/backup/stamps.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { AnswerStamp } from "../delivery/protocol/answers.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { type Master, prepare, type Reach, settleAll } from "../guard/deploy/hosts/moves.ts";
import { readAnswer } from "../guard/recovery/ask.ts";
import { isAnswer, recoveries } from "../guard/recovery/recovery.ts";
import type { Report } from "../host/drills/report.ts";
import { type AppliedHost, delivery } from "../testing/fakes/applied-host.ts";
import { type BackupHosts, backupHosts } from "../testing/fakes/backup-hosts.ts";
import { inside, placeShell, shellServer } from "../testing/fakes/inside-sandbox.ts";
import { service, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { accounts, databases } = numbersAsked({ accounts: 50, databases: 3 });

/** Small files of each account. */
const files = 200;
/** Seconds between two lines that an account writes. */
const interval = 2;

/** Asks all accounts at their own addresses, again and again, and says when each answered first; at its end how many failed after that. */
const visitors = `
import signal, socket, sys, time
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
seen, failed, asked = set(), 0, 0
def ask(number):
    with socket.socket(socket.AF_INET6) as connection:
        connection.settimeout(20)
        try:
            connection.connect((f"fd00:8000:0:{number:x}::1", 80))
            connection.sendall(b"GET / HTTP/1.1\\r\\nHost: [fd00:8000:0:%x::1]\\r\\nConnection: close\\r\\n\\r\\n" % number)
            # The program of accounts with databases knows POST alone.
            return connection.recv(12, socket.MSG_WAITALL)[-3:] in (b"200", b"501")
        except OSError:
            return False
try:
    while True:
        for number in range(1, ${accounts} + 1):
            asked += 1
            if ask(number):
                if number not in seen:
                    seen.add(number)
                    print("first", number, time.time(), flush=True)
            elif number in seen:
                failed += 1
        time.sleep(0.1)
finally:
    print("asked", asked, failed, flush=True)
`;

const writer = `echo started >>written; while :; do date +%s >>written; sleep ${interval}; done`;
const list = Array.from({ length: accounts }, (_, index) => {
  const number = index + 1;
  const own = number <= databases;
  return {
    ...{ number, name: `user${number}`, services: [service("writer", ["/bin/sh", "-c", writer])] },
    servers: [own ? shellServer() : staticServer("www")],
    databases: own
      ? (["postgresql", "mariadb"] as const).map((engine) => ({ engine, name: "shop", connections: 3 }))
      : [],
  };
});
const psql = (number: number) => `/usr/lib/postgresql/17/bin/psql -XAtq -v ON_ERROR_STOP=1 -d a${number}_shop -c`;

const began = performance.now();
const progress = (text: string) => console.error(`${((performance.now() - began) / 1000).toFixed(0)} s: ${text}`);

await using on: BackupHosts = await backupHosts("bench-lost", "spare");
const spare = on.spare!;
const masters = { web1: Buffer.alloc(32, 7), spare1: Buffer.alloc(32, 9) };
let stamps: ReadonlyMap<string, AnswerStamp> = new Map();
function answersIn(declaration: Declaration) {
  stamps = stampAnswers(declaration, stamps, new Map([["web1", { epoch: 1, master: masters.web1 }]]));
  return Object.fromEntries(stamps);
}
const before = on.declaration(list);
const after = on.declaration(list, "web1 lost");
const hosts: Readonly<Record<string, AppliedHost>> = { web1: on.web, bak1: on.backup, spare1: spare };
async function deliver(name: string, declaration: Declaration): Promise<void> {
  const masterSecret = (name === "spare1" ? masters.spare1 : masters.web1).toString("base64");
  const more = name === "bak1" && declaration === after ? { answers: answersIn(declaration) } : {};
  const stdin = delivery(renderBundle(declaration, name), { masterSecret, ...more });
  const { exitCode, stderr } = await hosts[name]!.host.run(["fairhost-host", "apply"], { stdin, timeout: 1_800_000 });
  // The spare host cannot restore before its deploy is over, and says so of each account.
  if (exitCode !== 0 && declaration === before) throw new Error(`${name}: ${stderr}`);
}
const long = async (host: AppliedHost, command: string) => {
  const { exitCode, stdout, stderr } = await host.host.run(command, { timeout: 3_600_000 });
  if (exitCode !== 0) throw new Error(`${command}: ${stderr}`);
  return stdout;
};
const visit = (host: AppliedHost) =>
  host.shell("systemd-run --quiet --unit=visitors -p StandardOutput=file:/run/visitors python3 /root/visitors.py");
const visited = async (host: AppliedHost) => {
  // All units of a killed host have ended already.
  await host.shell("systemctl stop visitors || true");
  return (await host.shell("cat /run/visitors")).split("\n").map((line) => line.split(" "));
};
const writtenOn = async (host: AppliedHost) =>
  (await long(host, `for n in $(seq ${accounts}); do echo "=" $n; cat /srv/accounts/$n/home/written; done`))
    .split("= ")
    .slice(1);

await Promise.all(Object.keys(hosts).map((name) => deliver(name, before)));
for (const host of [on.web, spare]) await host.host.writeFile("/root/visitors.py", visitors);
await long(
  on.web,
  `for n in $(seq ${accounts}); do cd /srv/accounts/$n/home && mkdir -p www && echo page >www/index.html
  for f in $(seq ${files}); do head -c 4000 /dev/urandom >www/$f; done; done`,
);
for (let number = 1; number <= databases; number++) {
  await placeShell(on.web.host, number);
  await inside(
    on.web.host,
    number,
    `set -e; ${psql(number)} 'CREATE TABLE t AS SELECT generate_series(1, 1000) AS a'
    mariadb a${number}_shop -e 'CREATE TABLE t AS SELECT seq AS a FROM seq_1_to_1000'`,
  );
}
await visit(on.web);
progress("accounts are there");
await long(on.web, "fairhost-host backup");
progress("backed up");
await long(on.web, "fairhost-host drill");
progress("restored as drills");

const key = (await on.web.shell("cat /etc/ssh/ssh_host_ed25519_key.pub")).split(" ").slice(0, 2).join(" ");
const text = await long(on.web, "fairhost-host backups --json");
const answer = await readAnswer(text, "web1", key, Date.now());
if (!isAnswer(answer)) throw new Error(answer.why);
const drills = (JSON.parse(text) as Report).accounts.map(({ last }) => last!.seconds);
const sum = (of: "find" | "restore") => drills.reduce((total, each) => total + (each[of] ?? 0), 0);
const said = new Map(recoveries(before, [answer], Date.now()).map((each) => [each.account, each]));

// What the machine does with a host whose supply fails; the container has no boot of its own, so all of it ends and begins.
await on.web.shell("ip link set eth0 down");
const killed = Date.now() / 1000;
await on.web.shell(`mkdir -p /run/systemd/system/greeter.service.d
  printf '[Unit]\\nIgnoreOnIsolate=yes\\n' >/run/systemd/system/greeter.service.d/stays.conf
  printf '[Unit]\\nRequires=sysinit.target\\nAllowIsolate=yes\\n' >/run/systemd/system/all-ends.target
  systemctl daemon-reload; for n in $(seq ${accounts}); do systemctl kill --signal=KILL account-$n.slice || true; done
  systemctl isolate all-ends.target`);
const [, asked, unanswered] = (await visited(on.web)).at(-1)!;
progress(`killed; visitors had asked ${asked} times, ${unanswered} without an answer`);

const reach: Reach = (host, words) => [
  ...([
    "nsenter",
    "-t",
    `${hosts[host]!.host.netnsPid}`,
    "-m",
    "-u",
    "-i",
    "-n",
    "-p",
    "-C",
    "-r",
    "-w",
    "--",
  ] as const),
  ...["env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "fairhost-host", ...words],
];
const masterOf = async (): Promise<Master> => ({ epoch: 1, master: masters.web1.toString("base64") });
const moves = list.map(({ number }) => ({ account: number, from: "web1", to: "spare1", lost: true as const }));
const quiet = () => {};
await visit(spare);
await prepare(reach, moves, quiet);
progress("the spare host expects them");
await Promise.all(["bak1", "spare1"].map((name) => deliver(name, after)));
progress("delivered");
const restoring = Date.now() / 1000;
const { problems } = await settleAll(reach, moves, quiet, masterOf);
const took = Date.now() / 1000 - restoring;
for (const problem of problems) console.error(problem);
progress("landed");
const missing = `[ $(grep -c first /run/visitors) = ${accounts} ]`;
await spare.until(missing, 120).catch(() => {});
const seen = await visited(spare);
const first = new Map(
  seen.flatMap(([what, number, time]) => (what === "first" ? [[Number(number), Number(time)] as const] : [])),
);
const [, , failures] = seen.at(-1)!;
const restored = await writtenOn(spare);

const writtenBefore = (await writtenOn(on.web)).join();
await on.web.shell(
  "ip link set eth0 up && ip route replace fd00:8100::11 dev eth0 && systemctl start --no-block multi-user.target",
);
await on.web.until(
  `systemctl -q is-active fairhost.target fairhost-fence.service && [ -z "$(systemctl list-jobs --no-legend)" ]`,
  600,
);
const twice = [
  ...((await writtenOn(on.web)).join() === writtenBefore ? [] : ["services wrote"]),
  ...((await on.web.shell("ip -6 route show table local proto 66 | grep fd00:8000:0: || true")) === ""
    ? []
    : ["prefixes are announced"]),
  ...((await on.web.shell("ps -eo uid= | awk '$1 > 1900000000 && $1 < 1916777216' || true")) === ""
    ? []
    : ["programs run"]),
];
const { held } = await on.web.status();
progress(`web1 is back and holds ${held.length} accounts`);

const late: string[] = [];
const lost: string[] = [];
const rows = list.map(({ number }) => {
  const { backAfter = 0, backup = "" } = said.get(number)!;
  const back = (first.get(number) ?? Infinity) - restoring;
  // What was written before its last start there is out of the backup.
  const last = Number(restored[number - 1]!.split("started").at(-2)?.trim().split("\n").at(-1));
  const point = { said: killed - Date.parse(backup) / 1000, was: killed - last };
  if (!(back <= backAfter)) late.push(`${number}`);
  if (!(point.was <= point.said + 2 * interval)) lost.push(`${number}`);
  return { number, backAfter, back, point };
});
const table = new Table({
  head: ["account", "back after (said), s", "back after, s", "lost at most (said), s", "lost, s"],
  style: { head: [], border: [] },
});
const shown = new Set([1, Math.ceil(accounts / 2), accounts]);
for (const { number, backAfter, back, point } of rows.filter(({ number }) => shown.has(number)))
  table.push([number, ...[backAfter, back, point.said, point.was].map((seconds) => seconds.toFixed(1))]);
console.log(table.toString());
console.log(
  `killed until the first restore: ${(restoring - killed).toFixed(0)} s; after they were back ${failures} requests failed`,
);
console.log(
  `restores and what belongs to them: ${took.toFixed(1)} s; drills: ${sum("restore").toFixed(1)} s, and ${sum("find").toFixed(1)} s to find backups: steps took ${((took - sum("restore")) / sum("find")).toFixed(1)} times of that`,
);
console.log(
  `${first.size} of ${accounts} answer, ${late.length} later than was said, ${lost.length} with more lost; twice: ${twice.join(", ") || "nothing"}`,
);
if (first.size < accounts || late.length + lost.length + twice.length + problems.length > 0 || held.length < accounts)
  process.exitCode = endings.failed[0];
