import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { cellsOf, routersCell } from "../components/declaring.ts";
import { readSource } from "../fleet/load/source.ts";

/** Settings of one stack, as far as they say what it holds. */
export interface StackSettings {
  readonly stack: string;
  /** Absolute directory of its fleet. */
  readonly inventory: string;
  /** Absent: all hosts. */
  readonly cell?: string;
}

/** Settings of all stacks of a project (`Pulumi.<stack>.yaml`), by name; files that cannot be read are left out: Pulumi refuses them. */
export function stacksIn(directory: string): StackSettings[] {
  return readdirSync(directory)
    .sort()
    .flatMap((file): StackSettings[] => {
      const stack = /^Pulumi\.([^/]+)\.yaml$/.exec(file)?.[1];
      if (stack === undefined) return [];
      const { data } = readSource(file, readFileSync(join(directory, file), "utf8")).source;
      const { config } = (data ?? {}) as { readonly config?: Readonly<Record<string, unknown>> };
      const [inventory, cell] = [config?.["fairhost:inventory"], config?.["fairhost:cell"]];
      if (typeof inventory !== "string") return [];
      return [{ stack, inventory: resolve(directory, inventory), ...(typeof cell === "string" && { cell }) }];
    });
}

/**
 * The stack of each cell of a fleet, and of its routers, by the cell's name.
 * @param own name of the stack that asks
 * @throws RunError if a cell has no stack, or two stacks have one cell: what hosts announce could not be known
 */
export function stackOfEachCell(
  stacks: readonly StackSettings[],
  own: string,
  hosts: readonly { readonly cell: string }[],
): ReadonlyMap<string, string> {
  const inventory = stacks.find(({ stack }) => stack === own)?.inventory;
  const ofFleet = stacks.filter((each) => each.inventory === inventory);
  const byCell = new Map<string, string>();
  const problems: string[] = [];
  for (const { stack, cell } of ofFleet) {
    if (cell === undefined) {
      problems.push(
        `stack ${stack} has no fairhost:cell, so it holds the hosts of all cells: set it, or remove its file`,
      );
      continue;
    }
    const other = byCell.get(cell);
    if (other !== undefined) problems.push(`stacks ${other} and ${stack} both hold cell ${cell}: correct one of them`);
    byCell.set(cell, stack);
  }
  for (const cell of [...cellsOf(hosts), routersCell]) {
    if (byCell.has(cell)) continue;
    const what = cell === routersCell ? "the routers" : `cell ${cell}`;
    problems.push(
      `no stack holds ${what}: \`pulumi stack init <name>\`, with fairhost:cell ${cell} and this inventory`,
    );
  }
  if (problems.length > 0)
    throw new pulumi.RunError(
      `Routers are told of the hosts of all cells, and the stacks beside this one (Pulumi.<stack>.yaml) are not those of the fleet's cells; nothing was touched:\n  ${problems.join("\n  ")}`,
    );
  return byCell;
}
