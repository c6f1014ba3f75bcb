import type { Command } from "commander";
import { reviewInventories } from "../../guard/change/from-inventories.ts";
import { levelOf } from "../../guard/report/summary.ts";
import { type OutputOptions, withOutputs, writeFailure, writeOutcome } from "../../guard/report/write.ts";
import { exitHelp, exitStatus } from "../exit-status.ts";
import { attempt, inventoriesCommand } from "./options.ts";

interface Options extends OutputOptions {
  readonly base: string;
  readonly inventory: string;
  readonly cell?: string;
  readonly today: string;
}

/** `guard review`: judges a change of the inventory, or of the program, from files alone. */
export const reviewCommand: Command = withOutputs(inventoriesCommand("review"))
  .description(
    "Judges what a change of the inventory or of the program would do: from files alone, without engine, state, secrets or hosts.",
  )
  .option("--cell <name>", "only the hosts of this cell and what lives on them")
  .addHelpText("after", exitHelp)
  .action(({ base, inventory, cell, today, ...outputs }: Options) =>
    attempt(
      "Not reviewed",
      async () => {
        const outcome = await reviewInventories({ base, inventory, cell, today });
        await writeOutcome(outcome, outputs);
        return exitStatus[levelOf(outcome)];
      },
      (reason) => writeFailure({ inventory, cell }, reason, outputs),
    ),
  );
