/**
 * `npm run bench:wake-storm [servers]`: sleeping servers of as many accounts (default 200), asked at once through the front end of a container. Prints
 * how long visitors wait, how far the order in which servers start is from the order in which they were asked, and how much memory is left. Ends with 5
 * if a request fails, a server is overtaken by more than start at once, or less memory is left than starts must leave. Needs root.
 */
import { availableParallelism } from "node:os";
import { endings } from "../cli/exit-status.ts";
import { memoryOfStart } from "../components/http/program/start-memory.ts";
import { startSlots } from "../components/http/program/start-slots.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { bootContainer } from "../lab/container.ts";
import { placeBundle, succeed } from "../testing/fakes/placed-host.ts";
import { declarationOf, programServer } from "../testing/fixtures/bundle-fixture.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { servers } = numbersAsked({ servers: 200 });
const accounts = Array.from({ length: servers }, (_, index) => ({
  ...{ number: index + 1, name: `many${index + 1}` },
  servers: [programServer("app", ["/usr/bin/node", "node.js"])],
}));

/** Asks all servers at once. Writes what came of it: statuses, seconds, and the least MiB of memory that were available. */
const visitors = `
const { readFileSync } = require("node:fs"), http = require("node:http");
const available = () => Number(/^MemAvailable: +(\\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))[1]) / 1024;
let least = available();
const looking = setInterval(() => { least = Math.min(least, available()); }, 100);
const begun = performance.now();
const seconds = () => (performance.now() - begun) / 1000;
const ask = (name) => new Promise((resolve) => {
  const request = http.get({ host: "::1", agent: false, headers: { Host: name } }, (answer) => {
    answer.resume().on("end", () => resolve([answer.statusCode, seconds()]));
  });
  request.on("error", ({ code }) => resolve([code, seconds()]));
});
Promise.all(process.argv.slice(1).map(ask)).then((answers) => {
  clearInterval(looking);
  console.log(JSON.stringify({ answers, least }));
});
`;

await using host = await bootContainer({ name: "bench-wake-storm" });
for (const { number } of accounts) {
  await host.writeFile(
    `/srv/accounts/${number}/home/node.js`,
    'require("node:http").createServer((_, answer) => answer.end("x")).listen(process.env.PORT);',
  );
}
await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
const total = Number(/^MemTotal: +(\d+)/m.exec(await succeed(host, "cat /proc/meminfo"))![1]) / 1024;
const asked = ["/usr/bin/node", "-e", visitors, ...accounts.map(({ name }) => `app.${name}.test`)];
const { stdout, stderr, exitCode } = await host.run(asked, { timeout: 600_000 });
if (exitCode !== 0) throw new Error(stderr);
const { answers, least } = JSON.parse(stdout) as { answers: [number | string, number][]; least: number };

const turns = await succeed(host, "journalctl -o cat _PID=1 | grep -E '^(Starting|Finished) fairhost-start@'");
const inOrder = (word: string) =>
  [...turns.matchAll(new RegExp(`^${word} fairhost-start@\\d+:(\\S+)`, "gm"))].map(([, unit]) => unit!);
const place = new Map(inOrder("Starting").map((unit, index) => [unit, index]));
const overtaken = Math.max(...inOrder("Finished").map((unit, index) => index - place.get(unit)!));
const slots = startSlots.perCpu * availableParallelism();
const left = total / startSlots.reserve + memoryOfStart;

const failed = answers.filter(([status]) => status !== 200);
const waits = answers.map(([, seconds]) => seconds).sort((a, b) => a - b);
const at = (part: number) => waits[Math.ceil(part * waits.length) - 1]!.toFixed(1);
console.log(
  `${servers} sleeping servers at once: ${failed.length} failed${failed.length > 0 ? ` (${[...new Set(failed.map(([status]) => status))]})` : ""}; ` +
    `half answered after ${at(0.5)} s, 95 % after ${at(0.95)} s, all after ${at(1)} s.`,
);
console.log(`Overtaken by ${overtaken} at most, of ${slots} that start at once.`);
console.log(`Memory: ${least.toFixed(0)} MiB left at least; starts leave ${left.toFixed(0)}.`);
if (failed.length > 0 || overtaken > slots || least < left) process.exitCode = endings.failed[0];
