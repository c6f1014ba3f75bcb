import type { Change } from "../../components/registry/change.ts";
import type { Fleet } from "../../components/registry/files.generated.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import { openBase } from "./base.ts";
import { changesBetween } from "./diff.ts";
import { ownProgram, type Program } from "./program.ts";

/** The cell of hosts that name no cell (components/host/host.file.ts). */
const defaultCell = "main";

/**
 * Cells that a change touches: a pipeline has to review these. All cells if the program changes, or something that they share
 * (network, sites, plans); none if only comments, notes or the order of files differ.
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
  const head = await fleetOf(ownProgram, inventory);
  const before =
    opened.fleet === undefined
      ? undefined
      : await fleetOf((await opened.program?.().catch(() => undefined)) ?? ownProgram, opened.fleet);
  const all = new Set([...(head?.hosts ?? []), ...(before?.hosts ?? [])].map(({ cell }) => cell ?? defaultCell));
  // The review of that cell then reports the problems of the inventory.
  if (all.size === 0) return [defaultCell];
  if (opened.program || !head || !before) return [...all].sort();
  const [was, is] = [ownProgram.declare(before), ownProgram.declare(head)];
  const changes = changesBetween(was, is);
  if (changes.some(isShared)) return [...all].sort();
  return cellsOf(changes, [was, is]);
}

async function fleetOf(program: Program, directory: string): Promise<Fleet | undefined> {
  try {
    return (await program.loadFleet(directory)).fleet;
  } catch {
    return undefined;
  }
}

/** Whether a change concerns the whole fleet. */
function isShared({ kind }: Change): boolean {
  return kinds[kind].concerns === "fleet";
}

function cellsOf(changes: readonly Change[], declarations: readonly Declaration[]): string[] {
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
