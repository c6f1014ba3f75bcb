import type { Declaration } from "../registry/kinds.generated.ts";
import { isReal } from "../site/places.ts";

/**
 * What people should know of SSH of hosts, as sentences: without `controllers` nobody is known to be one, and it is open to everybody, by key. No rule
 * refuses that, since no account is less separated by it, and a fleet of 0.1.0 could not name them. Emulated sites are in nobody's reach.
 */
export function openSsh(declaration: Pick<Declaration, "networks" | "sites">): string[] {
  if (!isReal(declaration)) return [];
  return declaration.networks.flatMap(({ asNumber, controllers = [] }) =>
    controllers.length > 0
      ? []
      : [
          `The network AS${asNumber} names no \`controllers\`: SSH of its hosts is open to everybody, and no rule of a firewall can close it. Name the addresses that deploys come from in network.yaml, then close it with \`firewall\` of the hosts.`,
        ],
  );
}
