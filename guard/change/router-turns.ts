import { routerTurns } from "../../components/network/router-systems/delivered-routers.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { UserError } from "../../lib/user-error.ts";
import type { EngineStep } from "../engine/engine-step.ts";
import type { Wave } from "./waves.ts";

/**
 * Names of routers to which a change is delivered, in their turns; turns without any are left out, but for the first.
 * @param engine steps of a preview, which know it; without any, what routers get is compared
 */
export function touchedRouters(before: Declaration, after: Declaration, engine: readonly EngineStep[]): string[][] {
  const turns = routerTurns(after);
  if (turns.length === 0) return [];
  const isTouched = engine.length > 0 ? delivered(engine) : differing(before, after);
  const names = turns.map((turn) => turn.flatMap(({ name }) => (isTouched(name) ? name : [])));
  return names.filter((turn, index) => index === 0 || turn.length > 0);
}

/** All updates of a change: the first turn of routers, the hosts' waves, and the further turns. Each is seen healthy before the next. */
export function withRouters(waves: readonly Wave[], [first = [], ...further]: readonly (readonly string[])[]): Wave[] {
  const wave = (hosts: readonly string[]): Wave => ({ hosts, accounts: 0, capacityPercent: 0, overLimit: false });
  return [...(first.length > 0 ? [wave(first)] : []), ...waves, ...further.map(wave)];
}

function delivered(engine: readonly EngineStep[]): (name: string) => boolean {
  const routers = new Set(engine.flatMap(({ router }) => router ?? []));
  return (name) => routers.has(name);
}

function differing(before: Declaration, after: Declaration): (name: string) => boolean {
  const [old, next] = [before, after].map(digests);
  return (name) => old!.get(name) === undefined || old!.get(name) !== next!.get(name);
}

/** Digests of what routers get; none of those whose configuration is refused. */
function digests(declaration: Declaration): ReadonlyMap<string, string> {
  try {
    return new Map([...routerBundles(declaration)].map(([name, { digest }]) => [name, digest]));
  } catch (error) {
    // The declaration of a state can be incomplete.
    if (error instanceof UserError || error instanceof RangeError) return new Map();
    throw error;
  }
}
