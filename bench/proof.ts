/**
 * Cost of the N-1 proof of a large fleet: time, and memory of the whole process including the fleet.
 * `node bench/proof.ts [hosts] [accounts]`
 */

import { endings } from "../cli/exit-status.ts";
import { proveSingles } from "../policies/graph/proof.ts";
import { declarationFixture } from "../testing/fixtures/fixture.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { hosts, accounts } = numbersAsked({ hosts: 100, accounts: 30_000 });
/** Limits for the default fleet. */
const [mostSeconds, mostMb] = [2, 500];

const declaration = declarationFixture({ hosts, accounts });
const megabytes = () => process.resourceUsage().maxRSS / 1024;
const before = megabytes();
const begin = performance.now();
const { tried, counterexamples } = proveSingles(declaration);
const seconds = (performance.now() - begin) / 1000;
console.log(`${tried} elements tried, ${hosts} hosts, ${accounts} accounts: ${seconds.toFixed(2)} s`);
console.log(`memory at most ${megabytes().toFixed(0)} MiB, including ${before.toFixed(0)} MiB before the proof`);
if (counterexamples.length > 0 || seconds > mostSeconds || megabytes() > mostMb) process.exitCode = endings.failed[0];
