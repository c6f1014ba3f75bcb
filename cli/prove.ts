import { Command } from "commander";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { count, printable } from "../lib/text/text.ts";
import { type Proof, provePairs, proveSingles } from "../policies/graph/proof.ts";
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
    const proof = pairs ? provePairs(declaration) : proveSingles(declaration);
    const proven = isProven(proof);
    console.log(json ? JSON.stringify({ proven, ...proof }, undefined, 2) : formatProof(proof, pairs));
    return proven ? "done" : "blocked";
  },
);

if (import.meta.main) await run(proveCommand);
