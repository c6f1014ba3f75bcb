import { Command } from "commander";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { count, printable } from "../lib/text.ts";
import { type Proof, provePairs, proveSingles } from "../policies/graph/proof.ts";
import { run, withAction } from "./exit-status.ts";

/** Whether the fleet survives what its plans promise. Accounts that are dark with nothing cut count against it as well. */
export function isProven({ counterexamples, dark }: Proof): boolean {
  return counterexamples.length === 0 && dark.length === 0;
}

/** The proof for a terminal: how many were taken away, and what that showed, one sentence a line. */
export function formatProof(proof: Proof, pairs: boolean): string {
  const taken = `${count(proof.tried, pairs ? "pair" : "element")} taken away, one at a time: `;
  if (isProven(proof)) return `${taken}no account loses what its plan promises.`;
  const messages = [...proof.dark, ...proof.counterexamples].map(({ message }) => printable(message));
  return [`${taken}${count(messages.length, "counterexample")}.`, ...messages].join("\n");
}

/** `npm run prove`: whether a fleet survives what its plans promise. */
const proveCommand = withAction(
  new Command("prove")
    .description("Takes every element of a fleet away and tells which accounts lose what their plan promises.")
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .option("--pairs", "take away every two elements together that some account depends on both of")
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, { pairs = false, json = false }: { pairs?: boolean; json?: boolean }) => {
    const declaration = declare((await loadFleet(directory)).fleet);
    const proof = pairs ? provePairs(declaration) : proveSingles(declaration);
    const proven = isProven(proof);
    if (json) console.log(JSON.stringify({ proven, ...proof }, undefined, 2));
    else if (proven) console.log(formatProof(proof, pairs));
    else console.error(formatProof(proof, pairs));
    return proven ? "done" : "blocked";
  },
);

if (import.meta.main) await run(proveCommand);
