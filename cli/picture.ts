import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { declare } from "../fleet/declare/declare.ts";
import { failedWithout, findElement } from "../fleet/draw/failed.ts";
import { fleetSvg } from "../fleet/draw/svg.ts";
import { formatTable, rowsOf } from "../fleet/draw/table.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { count, printable } from "../lib/text.ts";
import { serviceGraph } from "../policies/graph/service-graph.ts";
import { run, withAction } from "./exit-status.ts";

/** A fleet in the three forms the command gives it. */
export interface Picture {
  /** For a terminal, 100 columns at most. */
  readonly text: string;
  readonly svg: string;
  /** For programs: one row a host; what is cut, what goes dark with it, and how many accounts. */
  readonly json: unknown;
}

/**
 * Pictures of a fleet, from its inventory alone.
 * @param without elements to take away, as in the proof's sentences: `chain a of hall one at alpha`; a name alone if it is clear
 * @throws InventoryError if the fleet does not load; UserError if there is no such element
 */
export async function picture(directory: string, without: readonly string[]): Promise<Picture> {
  const declaration = declare((await loadFleet(directory)).fleet);
  const graph = serviceGraph(declaration);
  const cut = without.map((words) => findElement(graph, words));
  const failed = failedWithout(graph, cut);
  const rows = rowsOf(declaration, failed);
  const dark = [...failed.accounts.values()].reduce((sum, one) => sum + one, 0);
  const lost = [...failed.states].flatMap(([name, state]) => (state === "dark" ? [name] : []));
  const summary = `Without ${failed.cut.join(" and ")}: ${count(lost.length, "other element")} down, ${count(dark, "account")} dark.`;
  return {
    text: [formatTable(rows), ...(cut.length > 0 ? [printable(summary)] : [])].join("\n"),
    svg: fleetSvg(declaration, failed),
    json: { hosts: rows, cut: failed.cut, dark: lost, darkAccounts: dark },
  };
}

/** `npm run picture`: a fleet as a table and as a drawing. */
const pictureCommand = withAction(
  new Command("picture")
    .description("Shows a fleet as a table and draws it as SVG, on request with what a failure takes along in red.")
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .option("--svg <file>", "write the picture there")
    .option("--without <element...>", 'take this away, for example "chain a of hall hall-1 at lab" or web1')
    .option("--json", "print one JSON document for programs"),
  ["blocked"],
  async (directory: string, options: { svg?: string; without?: string[]; json?: true }) => {
    const { svg: file, without = [], json } = options;
    const drawn = await picture(directory, without);
    if (file !== undefined) await writeFile(file, drawn.svg);
    console.log(json ? JSON.stringify(drawn.json, undefined, 2) : drawn.text);
  },
);

if (import.meta.main) await run(pictureCommand);
