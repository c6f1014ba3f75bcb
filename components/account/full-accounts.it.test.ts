import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle } from "../../testing/fakes/placed-host.ts";
import { declarationOf, programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { expectNearlyAsFast } from "../../testing/neighbour.ts";
import { bounds } from "../account-network/links.ts";
import { connections } from "../http/front-end/connections.ts";

/**
 * Accounts use up what is theirs, first one thing at a time, then ten of them all at once: disk, files, log, uploads that wait, connections in and
 * out, mail. Ten others see no error. Memory and processes, which a container does not bound: fairness.it.test.ts.
 */

/** Floods of one kind, each of an account of its own. */
const floods = ["disk", "inodes", "log", "calls", "visits"] as const;
const flooding = (flood: (typeof floods)[number]) => 21 + floods.indexOf(flood);
const hostile = Array.from({ length: 10 }, (_, index) => index + 1);
const ordinary = hostile.map((number) => number + 10);

/** Floods its log and its home as fast as it can, never reads an upload, holds what is upgraded, and calls whom nobody answers for. */
const program = `
const http = require("node:http"), fs = require("node:fs"), net = require("node:net"), dgram = require("node:dgram");
const server = http.createServer((request, response) => {
  if (request.method === "POST") return;
  response.end("ok\\n");
  if (request.url !== "/fill") return;
  const line = Buffer.alloc(100_000, "a line of a flood\\n");
  setInterval(() => { try { fs.writeSync(1, line); } catch {} }, 5);
  fs.createWriteStream("fill").on("error", () => {}).write(Buffer.alloc(30_000_000));
  // What its log gives back when it is cut.
  setInterval(() => fs.appendFile("fill", Buffer.alloc(1_000_000), () => {}), 200);
  for (let n = 0; n < 400; n++) try { fs.writeFileSync("file" + n, ""); } catch {}
  // Its limit of calls is reached in 20 s, that of mails at once.
  const udp = () => { const call = dgram.createSocket("udp6").on("error", () => {}); call.send("x", 9, "2600:9::bad", () => call.close()); };
  const tcp = (port) => net.connect({ host: "2600:9::bad", port }).on("error", () => {});
  setInterval(() => { for (let n = 0; n < 40; n++) { udp(); tcp(n % 10 ? 9 : 25); } }, 1000);
});
server.on("upgrade", (request, socket) => socket.on("error", () => {}).write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n"));
server.listen(process.env.PORT);
`;
/**
 * One flood, named by the request, as fast as one process can and for as long as it lives: what is refused is tried again, and when a disk is full what is on it is
 * written and made anew.
 */
const flood = `
const http = require("node:http"), fs = require("node:fs"), net = require("node:net"), dgram = require("node:dgram");
const block = Buffer.alloc(1_000_000, "a line of a flood\\n");
let files = 0;
const floods = {
  disk: () => {
    const file = fs.openSync("fill", "a");
    try { fs.writeSync(file, block); } catch { rewrite(); } finally { fs.closeSync(file); }
  },
  inodes: () => { try { fs.writeFileSync("file" + files, ""); files++; } catch { fs.rmSync("file0"); fs.writeFileSync("file0", ""); } },
  log: () => { try { fs.writeSync(1, block, 0, 100_000); } catch {} },
  calls: () => {
    const call = dgram.createSocket("udp6").on("error", () => {}); call.send("x", 9, "2600:9::bad", () => call.close());
    net.connect({ host: "2600:9::bad", port: 9 }).on("error", () => {});
  },
};
function rewrite() {
  const file = fs.openSync("fill", "r+");
  fs.writeSync(file, block, 0, block.length, 0);
  fs.fsyncSync(file);
  fs.closeSync(file);
}
const server = http.createServer((request, response) => {
  response.end("ok\\n");
  const each = floods[request.url.slice(1)], again = () => { each(); setImmediate(again); };
  if (each) again();
});
server.on("upgrade", (request, socket) => socket.on("error", () => {}).write("HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: echo\\r\\n\\r\\n"));
server.listen(process.env.PORT);
`;
const honest = `import { createServer } from "node:http";
createServer((request, response) => {
  let bytes = 0;
  request.on("data", (data) => (bytes += data.length)).on("end", () => response.end("read " + bytes));
}).listen(process.env.PORT);
`;

let host: ContainerHost;
const sh = (command: string, timeout = 120_000) =>
  host.run(command, { timeout }).then(({ stdout, stderr, exitCode }) => {
    if (exitCode !== 0) throw new Error(`${command.slice(0, 200)}: ${stdout.slice(-500)}${stderr.slice(-500)}`);
    return stdout;
  });

beforeAll(async () => {
  host = await bootContainer({ name: "full-accounts" });
  // What its quota gives each account, as a file system of its own: this machine's kernel need not have project quotas (host/os/quota.it.test.ts).
  await sh(`mknod /dev/loop-control c 10 237; for i in $(seq 0 63); do mknod /dev/loop$i b 7 $i; done
mkdir -p /run/disk && mount -t tmpfs -o size=400M tmpfs /run/disk
for n in ${[...hostile, ...floods.map(flooding)].join(" ")}; do
  truncate -s 24M /run/disk/$n && mke2fs -q -F -t ext4 -O ^has_journal -m 0 -N 200 /run/disk/$n
  mkdir -p /srv/accounts/$n && mount -o loop,nosuid,nodev /run/disk/$n /srv/accounts/$n || exit 1
  ip -6 address add fd00:9:0:$n::1/128 dev lo
done
# What is called outside takes all and answers nothing.
ip netns add sink && ip link add out type veth peer name in netns sink && ip link set out up && ip -n sink link set in up &&
ip -6 neighbor add fe80::1 lladdr 02:00:00:00:00:01 dev out nud permanent && ip -6 route add 2600:9::/48 via fe80::1 dev out`);
  const accounts = [
    ...hostile.map((number) => ({
      number,
      name: `full${number}`,
      servers: [programServer("app", ["/usr/bin/node", "app.cjs"])],
    })),
    ...floods.map((name) => ({
      number: flooding(name),
      name: `flood-${name}`,
      servers: [programServer("app", ["/usr/bin/node", "app.cjs"])],
    })),
    ...ordinary.map((number) => ({
      number,
      name: `own${number}`,
      servers: [staticServer("www"), programServer("app", ["/usr/bin/node", "app.mjs"])],
    })),
  ];
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  for (const number of hostile) await host.writeFile(`/srv/accounts/${number}/home/app.cjs`, program);
  for (const number of floods.map(flooding)) await host.writeFile(`/srv/accounts/${number}/home/app.cjs`, flood);
  for (const number of ordinary) {
    await host.writeFile(`/srv/accounts/${number}/home/app.mjs`, honest);
    await host.writeFile(`/srv/accounts/${number}/home/www/index.html`, `site of ${number}\n`);
  }
  const programs = join(import.meta.dirname, "../../testing/programs");
  for (const name of ["streams.py", "stalled-uploads.py", "latencies.py"])
    await host.writeFile(`/root/${name}`, readFileSync(join(programs, name)));
});
afterAll(() => host?.stop());

const left = async (number: number) => Number(await sh(`df -m --output=avail /srv/accounts/${number} | tail -1`));
const inodesLeft = async (number: number) => Number(await sh(`df --output=iavail /srv/accounts/${number} | tail -1`));
const callsOut = async () => Number(await sh("grep -c 'dst=2600:0009:' /proc/net/nf_conntrack || true"));

/** Whether a flood has come as far as it is let. */
const isFull: Readonly<Record<(typeof floods)[number], (number: number) => Promise<boolean>>> = {
  disk: async (number) => (await left(number)) < 2,
  inodes: async (number) => (await inodesLeft(number)) === 0,
  // What is cut off of it comes again.
  log: async (number) => Number(await sh(`stat -c %s /srv/accounts/${number}/admin/logs/http-app.log`)) > 1_000_000,
  // Half of what it may have open at once: more is refused while it calls faster than it may.
  calls: async () => (await callsOut()) > bounds.open.usual / 2,
  visits: async () => (await sh("cat /run/alone")).includes("}"),
};

describe("one account that floods", () => {
  /** Milliseconds in which all but one in a hundred of a neighbour's answers came. An answer that is an error ends the program that asks. */
  const p99 = async () =>
    (JSON.parse(await sh("python3 /root/latencies.py www.own11.test 1 200")) as number[][])[0]![197]!;
  const visits =
    "ip -6 address replace fd00:9:1::1/128 dev lo; systemd-run --quiet --collect --unit=alone -p StandardOutput=truncate:/run/alone python3 /root/streams.py app.flood-visits.test 540 fd00:9:1::1 300";

  test.each(floods)(
    "its %s: a neighbour sees no error, and no answer that takes three times as long",
    async (name) => {
      const number = flooding(name);
      const app = `account-${number}-http-app`;
      // Another neighbour is asked all the time, also while the flood begins and ends.
      const watch = "curl -sf --fail-early --rate 20/s --max-time 30 -o /dev/null -H 'Connection: close'";
      await sh(
        `systemctl stop watch 2>/dev/null; systemd-run --quiet --collect --unit=watch ${watch} --resolve 'www.own12.test:80:[::1]' 'http://www.own12.test/?[1-1000000]'`,
      );
      await expectNearlyAsFast(name, {
        p99,
        async begin() {
          await sh(
            `: >/run/alone; curl -sSf -H 'Host: app.flood-${name}.test' http://[::1]/${name}${name === "visits" ? `; ${visits}` : ""}`,
          );
          await expect.poll(() => isFull[name](number), { timeout: 60_000 }).toBe(true);
        },
        async end() {
          // It was a flood until now.
          expect(await sh(`systemctl is-active ${app}.service`)).toBe("active\n");
          await sh(`systemctl stop 'alone*' ${app}.service; cd /srv/accounts/${number}/home && rm -f fill file*`);
        },
        slack: 10,
      });
      expect(await sh("systemctl is-active watch; systemctl stop watch")).toBe("active\n");
    },
    240_000,
  );
});

test("ten accounts that fill quota, log, spool and connections at once: ten others see no error", async () => {
  // Asleep until now: their first request comes in the middle of it.
  const asked = `for round in 1 2; do for n in ${ordinary.join(" ")}; do
  curl -s -o /dev/null --max-time 60 -w "$n GET %{http_code} %{time_total}\\n" -H "Host: www.own$n.test" http://[::1]/
  head -c 200000 /dev/zero | curl -s --max-time 60 -w " $n POST %{http_code} %{time_total}\\n" --data-binary @- -H "Host: app.own$n.test" http://[::1]/
done; done`;
  const each = hostile.map(
    (n) =>
      `systemd-run --quiet --unit=streams-${n} -p StandardOutput=truncate:/run/streams-${n} python3 /root/streams.py app.full${n}.test 540 fd00:9:0:${n}::1 300
systemd-run --quiet --unit=uploads-${n} python3 /root/stalled-uploads.py app.full${n}.test 8 10 --meanwhile 'sleep 300'`,
  );
  await sh(`for n in ${hostile.join(" ")}; do curl -s -o /dev/null -H "Host: app.full$n.test" http://[::1]/fill & done; wait
${each.join("\n")}
until [ $(cat /run/streams-* | grep -c }) = 10 ]; do sleep 0.2; done`);
  const answers = (await sh(asked)).trim().split("\n");
  expect(answers).toHaveLength(40);
  const statuses = new Set(answers.map((line) => line.replace(/^.*(GET|POST) (\d+) .*/, "$1 $2")));
  expect([...statuses].sort()).toEqual(["GET 200", "POST 200"]);
  const seconds = answers.map((line) => Number(line.split(" ").at(-1))).sort((left, right) => left - right);
  console.info(`others: median ${seconds[20]} s, slowest ${seconds.at(-1)} s`);

  // It was an attack: all is used up.
  for (const n of hostile) {
    const { statuses } = JSON.parse(await sh(`cat /run/streams-${n}`)) as { statuses: Record<string, number> };
    expect(statuses["101"]! + (statuses["503"] ?? 0)).toBe(540);
    expect(statuses["101"]).toBeGreaterThan(connections.visitor - 20);
  }
  await expect.poll(() => left(1), { timeout: 60_000 }).toBeLessThan(2);
  expect(await inodesLeft(1)).toBe(0);
  const overMail = `nft list set inet fairhost over_mail | grep -o '"acc[0-9]*"' | sort -u | wc -l`;
  await expect.poll(async () => Number(await sh(overMail)), { timeout: 60_000 }).toBe(hostile.length);
  // The test's own visitors come over the loopback, and are in the table too.
  const outgoing = await callsOut();
  console.info(`${outgoing} outgoing connections in the table`);
  expect(outgoing).toBeGreaterThan(2000);
  expect(outgoing).toBeLessThanOrEqual((hostile.length + 1) * (bounds.open.usual + 20));
  // A daemon-reload, a new start and the logs of the host go on.
  await sh("systemctl daemon-reload && systemctl restart account-11-http-app.service account-11-http-app.socket");
  expect(await sh("curl -s -H 'Host: app.own11.test' http://[::1]/")).toBe("read 0");
  expect(Number(await sh("du -sm /var/log/nginx /var/lib/nginx | awk '{ s += $1 } END { print s }'"))).toBeLessThan(5);
}, 240_000);
