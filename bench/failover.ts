/**
 * `npm run bench:failover [rounds]`: how long accounts are out of reach when a link, switch, router, operator or host fails, natively in namespaces.
 * Builds the network of `inventory/trial`, cuts each element in turn while 200 requests a second go to the accounts, over IPv6 and IPv4, and gives it
 * back. Prints for each kind of element the longest time without an answer of accounts that stay, of all rounds: in milliseconds and in intervals of
 * BFD. An account is asked every 40 ms, so a gap has up to so much of waiting; one in which no request was lost is the machine's own and no gap. Ends
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
import { losses } from "../policies/graph/losses.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { rounds } = numbersAsked({ rounds: 3 });

/** Intervals of BFD that accounts may be out of reach: 300 ms, and a second. A lost host takes its own accounts along, and must not take others. */
const most = { link: 1.5, switch: 1.5, router: 5, operator: 5, host: 1.5 } as const satisfies Partial<
  Record<Failure, number>
>;
type Cut = keyof typeof most;

const declaration = declare((await loadFleet("inventory/trial")).fleet);
const expected = losses(declaration).filter(({ failure }) => failure in most);
await using stage = await Stage.build(declaration);
const outcomes: Outcome[] = [];
for (let round = 0; round < rounds; round++) outcomes.push(...(await tryProof(stage, declaration, expected)).outcomes);

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
for (const kind of Object.keys(most) as Cut[]) {
  const own = outcomes.filter(({ failure }) => failure === kind);
  const gapsOf = (of: "cut" | "restored") => own.map((each) => (each[of].lost === 0 ? 0 : each[of].longestGap));
  const lost = (of: "cut" | "restored") => Math.max(...own.map((each) => each[of].lost));
  const [gaps, later] = [gapsOf("cut"), gapsOf("restored")];
  table.push([kind, own.length, shown(gaps), lost("cut"), shown(later), lost("restored"), most[kind]]);
  for (const [index, { element }] of own.entries())
    for (const [what, gap] of [["cut", gaps[index]!] as const, ["given back", later[index]!] as const])
      if (gap > most[kind] * bfd.intervalMs) tooLong.push(`${element}, ${what}: ${gap} ms`);
}
console.log([table.toString(), ...tooLong].join("\n"));
for (const { element, agrees, down } of outcomes)
  if (!agrees) console.log(`${element}: accounts ${down.join(", ") || "none"} were down, which the proof does not say`);
if (tooLong.length > 0 || outcomes.some(({ agrees }) => !agrees)) process.exitCode = endings.failed[0];
