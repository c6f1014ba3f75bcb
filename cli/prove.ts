import { Command } from "commander";
import { lostHosts } from "../components/host/hardware/lost.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { count, listed, printable } from "../lib/text/text.ts";
import { type Proof, provePairs, proveSingles } from "../policies/graph/proof.ts";
import { standing } from "../policies/graph/standing.ts";
import { run, withAction } from "./exit-status.ts";

/** Whether the fleet survives what its plans promise. Accounts that are down without any failure count as well. */
export function isProven({ counterexamples, down }: Proof): boolean {
  return counterexamples.length === 0 && down.length === 0;
}

/** The proof for a terminal: the number of failures tried and the counterexamples, one sentence a line. */
export function formatProof(proof: Proof, pairs: boolean): string {
  const tried = `Tried the failure of ${count(proof.tried, pairs ? "pair" : "element")}, one at a time: `;
  if (isProven(proof)) return `${tried}all plans keep their promises.`;
  const messages = [...proof.down, ...proof.counterexamples].map(({ message }) => printable(message));
  return [`${tried}${count(messages.length, "counterexample")}.`, ...messages].join("\n");
}

/**
 * What is left while hosts are declared lost, for a terminal: the rules and the proof count them as standing.
 */
function formatLeft({ hosts, accounts, atStandby, ...proof }: Left, pairs: boolean): string {
  const [is, it] = hosts.length === 1 ? ["is", "it"] : ["are", "them"];
  const service =
    accounts.length === 0
      ? "every account has service"
      : `${count(accounts.length, "account")} ${accounts.length === 1 ? "has" : "have"} no service (${accounts.join(", ")})`;
  const taken =
    atStandby.length === 0
      ? ""
      : `; ${count(atStandby.length, "account")} (${atStandby.join(", ")}) only once the standby has taken over`;
  return [
    `${listed(hosts)} ${is} declared lost, but counted as standing above, as the rules count ${it}.`,
    `Without ${it}, ${service}${taken}.`,
    `Without ${it}: ${formatProof(proof, pairs)}`,
  ].join("\n");
}

/** What is left of a fleet while hosts are lost. */
interface Left extends Proof {
  readonly hosts: readonly string[];
  /** Numbers of accounts that neither a host nor a standby serves. */
  readonly accounts: readonly number[];
  /** Numbers of accounts of lost hosts whose standby stands. */
  readonly atStandby: readonly number[];
}

/** @returns undefined if no host is lost */
function leftOf(declaration: Declaration, prove: (declaration: Declaration) => Proof): Left | undefined {
  const hosts = [...lostHosts(declaration.hosts)];
  if (hosts.length === 0) return undefined;
  const left = standing(declaration);
  const served = new Set(left.accounts.map(({ number }) => number));
  const numbers = (some: Declaration["accounts"]) => some.map(({ number }) => number);
  const [atStandby, accounts] = [true, false].map((is) =>
    numbers(declaration.accounts.filter(({ number, host }) => hosts.includes(host) && served.has(number) === is)),
  ) as [number[], number[]];
  return { hosts, accounts, atStandby, ...prove(left) };
}

/** `npm run prove`: proves that a fleet survives what its plans promise. */
const proveCommand = withAction(
  new Command("prove")
    .description(
      "Tries the failure of every element of a fleet, and lists accounts that go down although their plan promises otherwise.",
    )
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .option("--pairs", "try failures of two elements at once, for every two on which the same account depends")
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, { pairs = false, json = false }: { pairs?: boolean; json?: boolean }) => {
    const declaration = declare((await loadFleet(directory)).fleet);
    const prove = pairs ? provePairs : proveSingles;
    const proof = prove(declaration);
    const proven = isProven(proof);
    const left = leftOf(declaration, prove);
    if (json) console.log(JSON.stringify({ proven, ...proof, ...(left && { withoutLost: left }) }, undefined, 2));
    else console.log([formatProof(proof, pairs), ...(left ? [formatLeft(left, pairs)] : [])].join("\n"));
    return proven ? "done" : "blocked";
  },
);

if (import.meta.main) await run(proveCommand);
