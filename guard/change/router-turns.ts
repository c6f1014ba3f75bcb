import { routerTurns } from "../../components/network/router-systems/delivered-routers.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { HostChange } from "./effects/host-change.ts";
import type { Wave } from "./waves.ts";

/**
 * Names of routers to which a change is delivered, in their turns; turns without any are left out, but for the first.
 * @param changes what it changes on routers
 */
export function touchedRouters(after: Pick<Declaration, "routers">, changes: readonly HostChange[]): string[][] {
  const touched = new Set(changes.map(({ host }) => host));
  const names = routerTurns(after).map((turn) => turn.flatMap(({ name }) => (touched.has(name) ? name : [])));
  return names.filter((turn, index) => index === 0 || turn.length > 0);
}

/** All updates of a change: the first turn of routers, the hosts' waves, and the further turns. Each is seen healthy before the next. */
export function withRouters(waves: readonly Wave[], [first = [], ...further]: readonly (readonly string[])[]): Wave[] {
  const wave = (hosts: readonly string[]): Wave => ({ hosts, accounts: 0, capacityPercent: 0, overLimit: false });
  return [...(first.length > 0 ? [wave(first)] : []), ...waves, ...further.map(wave)];
}
