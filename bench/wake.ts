/**
 * `npm run bench:wake [rounds] [-- --write]`: what it takes until a sleeping server of each kind serves, in a container: CPU time of all that runs for it, time
 * until the first answer, and most memory. Times are multiples of `node -e 0`, in turn in the same run. Compares with what is stored (`wake.json` beside each
 * kind), from which hosts have their places for starts and the rule `wakes-in-time` its sums; `--write` stores it. Ends with 5 if a start takes more than
 * 1.5 times what is stored, a reference start more than the rules expect of a host's cores, or servers of many accounts that start at once more than the rule's
 * bound. Needs root.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { serverSamples } from "../components/http/kinds/server-fixtures.generated.ts";
import { servers } from "../components/http/kinds/servers.generated.ts";
import { referenceSeconds, type Wake } from "../components/http/kinds/wake.ts";
import { turn } from "../components/http/program/start-slots.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { bootContainer } from "../lab/container.ts";
import { awakeOf, wakeBudget } from "../policies/wake-budget.ts";
import { placeBundle } from "../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../testing/fixtures/bundle-fixture.ts";
import { bootKind } from "../testing/kind-host.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { rounds, write } = numbersAsked({ rounds: 9 }, { write: "store what is measured" });

/** Of each kind the server of a small program. */
const smallest = serverSamples.flatMap(({ small }) => small ?? []);
const listen = (port: string) => `require("node:http").createServer((_, answer) => answer.end("x")).listen(${port});`;
const unitOf = (name: string) => `account-1-http-${name}.service`;

await using kind = await bootKind(
  "bench-wake",
  [...smallest.map(({ server }) => server), programServer("target", ["/usr/bin/node", "target.js"])],
  Object.assign(
    // The proxy's.
    { "target.js": `${listen("process.env.PORT")}${listen("9100")}` },
    ...smallest.map(({ files }) => files),
  ),
);
const { sh, host } = kind;
await host.writeFile(
  "/run/took",
  `#!/bin/sh
# took COMMAND...: its CPU microseconds, by all that runs in the container, and its microseconds.
used() { sed -n 's/^usage_usec //p' /sys/fs/cgroup/cpu.stat; }
cpu=$(used) begun=$(date +%s%N)
"$@" >/dev/null || exit 1
ended=$(date +%s%N)
echo $(($(used) - cpu)) $(((ended - begun) / 1000))
`,
  0o755,
);
await host.writeFile(
  "/run/most",
  `#!/bin/sh
# most UNIT COMMAND...: most KiB of memory that the unit's processes have until the command ends. Shared pages count for each as its part.
unit=$1
shift
"$@" >/dev/null &
most=0
look() {
  for group in $(find /sys/fs/cgroup -name "$unit"); do
    now=$(sed 's|.*|/proc/&/smaps_rollup|' "$group/cgroup.procs" | xargs cat 2>/dev/null | awk '/^Pss:/ { sum += $2 } END { print sum + 0 }')
    [ "$now" -le $most ] || most=$now
  done
}
while kill -0 $! 2>/dev/null; do look; done
look
echo $most
`,
  0o755,
);

/** What is measured: a unit, and the command that starts it and ends when it serves. */
const starts = [
  ...smallest.map(({ server: { kind, name } }) => ({
    ...{ name, directory: `kinds/${kind}`, unit: unitOf(name), stored: servers[kind].wake as Wake },
    begin: `curl -sf -o /dev/null -m 100 -H 'Host: ${name}.alice.test' http://[::1]/`,
  })),
  {
    ...{ name: "turn", directory: "program", unit: "fairhost-start@0:account-1-http-node.service", stored: turn },
    begin: "systemctl start fairhost-start@0:account-1-http-node.service",
  },
];
const reference = "systemd-run -q -p Type=oneshot -p RemainAfterExit=yes --unit=reference /usr/bin/node -e 0";

async function asleep(name: string): Promise<void> {
  await sh(`systemctl stop 'account-1-http-*.service' && rm -f /run/fairhost-starts/starting/*`);
  // A proxy's target is no part of it.
  if (name === "proxy") await kind.getUntil("target", ({ status }) => status === 200, 60);
}

const took = new Map(starts.map(({ name }) => [name, { cpu: [], wall: [], memory: [] } as Record<string, number[]>]));
const seconds: number[] = [];
// The first of each warms caches.
for (let round = -1; round < rounds; round++) {
  for (const { name, unit, begin } of starts) {
    const [cpuOfOne, wallOfOne] = await referenceStart();
    await asleep(name);
    const [cpu, wall] = (await sh(`/run/took ${begin}`)).split(" ").map(Number) as [number, number];
    await asleep(name);
    const memory = Number(await sh(`/run/most '${unit}' ${begin}`));
    if (round < 0) continue;
    const own = took.get(name)!;
    own.cpu!.push(cpu / cpuOfOne);
    own.wall!.push(wall / wallOfOne);
    own.memory!.push(memory / 1024);
    seconds.push(cpuOfOne / 1e6);
  }
}

/** @returns its CPU microseconds, and its microseconds */
async function referenceStart(): Promise<[number, number]> {
  await sh(reference);
  const said = await sh(
    "systemctl show -p CPUUsageNSec -p ExecMainStartTimestampMonotonic -p ExecMainExitTimestampMonotonic reference; systemctl stop reference",
  );
  const value = (key: string) => Number(new RegExp(`^${key}=(\\d+)$`, "m").exec(said)![1]);
  return [
    value("CPUUsageNSec") / 1000,
    value("ExecMainExitTimestampMonotonic") - value("ExecMainStartTimestampMonotonic"),
  ];
}

/** Two digits, never less than what was measured. */
function rounded(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit) * unit).toPrecision(2));
}

let worse = false;
const table = new Table({ head: ["start", "CPU, of node -e 0", "time, of node -e 0", "memory, MiB"] });
for (const { name, directory, stored } of starts) {
  const { cpu, wall, memory } = took.get(name)!;
  const now: Wake = {
    cpu: rounded(median(cpu!)),
    wall: rounded(median(wall!)),
    memoryMb: rounded(Math.max(...memory!)),
  };
  const file = join(import.meta.dirname, "../components/http", directory, "wake.json");
  const pairs = Object.entries(now).map(([key, value]) => `"${key}": ${value}`);
  if (write) writeFileSync(file, `{ ${pairs.join(", ")} }\n`);
  const beside = (key: keyof Wake) => `${now[key]} (stored ${stored[key]})`;
  worse ||= !write && (now.cpu > 1.5 * stored.cpu || now.memoryMb > 1.5 * stored.memoryMb);
  table.push([name, beside("cpu"), beside("wall"), beside("memoryMb")]);
}
console.log(table.toString());

/** Servers of many accounts that never rest, started at once as after a reboot: how long until all answer, beside the rule's bound. */
async function storm(count: number): Promise<{ readonly took: number; readonly bound: number }> {
  const accounts = Array.from({ length: count }, (_, index) => ({
    ...{ number: index + 1, name: `many${index + 1}` },
    servers: [programServer("app", ["/usr/bin/node", "node.js"], { idleSeconds: 0 })],
  }));
  const declaration = declarationOf(accounts);
  await using host = await bootContainer({ name: "bench-wake-storm" });
  for (const { number } of accounts) {
    await host.writeFile(`/srv/accounts/${number}/home/node.js`, listen("process.env.PORT"));
  }
  await placeBundle(host, renderBundle(declaration, "web1"));
  const ask = accounts.map(
    ({ name }) => `curl -sf -o /dev/null -m 280 -H 'Host: app.${name}.test' http://[::1]/ & all="$all $!"`,
  );
  const all = `all=; ${ask.join("; ")}; for one in $all; do wait $one || exit 1; done`;
  const patient = async (command: string) => {
    const { exitCode, stderr } = await host.run(["sh", "-c", command], { timeout: 300_000 });
    if (exitCode !== 0) throw new Error(`not all of ${count} servers answered: ${stderr}`);
  };
  await patient(all);
  await patient("systemctl stop 'account-*-http-app.service'; rm -f /run/fairhost-starts/starting/*");
  const begun = performance.now();
  await patient(
    `systemctl start --no-block ${accounts.map(({ number }) => `account-${number}-http-app.service`).join(" ")}; ${all}`,
  );
  const took = (performance.now() - begun) / 1000;
  return { took, bound: wakeBudget(availableParallelism(), [...awakeOf(declaration).values()], 0).seconds };
}

const { took: stormTook, bound } = await storm(24);
console.log(
  `24 servers at once: all answer after ${stormTook.toFixed(1)} s; the rule's bound is ${bound.toFixed(1)} s.`,
);
const own = median(seconds);
console.log(
  `node -e 0 takes ${own.toFixed(3)} CPU seconds here; the rules expect at most ${referenceSeconds} of hosts.`,
);
if (worse || own > referenceSeconds || stormTook > bound) process.exitCode = endings.failed[0];
