import Table from "cli-table3";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { Stage } from "../../lab/trial/stage.ts";
import { type Outcome, type Trial, tryProof } from "../../lab/trial/trial.ts";
import { linesOf } from "../../lab/trial/ways.ts";
import { count } from "../../lib/text/text.ts";
import { losses } from "../../policies/graph/losses.ts";

/** Tries the proof of a fleet on its network in namespaces. @param only names of elements; empty for all */
export async function proveOnNetwork(
  directory: string,
  only: readonly string[],
  progress: (line: string) => void,
): Promise<Trial> {
  const declaration = declare((await loadFleet(directory)).fleet);
  const expected = losses(declaration).filter(({ name }) => only.length === 0 || only.includes(name));
  await using stage = await Stage.build(declaration, progress);
  return await tryProof(stage, declaration, expected, progress);
}

/** A trial for a terminal: a row an element. */
export function formatTrial(trial: Trial): string {
  const { outcomes } = trial;
  const head = [
    "element",
    "down",
    "as proven",
    "longest gap",
    "lost",
    "restored: gap",
    "lost",
    "ways while it was cut",
  ];
  const table = new Table({
    head,
    style: { head: [], border: [] },
    colAligns: ["left", "left", "left", "right", "right", "right", "right", "left"],
  });
  for (const each of outcomes)
    table.push([
      each.element,
      accountsIn(each.down),
      each.agrees ? "yes" : `NO: ${accountsIn(each.expected)}`,
      `${each.cut.longestGap} ms`,
      each.cut.lost,
      `${each.restored.longestGap} ms`,
      each.restored.lost,
      linesOf(each.ways).join("\n"),
    ]);
  return `${table.toString()}\n${verdictOf(trial)} Gaps and losses are of accounts that stay.`;
}

/** What a trial has shown, in words. */
export function verdictOf({ outcomes, untried }: Trial): string {
  const others = disagreements(outcomes).length;
  const wrong = outcomes.filter((outcome) => outcome.wrong.length > 0).length;
  const lost = wrong === 0 ? "" : ` With ${count(wrong, "element")} cut, packets went round or were lost on their way.`;
  const verdict = others === 0 ? "the proof holds for all of them" : `the proof is wrong about ${others}`;
  const rest =
    untried.length === 0
      ? ""
      : ` ${count(untried.length, "element")} not tried: disks, power and places are not part of the network.`;
  return `Tried ${count(outcomes.length, "element")}: ${verdict}.${lost}${rest}`;
}

export function disagreements(outcomes: readonly Outcome[]): readonly Outcome[] {
  return outcomes.filter(({ agrees }) => !agrees);
}

const accountsIn = (numbers: readonly number[]) => (numbers.length === 0 ? "none" : numbers.join(", "));
