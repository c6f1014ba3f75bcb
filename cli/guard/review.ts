import type { Command } from "commander";
import { placeOf } from "../../guard/change/base/base.ts";
import { reviewInventories } from "../../guard/change/from-inventories.ts";
import { levelOf } from "../../guard/report/summary.ts";
import { type OutputOptions, withOutputs, writeOutcome, writingFailure } from "../../guard/report/write.ts";
import { endingOf, withAction } from "../exit-status.ts";
import { inventoriesCommand } from "./options.ts";

interface Options extends OutputOptions {
  readonly base: string;
  readonly inventory: string;
  readonly cell?: string;
  readonly today: string;
}

/** `guard review`: judges a change of the inventory or of the program from files alone. */
export const reviewCommand: Command = withAction(
  withOutputs(inventoriesCommand("review"))
    .description(
      "Judges a change of the inventory or of the program from files alone: without Pulumi, state, secrets or hosts.",
    )
    .option("--cell <name>", "only the hosts of this cell and their accounts"),
  ["needs approval", "blocked", "failed"],
  async ({ base, inventory, cell, today, ...outputs }: Options) =>
    writingFailure({ inventory: (await placeOf(inventory)).shown, cell }, outputs, async () => {
      const outcome = await reviewInventories({ base, inventory, cell, today });
      await writeOutcome(outcome, outputs);
      return endingOf(levelOf(outcome));
    }),
);
