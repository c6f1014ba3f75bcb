import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Declaration } from "../components/declaration.ts";
import { declare } from "../inventory/allocate.ts";
import { type Held, heldBy } from "../inventory/held.ts";
import { type Loaded, loadFleet } from "../inventory/load.ts";
import { Draft } from "../inventory/wrong-inventory.cases.ts";
import type { Seed } from "./seeded.cases.ts";

const clean = join(import.meta.dirname, "../inventory/prod");

/** A changed copy of the example fleet as the program declares it, with a stack that holds all of the unchanged one. */
export async function declareSeed(
  edit: Seed["edit"],
): Promise<{ readonly declaration: Declaration; readonly where: Loaded["where"] }> {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-seeded-"));
  try {
    cpSync(clean, directory, { recursive: true });
    edit(new Draft(directory));
    const { fleet, where } = await loadFleet(directory);
    return { declaration: declare(fleet, { held: await heldByStack() }), where };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

let held: Promise<Held[]> | undefined;

/** What a stack has that was brought up from the example fleet. */
function heldByStack(): Promise<Held[]> {
  held ??= loadFleet(clean).then(({ fleet }) => heldBy(declare(fleet)));
  return held;
}
