import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { cellsOf, defaultCell, routersCell } from "../../components/declaring.ts";
import type { Change } from "../../components/registry/change.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import type { Loaded } from "../../fleet/load/load.ts";
import { textOf } from "../../fleet/load/read-fleet.ts";
import { UserError } from "../../lib/user-error.ts";
import { openBase } from "./base/base.ts";
import { ownProgram, type Program } from "./base/program.ts";
import { changesBetween } from "./diff.ts";

/**
 * Cells that a change touches: a pipeline has to review these. Where hosts are in several cells, that of their routers is one. Only what is known to concern some cells alone leaves the others out: a
 * changed file of which every side declares a host of theirs, or something on one. Any other change of the fleet's directory or of the
 * program gives all cells, even of a comment; none are given only if no file of either changes.
 * @throws Error with the fix, if there is nothing to compare with
 */
export async function touchedCells({
  base,
  inventory,
}: {
  readonly base: string;
  readonly inventory: string;
}): Promise<string[]> {
  await using opened = await openBase(base, inventory);
  const { fleet, head: directory } = opened;
  const changed = fleet === undefined ? [] : await differingFiles(fleet, directory);
  const isSame = fleet !== undefined && changed.length === 0 && opened.findings.length + opened.stacks.length === 0;
  if (isSame && !opened.program && !opened.foreign) return [];
  const head = await loaded(ownProgram, directory);
  const before =
    fleet === undefined
      ? undefined
      : await loaded((await opened.program?.().catch(() => undefined)) ?? ownProgram, fleet);
  const all = new Set(
    [...(head?.fleet.hosts ?? []), ...(before?.fleet.hosts ?? [])].map(({ cell }) => cell ?? defaultCell),
  );
  if ([head, before].some(hasCellOfRouters)) all.add(routersCell);
  // The review of that cell then reports the problems of the inventory.
  if (all.size === 0) return [defaultCell];
  const everyCell = [...all].sort();
  if (opened.program || opened.foreign || opened.findings.length + opened.stacks.length > 0 || !head || !before)
    return everyCell;
  const [was, is] = [ownProgram.declare(before.fleet), ownProgram.declare(head.fleet)];
  const changes = changesBetween(was, is);
  const explained = filesOf(changes, before, head);
  if (changes.some(isShared) || changed.some((file) => !explained.has(file))) return everyCell;
  const touched = cellsTouched(changes, [was, is]);
  return all.has(routersCell) && !sameRouters(was, is) ? [...touched, routersCell].sort() : touched;
}

/** Whether its routers are in a stack of their own. */
function hasCellOfRouters(side: Loaded | undefined): boolean {
  const { hosts = [], network } = side?.fleet ?? {};
  return cellsOf(hosts).length > 1 && network!.routers.some(({ ssh }) => ssh !== undefined);
}

function sameRouters(was: Declaration, is: Declaration): boolean {
  try {
    const [old, next] = [was, is].map((side) => [...routerBundles(side)].map(([name, { digest }]) => [name, digest]));
    return isDeepStrictEqual(old, next);
  } catch (error) {
    // Their review says what is wrong.
    if (error instanceof UserError || error instanceof RangeError) return false;
    throw error;
  }
}

async function loaded(program: Program, directory: string): Promise<Loaded | undefined> {
  try {
    return await program.loadFleet(directory);
  } catch {
    return undefined;
  }
}

/** Files of two directories that differ, by their names inside. */
async function differingFiles(before: string, after: string): Promise<string[]> {
  const [old, next] = await Promise.all(
    [before, after].map(async (directory) => {
      const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch((error) => {
        if (error.code === "ENOENT") return [];
        throw error;
      });
      const files = entries.filter((entry) => !entry.isDirectory());
      return new Set(files.map(({ parentPath, name }) => join(parentPath, name).slice(join(directory).length + 1)));
    }),
  );
  // What no fleet may hold (a symlink, a device) differs from anything.
  return [...new Set([...old!, ...next!])].filter((name) => {
    const was = textOf(before, name);
    return was === undefined || was !== textOf(after, name);
  });
}

/** Whether a change concerns the whole fleet. */
function isShared({ kind }: Change): boolean {
  return kinds[kind].concerns === "fleet";
}

/** Files in which the elements of changes stand that concern a host. */
function filesOf(changes: readonly Change[], before: Loaded, after: Loaded): ReadonlySet<string> {
  const files = changes
    .filter(({ kind }) => kinds[kind].concerns === "host")
    .flatMap(({ subject: { kind, name } }) => [before.where(kind, name), after.where(kind, name)]);
  return new Set(files.flatMap((place) => place?.replace(/:\d+$/, "") ?? []));
}

function cellsTouched(changes: readonly Change[], declarations: readonly Declaration[]): string[] {
  const cells = new Set<string>();
  const cellOf = new Map<string, Set<string>>();
  for (const { hosts } of declarations) {
    for (const { name, cell } of hosts) cellOf.set(name, (cellOf.get(name) ?? new Set()).add(cell));
  }
  for (const { kind, before, after } of changes) {
    const { hostOf }: Kind = kinds[kind];
    for (const side of [before, after]) {
      const host = side && hostOf?.(side);
      if (host !== undefined) for (const cell of cellOf.get(host) ?? []) cells.add(cell);
    }
  }
  return [...cells].sort();
}
