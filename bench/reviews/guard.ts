/**
 * Cost of a review: a change of many elements is judged, and rendered as comment, JSON and picture. It is compared with the time in which
 * the program declares both sides, in the same run because machines differ. Each change runs in its own process, so no review is warm.
 * `npm run bench:guard -- [elements]`: with the heap options of `npm run guard`. With a real engine: `npm run bench:guard-preview`.
 */
import { execFileSync } from "node:child_process";
import Table from "cli-table3";
import type { Fleet } from "../../components/registry/files.generated.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { sideOf } from "../../guard/change/side.ts";
import { formatComment } from "../../guard/report/comment.ts";
import { toJson } from "../../guard/report/json.ts";
import { toSvg } from "../../guard/report/picture.ts";
import type { Outcome } from "../../guard/verdict/outcome.ts";
import { review } from "../../guard/verdict/review.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

const { elements } = numbersAsked({ elements: 10_000 });
const today = "2026-11-24";
const { fleet } = await loadFleet("inventory/prod");
const hosts = fleet.hosts.filter(({ role, site }) => role === "accounts" && site === "par1").map(({ name }) => name);

interface Shape {
  /** Index of the host of the first account; the others follow in turn. */
  readonly first: number;
  readonly idleSeconds: number;
}

/** The example fleet with this many additional accounts, one server each. */
function withAccounts(count: number, { first, idleSeconds }: Shape): Fleet {
  const accounts = Array.from({ length: count }, (_, index): Fleet["accounts"][number] => {
    const number = 2000 + index;
    const hostnames = [`www.user${number}.example`];
    const host = hosts[(index + first) % hosts.length]!;
    const httpServers = [{ name: "site", number: 1, kind: "static" as const, root: "www", hostnames, idleSeconds }];
    return { ...fleet.accounts[0]!, number, name: `user${number}`, host, httpServers };
  });
  return { ...fleet, accounts: [...fleet.accounts, ...accounts] };
}

/** In ms: the first, cold run, which is the time of a real review; and the fastest of five, which shows the cost of the code. */
interface Cost {
  readonly first: number;
  readonly least: number;
}

function measure<T>(run: () => T): [cost: Cost, result: T] {
  const rounds: number[] = [];
  let result: T;
  for (let round = 0; round < 5; round++) {
    const begin = performance.now();
    result = run();
    rounds.push(performance.now() - begin);
  }
  return [{ first: rounds[0]!, least: Math.min(...rounds) }, result!];
}

const table = new Table({
  head: ["change", "step", "first, ms", "least, ms", "over declaring"],
  style: { compact: true, head: [], border: [] },
});

/** Measures one change. */
function bench(name: string, was: Fleet, is: Fleet): void {
  const [declaring, [before, after]] = measure((): [Declaration, Declaration] => [declare(was), declare(is)]);
  const sides = { before: sideOf(before), after: sideOf(after) };
  const [judging, result] = measure(() => review({ ...sides, approvals: [], limits: fleet.limits, today }));
  const common = { inventory: "inventory/prod", base: "main", cell: undefined, today, notices: [] };
  const outcome: Outcome = {
    kind: "reviewed",
    ...common,
    ...sides,
    review: result,
    fleet: after,
    where: () => undefined,
  };
  const [commenting, comment] = measure(() => formatComment(outcome));
  const [writing, json] = measure(() => JSON.stringify(toJson(outcome)));
  const [drawing, svg] = measure(() => toSvg(outcome));
  const parts = [judging, commenting, writing, drawing];
  const sum = (of: keyof Cost) => parts.reduce((total, part) => total + part[of], 0);
  const steps = {
    "declare both sides": declaring,
    judge: judging,
    comment: commenting,
    JSON: writing,
    picture: drawing,
    "all but declare": { first: sum("first"), least: sum("least") },
  };
  for (const [step, { first, least }] of Object.entries(steps))
    table.push([name, step, first.toFixed(0), least.toFixed(0), `${(least / declaring.least).toFixed(2)} x`]);
  const sizes = [
    `comment ${comment.length} characters`,
    `JSON ${(json.length / 1e6).toFixed(1)} MB`,
    `picture ${(svg.length / 1e3).toFixed(0)} kB`,
  ];
  console.log(
    `${name}: ${result.changes.length} changed elements, ${result.findings.length} findings, ${result.level}; ${sizes.join(", ")}`,
  );
}

const third = Math.round(elements / 3);
const still = { first: 0, idleSeconds: 300 };
const changes: Readonly<Record<string, () => [was: Fleet, is: Fleet]>> = {
  // Three elements of each account change: itself, its address, its server. Each is one step of the engine.
  "every account moves": () => [withAccounts(third, still), withAccounts(third, { ...still, first: 1 })],
  // The most expensive one: each element belongs to another account, whose files are rendered on both sides.
  "every server changes": () => [withAccounts(elements, still), withAccounts(elements, { ...still, idleSeconds: 600 })],
};
// Its own processes, one for each change, are told by the environment.
const asked = process.env.FAIRHOST_BENCH_CHANGE;
if (asked === undefined) {
  for (const name of Object.keys(changes))
    execFileSync(process.execPath, [...process.execArgv, import.meta.filename, String(elements)], {
      env: { ...process.env, FAIRHOST_BENCH_CHANGE: name },
      stdio: "inherit",
    });
} else {
  bench(asked, ...changes[asked]!());
  console.log(table.toString());
}
