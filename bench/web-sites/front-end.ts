/**
 * `npm run bench:front-end [rounds] [requests]`: requests to servers of an account, directly over their sockets, through the front end, through its web application firewall
 * at `strong` (to show what that costs; no bar), and through Debian's Caddy and Apache doing the same (a proxy to that socket, with an access log), in turn, in one container; then a cold start beside that of the same program started
 * by hand. Prints medians, of the CPU time that each way takes for a request (which says most on a busy machine), and of ratios: each is one of the round, whose ways follow one another, so that a machine that is busy for a while is so for all of them. Ends with 5 if the front end is slower than Caddy or Apache; if of a program that works for a millisecond it passes on
 * less than 0.8 of the requests a second, or with 500 connections takes more than twice as long for 99 of 100 (a program that does nothing costs less than any proxy
 * before it: there the peers are the measure); if it loses a request; or if a cold start takes more than 1.3 times as long. Needs root and Debian's packages.
 */
import Table from "cli-table3";
import { execa } from "execa";
import { endings } from "../../cli/exit-status.ts";
import { installApplication, packageFiles } from "../../testing/applications/install.ts";
import { bootKind } from "../../testing/kind-host.ts";
import { median } from "../measure/median.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

const { rounds, requests } = numbersAsked({ rounds: 5, requests: 20_000 });

const packages = await installApplication({
  name: "front-ends",
  from: { registry: "debian", packages: ["nghttp2-client", "caddy", "apache2"] },
});
/** @param work of each request */
const program = (work = "") =>
  `require("node:http").createServer((_, answer) => { ${work} answer.end("x".repeat(1000)); }).listen(process.env.PORT);`;
const app = (name: string) =>
  ({
    ...({ kind: "node", name, main: `${name}.js`, arguments: [], nodeOptions: [], directory: "." } as const),
    ...{ environment: {}, idleSeconds: 300 },
  }) as const;
const files = { kind: "static", name: "files", root: "www", idleSeconds: 300 } as const;
await using kind = await bootKind(
  "bench-front-end",
  [app("works"), app("idles"), files].flatMap((server) => [
    server,
    { ...server, name: `${server.name}-waf`, waf: { level: "strong" } as const },
  ]),
  {
    "works.js": program("for (const end = performance.now() + 1; performance.now() < end; );"),
    "idles.js": program(),
    "www/index.html": "x".repeat(1000),
  },
);
const { sh, host } = kind;
await execa("cp", ["-t", `/proc/${host.netnsPid}/root/run`, ...(await packageFiles(packages))]);
await sh("systemctl mask apache2 caddy 2>&1; dpkg --install /run/*.deb 2>&1 && rm /run/*.deb");

const socketOf = (server: string) => `/run/fairhost-http/account-1-http-${server}`;
const servers = ["works", "idles", "files"] as const;
const ports = { works: [8101, 8201], idles: [8102, 8202], files: [8103, 8203] } as const;
await host.writeFile(
  "/etc/caddy/Caddyfile",
  servers
    .map(
      (server) => `:${ports[server][0]} {
  reverse_proxy unix/${socketOf(server)}
  log {
    output file /var/log/caddy-access.log
  }
}
`,
    )
    .join(""),
);
await host.writeFile(
  "/etc/apache2/apache2.conf",
  `ServerName bench
ServerRoot /etc/apache2
PidFile /run/apache2.pid
ErrorLog /var/log/apache2/error.log
IncludeOptional mods-enabled/*.load
IncludeOptional mods-enabled/*.conf
LogFormat "%h %l %u %t \\"%r\\" %>s %O" common
CustomLog /var/log/apache2/access.log common
MaxKeepAliveRequests 0
User www-data
Group www-data
<Directory />
  Require all granted
</Directory>
# As many as the measurement opens.
<IfModule mpm_event_module>
  StartServers 16
  ServerLimit 16
  ThreadsPerChild 64
  MinSpareThreads 1024
  MaxSpareThreads 1024
  MaxRequestWorkers 1024
</IfModule>
${servers
  .map(
    (server) =>
      `Listen ${ports[server][1]}\n<VirtualHost *:${ports[server][1]}>\n  ProxyPass / "unix:${socketOf(server)}|http://localhost/"\n</VirtualHost>\n`,
  )
  .join("")}`,
);
await sh(`a2enmod -q proxy_http >/dev/null
systemd-run --quiet --unit=bench-caddy -p LimitNOFILE=100000 --setenv=HOME=/root caddy run --config /etc/caddy/Caddyfile
systemd-run --quiet --unit=bench-apache -p LimitNOFILE=100000 apache2 -D FOREGROUND
for port in ${servers.flatMap((server) => ports[server]).join(" ")}; do until curl -sfo /dev/null http://[::1]:$port/; do sleep 0.2; done; done`);

await sh("until test -S /run/fairhost-waf/socket; do sleep 0.1; done");
const ways = ["direct", "front end", "firewall", "Caddy", "Apache"] as const;
type Way = (typeof ways)[number];
const target = (server: (typeof servers)[number], way: Way): string =>
  ({
    direct: `--base-uri=unix:${socketOf(server)} http://localhost/`,
    "front end": `-H 'Host: ${server}.alice.test' http://[::1]/`,
    // With what browsers send: without it, it would refuse.
    firewall: `-H 'Host: ${server}-waf.alice.test' -H 'Accept: */*' -H 'User-Agent: Mozilla/5.0' http://[::1]/`,
    Caddy: `http://[::1]:${ports[server][0]}/`,
    Apache: `http://[::1]:${ports[server][1]}/`,
  })[way];

interface Load {
  /** Answered with success, per second. */
  readonly rate: number;
  /** Milliseconds within which 99 of 100 were answered. */
  readonly p99: number;
  readonly lost: number;
  /** Microseconds of CPU time a request of what stands before the server. */
  readonly cpu: number;
}
/** What stands before the server. */
const units: Readonly<Record<Way, readonly string[]>> = {
  direct: [],
  "front end": ["nginx"],
  firewall: ["nginx", "fairhost-waf"],
  Caddy: ["bench-caddy"],
  Apache: ["bench-apache"],
};
const cpuOf = async (way: Way) => {
  const files = units[way].map((unit) => `/sys/fs/cgroup/system.slice/${unit}.service/cpu.stat`);
  return files.length === 0
    ? 0
    : Number(await sh(`cat ${files.join(" ")} | awk '/^usage_usec/ { sum += $2 } END { print sum }'`));
};
async function load(server: (typeof servers)[number], way: Way, connections: number): Promise<Load> {
  const log = "/run/h2load.log";
  await sh(`rm -f ${log}`);
  // It is 30 times as slow, and no bar.
  const count = way === "firewall" ? Math.max(connections, Math.ceil(requests / 10)) : requests;
  const before = await cpuOf(way);
  const said = await sh(`h2load --h1 -n ${count} -c ${connections} --log-file=${log} ${target(server, way)}`);
  const [answered] = (/status codes: (\d+) 2xx/.exec(said) ?? []).slice(1).map(Number);
  if (!answered) throw new Error(`${server}, ${way}: nothing was answered:\n${said}`);
  const cpu = ((await cpuOf(way)) - before) / count;
  const micros = await sh(`awk '$2 == 200 { print $3 }' ${log} | sort -n | sed -n ${Math.ceil(answered * 0.99)}p`);
  return { rate: Number(/([\d.]+) req\/s/.exec(said)![1]), p99: Number(micros) / 1000, lost: count - answered, cpu };
}

let missed = false;
for (const server of servers)
  for (const connections of [16, 500]) {
    const table = new Table({
      head: ["server", "connections", "way", "requests/s", "of direct", "p99, ms", "of direct", "lost", "CPU, µs"],
    });
    const seen: Record<Way, Load[]> = { direct: [], "front end": [], firewall: [], Caddy: [], Apache: [] };
    // The first of each warms what is to be warm.
    for (let round = -1; round < rounds; round++)
      for (const way of ways) {
        const one = await load(server, way, connections);
        if (round >= 0) seen[way].push(one);
      }
    const of = (way: Way, what: keyof Load) => median(seen[way].map((one) => one[what]));
    const to = (other: Way, way: Way, what: keyof Load) =>
      median(seen[way].map((one, round) => one[what] / seen[other][round]![what]));
    for (const way of ways) {
      const ratio = { rate: to("direct", way, "rate"), p99: to("direct", way, "p99") };
      const lost = seen[way].reduce((sum, one) => sum + one.lost, 0);
      table.push([
        ...[server, connections, way, of(way, "rate").toFixed(0), ratio.rate.toFixed(2)],
        ...[of(way, "p99").toFixed(1), ratio.p99.toFixed(2), lost, of(way, "cpu").toFixed(0)],
      ]);
      if (way !== "front end") continue;
      missed ||= lost > 0 || to("Caddy", way, "rate") < 1 || to("Apache", way, "rate") < 1;
      if (server === "works") missed ||= ratio.rate < 0.8 || (connections === 500 && ratio.p99 > 2);
    }
    console.log(table.toString());
  }

/** Seconds until a request is answered, by the shell's clock. */
const timed = (start: string, ask: string) =>
  sh(
    `begin=$(date +%s%N); ${start} until curl -sfo /dev/null ${ask}; do sleep 0.01; done; echo $((($(date +%s%N) - begin) / 1000000))`,
  ).then((text) => Number(text) / 1000);
const cold = { woken: [] as number[], byHand: [] as number[] };
for (let round = -1; round < rounds; round++) {
  await sh("systemctl stop account-1-http-idles.service");
  const woken = await timed("", "-H 'Host: idles.alice.test' http://[::1]/");
  const byHand = await timed(
    "PORT=8301 node /srv/accounts/1/home/idles.js <&- >/dev/null 2>&1 & ",
    "http://[::1]:8301/",
  );
  await sh("pkill -f '^node /srv/accounts/1/home/idles.js'");
  if (round < 0) continue;
  cold.woken.push(woken);
  cold.byHand.push(byHand);
}
const ratio = median(cold.woken.map((seconds, round) => seconds / cold.byHand[round]!));
console.log(
  `cold start: ${median(cold.woken).toFixed(2)} s, by hand ${median(cold.byHand).toFixed(2)} s: ${ratio.toFixed(2)} of it (at most 1.3)`,
);
if (missed || ratio > 1.3) process.exitCode = endings.failed[0];
