/**
 * `npm run bench:move [mebibytes] [kills]`: an account with 1 GiB of files moves between two hosts in containers, while visitors ask its web site at its address on both and a service of it writes.
 * First undisturbed; then to and fro, killed with all that it has started at random moments, and resumed, until it has been killed as often as asked. Prints the longest time without an answer, and
 * what the first move carried. Ends with 5 if that time is more than 5 s, if anything is lost, or if the account is ever on two hosts, or on none at the end. Needs root.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { type AppliedHost, appliedHost, delivery } from "../testing/fakes/applied-host.ts";
import { declarationOf, type FixtureAccount, service, staticServer } from "../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { mebibytes, kills } = numbersAsked({ mebibytes: 1024, kills: 10 });

/** Each number once, so that a gap or two writers would show; and files that are always others, 10 MiB a second. */
const load =
  "i=$(tail -n 1 ticks || echo 0); while :; do i=$((i + 1)); echo $i >>ticks; head -c 1M big/1 >churn$((i % 20)); sleep 0.1; done";
const alice: FixtureAccount = {
  ...{ number: 1, name: "alice", servers: [staticServer("www")] },
  services: [service("writer", ["/bin/sh", "-c", load])],
};
const bob: FixtureAccount = { number: 2, name: "bob", servers: [staticServer("www")] };
const carol: FixtureAccount = { ...bob, number: 3, name: "carol" };
const home = "/srv/accounts/1/home";

/** Asks the account's address ten times a second, and writes down when there was a right answer. */
const visitor = `
import socket, time
while True:
    begun = time.time()
    with socket.socket(socket.AF_INET6) as connection:
        connection.settimeout(10)
        try:
            connection.connect(("fd00:8000:0:1::1", 80))
            connection.sendall(b"GET / HTTP/1.1\\r\\nHost: [fd00:8000:0:1::1]\\r\\nConnection: close\\r\\n\\r\\n")
            text = b""
            while part := connection.recv(4096):
                text += part
            if text.startswith(b"HTTP/1.1 200 ") and text.endswith(b"page of alice\\n"):
                print(time.time(), flush=True)
        except OSError:
            pass
    time.sleep(max(0.01, begun + 0.1 - time.time()))
`;

const began = performance.now();
const progress = (text: string) => console.error(`${((performance.now() - began) / 1000).toFixed(0)} s: ${text}`);
const wrong: string[] = [];
function must(true_: boolean, what: string): void {
  if (!true_) wrong.push(what);
}

const directory = mkdtempSync(join(tmpdir(), "fairhost-bench-move-"));
await using one: AppliedHost = await appliedHost("bench-move-1");
await using other: AppliedHost = await appliedHost("bench-move-2");
const hosts = [one, other] as const;
const neighbours = [bob, carol];
/** Files with the deliveries of a host: without the account, and with it. */
const deliveries = neighbours.map((neighbour, host) =>
  [[neighbour], [neighbour, alice]].map((accounts, index) => {
    const path = join(directory, `${host}-${index}`);
    writeFileSync(path, delivery(renderBundle(declarationOf(accounts), "web1")), { mode: 0o600 });
    return path;
  }),
);
for (const [host, on] of hosts.entries()) {
  const accounts = host === 0 ? [bob, alice] : [carol];
  const { report, stderr } = await on.apply(renderBundle(declarationOf(accounts), "web1"));
  if (report.result !== "applied") throw new Error(stderr);
  await on.host.writeFile("/root/visitor.py", visitor);
}
await one.shell(`cd ${home}; mkdir -p www big; echo page of alice >www/index.html
  for i in $(seq ${mebibytes}); do head -c 1M /dev/urandom >big/$i; done; chown -R a1:a1 www big; systemctl restart account-1-service-writer`);
for (const on of hosts)
  await on.shell("systemd-run --quiet --unit=visitor -p StandardOutput=append:/run/answers python3 /root/visitor.py");
await one.until("[ $(wc -l </run/answers) -gt 20 ]");
const contents = (on: AppliedHost) =>
  on.shell(`cd ${home}; find www big -type f -printf '%P %s %m %U %T@\\n' | sort | sha256sum; cat big/* | sha256sum`);
const written = await contents(one);
progress("the account is there, and visited");

/** On which host it is at the beginning of a move. */
let place = 0;

function start(): ChildProcess & { readonly said: () => string } {
  const pair = [place, 1 - place];
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "../testing/programs/move.ts"),
      ...pair.map((host) => `${hosts[host]!.host.netnsPid}`),
      ...pair.map((host) => deliveries[host]![host === place ? 0 : 1]!),
    ],
    { detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (said += text));
  return Object.assign(child, { said: () => said });
}

/** Octets that the program's own thread has read: what it carries from one host to the other passes it once. Of the whole process those of its ended children would count too. */
function carriedBy({ pid }: ChildProcess): number {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/task/${pid}/io`, "utf8"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** A whole move. What the other host keeps goes, so that the next one carries everything again. */
async function move(child = start()): Promise<{ readonly seconds: number; readonly carried: number }> {
  const before = performance.now();
  let [begun, carried] = [0, 0];
  const watch = setInterval(() => {
    carried = Math.max(carried, carriedBy(child));
    // Until it says what it does, it has read itself.
    if (child.said() === "") begun = carried;
  }, 20);
  if (child.exitCode === null && child.signalCode === null) await once(child, "close");
  clearInterval(watch);
  if (child.exitCode !== 0) throw new Error(child.said());
  await hosts[place]!.shell(
    "for each in /var/lib/fairhost/superseded/*; do echo 2026-01-01T00:00:00.000Z >$each; done; fairhost-host purge; test ! -e /srv/accounts/1",
  );
  place = 1 - place;
  return { seconds: (performance.now() - before) / 1000, carried: carried - begun };
}

async function hostsThatHaveIt(): Promise<number> {
  const counts = await Promise.all(
    hosts.map((on) =>
      on.shell(
        "{ ps -o pid= -u 1900000001; ip -6 route show table local proto 66 | grep fd00:8000:0:1::/64; } | wc -l",
      ),
    ),
  );
  return counts.filter((count) => Number(count) > 0).length;
}

const answers = async () =>
  (
    await Promise.all(
      hosts.map(async (on, host) =>
        (
          await on.shell("cat /run/answers")
        )
          .split("\n")
          .filter(Boolean)
          .map((time) => ({ host, time: Number(time) })),
      ),
    )
  )
    .flat()
    .sort((a, b) => a.time - b.time);
const longest = (times: readonly { readonly time: number }[]) =>
  Math.max(...times.slice(1).map(({ time }, index) => time - times[index]!.time));

const first = await move();
await sleep(2000);
const undisturbed = await answers();
progress(`moved in ${first.seconds.toFixed(1)} s`);

const moments: string[] = [];
let moved = 1;
while (moments.length < kills) {
  const child = start();
  const moment = Math.random() * first.seconds;
  // An ended move counts as no kill: the next one goes back.
  await Promise.race([once(child, "close"), sleep(moment * 1000)]);
  if (child.exitCode !== null || child.signalCode !== null) {
    await move(child);
    moved++;
    continue;
  }
  process.kill(-child.pid!, "SIGKILL");
  await once(child, "close");
  const step = child.said().trim().split("\n").at(-1) ?? "";
  moments.push(`${moment.toFixed(1)} s, after "${step}"`);
  must((await hostsThatHaveIt()) < 2, `it is on two hosts after ${step}`);
  progress(`killed after ${moments.at(-1)}`);
}
await move();
moved++;
await sleep(2000);
rmSync(directory, { recursive: true });

const all = await answers();
const changes = all.slice(1).filter(({ host }, index) => host !== all[index]!.host).length;
must(changes === moved, `answers came from the other host ${changes} times, after ${moved} moves`);
must((await hostsThatHaveIt()) === 1, "it is not on one host at the end");
must((await contents(hosts[place]!)) === written, "files are not what they were");
must(
  (await hosts[place]!.shell(`awk '$1 != NR' ${home}/ticks | head -n 3`)) === "",
  "what its service wrote has gaps, or was written twice",
);
const without = longest(undisturbed);
must(without <= 5, "longer than 5 s without an answer");

const table = new Table({ head: ["what", "figure", "bound"], style: { head: [], border: [] } });
table.push(
  ["a move undisturbed, s", first.seconds.toFixed(1), ""],
  ["longest without an answer then, s", without.toFixed(1), "at most 5"],
  ["carried then, MiB", (first.carried / 2 ** 20).toFixed(0), `of ${mebibytes} and what was written`],
  ["answers", `${all.length}`, ""],
  ["kills, and whole moves", `${moments.length}, ${moved}`, ""],
  ["longest without an answer with kills, s", longest(all).toFixed(1), ""],
);
console.log(table.toString());
console.log(`load of the machine: ${loadavg()[1]!.toFixed(1)} on ${availableParallelism()} cores`);
for (const what of wrong) console.log(what);
console.log(wrong.length > 0 ? "not as it should be" : "nothing lost, never on two hosts, one address");
if (wrong.length > 0) process.exitCode = endings.failed[0];
