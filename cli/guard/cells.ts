import type { Command } from "commander";
import { touchedCells } from "../../guard/change/cells.ts";
import { withAction } from "../exit-status.ts";
import { inventoriesCommand } from "./options.ts";

/** `guard cells`: the cells that a pipeline has to review. */
export const cellsCommand: Command = withAction(
  inventoriesCommand("cells").description(
    "Prints the cells that a change touches as one JSON list, for a pipeline's matrix.",
  ),
  ["blocked", "failed"],
  async ({ base, inventory }: { base: string; inventory: string }) => {
    console.log(JSON.stringify(await touchedCells({ base, inventory })));
  },
);
