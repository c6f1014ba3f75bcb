import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Held } from "../../components/declaring.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declare, heldBy } from "../../fleet/declare/declare.ts";
import { type Loaded, loadFleet } from "../../fleet/load/load.ts";
import type { Seed } from "./seeded.cases.ts";
import { Draft } from "./wrong-inventory.cases.ts";

const clean = join(import.meta.dirname, "../../inventory/prod");

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

/** Content of a stack that was deployed from the example fleet. */
function heldByStack(): Promise<Held[]> {
  held ??= loadFleet(clean).then(({ fleet }) => heldBy(declare(fleet)));
  return held;
}
