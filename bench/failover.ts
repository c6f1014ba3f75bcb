/**
 * `npm run bench:failover [rounds]`: how long accounts are out of reach when a link, switch, router, operator or host fails, natively in namespaces.
 * Builds the network of `inventory/trial`, cuts each element in turn while 200 requests a second go to the accounts, over IPv6 and IPv4, and gives it
 * back; then lets each router and operator hang, with its carriers up. Prints for each kind of element the longest time without an answer of accounts
 * that stay, of all rounds: in milliseconds and in intervals of BFD; and for each element the ways that packets took meanwhile, in the last round. An account is asked every 40 ms, so a gap has up to so much of waiting; one in which no request was lost is the machine's own and no gap. Ends
 * with 5 if one is longer than allowed, or the proof is wrong. Needs root.
 */
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import type { Failure } from "../components/inputs.ts";
import { bfd } from "../components/network/router-systems/router-system.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { Stage } from "../lab/trial/stage.ts";
import { type Outcome, tryProof } from "../lab/trial/trial.ts";
import { linesOf } from "../lab/trial/ways.ts";
import { losses } from "../policies/graph/losses.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { rounds } = numbersAsked({ rounds: 3 });

/** Intervals of BFD that accounts may be out of reach: 300 ms, and a second. A lost host takes its own accounts along, and must not take others. */
const kinds: readonly { readonly failure: Failure; readonly how: "cut" | "hang"; readonly most: number }[] = [
  { failure: "link", how: "cut", most: 1.5 },
  { failure: "switch", how: "cut", most: 1.5 },
  { failure: "router", how: "cut", most: 5 },
  { failure: "operator", how: "cut", most: 5 },
  { failure: "host", how: "cut", most: 1.5 },
  { failure: "router", how: "hang", most: 5 },
  { failure: "operator", how: "hang", most: 5 },
];

const declaration = declare((await loadFleet("inventory/trial")).fleet);
await using stage = await Stage.build(declaration);
const outcomes: (Outcome & { readonly how: "cut" | "hang" })[] = [];
for (let round = 0; round < rounds; round++)
  for (const how of ["cut", "hang"] as const) {
    const tried = losses(declaration).filter((each) =>
      kinds.some((kind) => kind.how === how && kind.failure === each.failure),
    );
    const { outcomes: seen } = await tryProof(stage, declaration, tried, () => {}, how);
    outcomes.push(...seen.map((each) => ({ ...each, how })));
  }

const intervals = (milliseconds: number) => milliseconds / bfd.intervalMs;
const shown = (milliseconds: readonly number[]) => {
  const longest = Math.max(...milliseconds);
  return `${median(milliseconds).toFixed(0)} to ${longest} ms (${intervals(longest).toFixed(1)})`;
};
const table = new Table({
  head: ["cut", "times", "gap: median to longest (intervals)", "lost", "given back: gap", "lost", "allowed"],
  style: { head: [], border: [] },
});
const tooLong: string[] = [];
for (const { failure, how, most } of kinds) {
  const own = outcomes.filter((each) => each.failure === failure && each.how === how);
  const gapsOf = (of: "cut" | "restored") => own.map((each) => (each[of].lost === 0 ? 0 : each[of].longestGap));
  const lost = (of: "cut" | "restored") => Math.max(...own.map((each) => each[of].lost));
  const [gaps, later] = [gapsOf("cut"), gapsOf("restored")];
  const name = how === "hang" ? `${failure} that hangs` : failure;
  table.push([name, own.length, shown(gaps), lost("cut"), shown(later), lost("restored"), most]);
  for (const [index, { element }] of own.entries())
    for (const [what, gap] of [["cut", gaps[index]!] as const, ["given back", later[index]!] as const])
      if (gap > most * bfd.intervalMs) tooLong.push(`${element}, ${how}, ${what}: ${gap} ms`);
}
const last = outcomes.slice(-outcomes.length / rounds);
const ways = last.map(
  ({ element, how, ways }) => `${element}${how === "hang" ? " hangs" : ""}: ${linesOf(ways).join(", ")}`,
);
console.log([table.toString(), ...ways, ...tooLong].join("\n"));
for (const { element, agrees, down } of outcomes)
  if (!agrees) console.log(`${element}: accounts ${down.join(", ") || "none"} were down, which the proof does not say`);
if (tooLong.length > 0 || outcomes.some(({ agrees }) => !agrees)) process.exitCode = endings.failed[0];
