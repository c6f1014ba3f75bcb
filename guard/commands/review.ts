import { Command, InvalidArgumentError } from "commander";
import { printable } from "../../inventory/problem.ts";
import { utcToday } from "../../policies/today.ts";
import { exitHelp, exitStatus } from "../exit-status.ts";
import { reviewInventories } from "../from-inventories.ts";
import { levelOf } from "../report/summary.ts";
import { formatText } from "../report/text.ts";

interface Options {
  readonly base: string;
  readonly inventory: string;
  readonly cell?: string;
  readonly today: string;
}

/** `guard review`: judges a change of the inventory, or of the program, from files alone. */
export const reviewCommand = new Command("review")
  .description(
    "Judges what a change of the inventory or of the program would do: from files alone, without engine, state, secrets or hosts.",
  )
  .requiredOption(
    "--base <ref|directory>",
    "what to compare the working tree with: a commit by any name, or a fleet's directory",
  )
  .option("--inventory <directory>", "the fleet to judge", "inventory/prod")
  .option("--cell <name>", "only the hosts of this cell and what lives on them")
  .option("--today <day>", "judge what depends on the day as on this one, ISO 8601", day, utcToday())
  .addHelpText("after", exitHelp)
  .action(async (options: Options) => {
    try {
      const outcome = await reviewInventories({ ...options, cell: options.cell });
      process.stdout.write(formatText(outcome));
      process.exitCode = exitStatus[levelOf(outcome)];
    } catch (error) {
      console.error(`Not reviewed: ${(error as Error).message.split("\n").map(printable).join("\n")}`);
      process.exitCode = exitStatus["not reviewed"];
    }
  });

/** A day as commander reads it. */
export function day(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError("Write a day such as 2026-11-22.");
}
