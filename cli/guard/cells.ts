import type { Command } from "commander";
import { touchedCells } from "../../guard/change/cells.ts";
import { withAction } from "../exit-status.ts";
import { inventoriesCommand } from "./options.ts";

/** `guard cells`: which cells a pipeline has to look at. */
export const cellsCommand: Command = withAction(
  inventoriesCommand("cells").description(
    "Prints the cells that a change touches, as one JSON list: a pipeline's matrix.",
  ),
  ["blocked", "failed"],
  async ({ base, inventory }: { base: string; inventory: string }) => {
    console.log(JSON.stringify(await touchedCells({ base, inventory })));
  },
);
