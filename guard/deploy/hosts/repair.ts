import { lostHosts } from "../../../components/host/hardware/lost.ts";
import { reachedNames } from "../../../components/network/router-systems/delivered-routers.ts";
import type { Fleet } from "../../../components/registry/files.generated.ts";
import { declare } from "../../../fleet/declare/declare.ts";
import { InventoryError, loadFleet } from "../../../fleet/load/load.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import type { Drift } from "./drift.ts";

/** Hosts of the stack, and routers that it delivers to, with drift. */
export async function driftEverywhere({
  config,
  drift,
}: {
  readonly config: StackConfig;
  readonly drift?: Drift;
}): Promise<readonly string[]> {
  const fleet = await fleetOf(config);
  if (!fleet || !drift) return [];
  const declaration = declare(fleet, config.cell === undefined ? {} : { cell: config.cell });
  const isLost = lostHosts(declaration.hosts);
  return drift(
    declaration,
    reachedNames(declaration).filter((name) => !isLost.has(name)),
  );
}

/** The preview reports the problems of an inventory. */
export async function fleetOf({ inventory }: StackConfig): Promise<Fleet | undefined> {
  try {
    return (await loadFleet(inventory)).fleet;
  } catch (error) {
    if (error instanceof InventoryError) return undefined;
    throw error;
  }
}

/** Makes the program deliver to these hosts again although nothing changes there (stacks/repairs.ts). */
export function repairing(hosts: readonly string[]): Record<string, string> {
  return hosts.length === 0 ? {} : { FAIRHOST_REPAIR: hosts.join(",") };
}
