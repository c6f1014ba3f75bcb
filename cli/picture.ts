import { writeFile } from "node:fs/promises";
import { Command } from "commander";
import { serviceGraph } from "../components/service-graph/service-graph.ts";
import { declare } from "../fleet/declare/declare.ts";
import { failedWithout, findElement } from "../fleet/draw/failed.ts";
import { fleetSvg } from "../fleet/draw/svg.ts";
import { formatTable, rowsOf } from "../fleet/draw/table.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { count, printable } from "../lib/text/text.ts";
import { run, withAction } from "./exit-status.ts";

/** A fleet in the three forms that the command prints. */
export interface Picture {
  /** For a terminal, 100 columns at most. */
  readonly text: string;
  readonly svg: string;
  /** For programs: one row a host; failed elements, elements that go down with them, and the number of accounts. */
  readonly json: unknown;
}

/**
 * Pictures of a fleet, from its inventory alone.
 * @param without elements that fail, as in the proof's sentences: `chain a of hall one at alpha`; the name alone if it is unique
 * @throws InventoryError if the fleet does not load; UserError if there is no such element
 */
export async function picture(directory: string, without: readonly string[]): Promise<Picture> {
  const declaration = declare((await loadFleet(directory)).fleet);
  const graph = serviceGraph(declaration);
  const cut = without.map((words) => findElement(graph, words));
  const failed = failedWithout(graph, cut);
  const rows = rowsOf(declaration, failed);
  const downAccounts = [...failed.accounts.values()].reduce((sum, one) => sum + one, 0);
  const down = [...failed.states].flatMap(([name, state]) => (state === "down" ? [name] : []));
  const summary = `Without ${failed.cut.join(" and ")}: ${count(down.length, "other element")} down, ${count(downAccounts, "account")} down.`;
  return {
    text: [formatTable(rows), ...(cut.length > 0 ? [printable(summary)] : [])].join("\n"),
    svg: fleetSvg(declaration, failed),
    json: { hosts: rows, cut: failed.cut, down, downAccounts },
  };
}

/** `npm run picture`: a fleet as a table and as a drawing. */
const pictureCommand = withAction(
  new Command("picture")
    .description("Shows a fleet as a table, or draws it as SVG; on request with the effect of a failure in red.")
    .argument("<directory>", "the fleet's directory, for example inventory/prod")
    .option("--svg <file>", "write the picture to this file")
    .option(
      "--without <element...>",
      'show the fleet after the failure of this, for example "chain a of hall hall-1 at lab" or web1',
    )
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
