import type { Command } from "commander";
import { touchedCells } from "../../guard/change/cells.ts";
import { exitStatus } from "../exit-status.ts";
import { attempt, inventoriesCommand } from "./options.ts";

/** `guard cells`: which cells a pipeline has to look at. */
export const cellsCommand: Command = inventoriesCommand("cells")
  .description("Prints the cells that a change touches, as one JSON list: a pipeline's matrix.")
  .addHelpText(
    "after",
    `\nExit status: ${exitStatus.safe}, also for an empty list; ${exitStatus["wrong usage"]} wrong usage, ${exitStatus["not reviewed"]} nothing to compare with.`,
  )
  .action(({ base, inventory }: { base: string; inventory: string }) =>
    attempt("No cells", async () => {
      console.log(JSON.stringify(await touchedCells({ base, inventory })));
      return exitStatus.safe;
    }),
  );
