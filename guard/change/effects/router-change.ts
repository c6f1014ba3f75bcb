import { reachedNames, routerTurns } from "../../../components/network/router-systems/delivered-routers.ts";
import { type Change, touches } from "../../../components/registry/change.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../../delivery/protocol/digest.ts";
import { routerBundles } from "../../../delivery/render-router-bundle.ts";
import { UserError } from "../../../lib/user-error.ts";
import type { EngineStep } from "../../engine/engine-step.ts";
import type { Side } from "../side.ts";
import { asDelivered, changesNothing, compareBundles, type HostChange, hasOtherApplier } from "./host-change.ts";

/**
 * What a deployment changes on each router to which something is delivered, in the order of their turns.
 * @param engine steps of a preview, which know to which; without any, what routers get is compared
 */
export function routerChanges(
  before: Side,
  after: Side,
  changes: readonly Change[],
  engine: readonly EngineStep[] = [],
): HostChange[] {
  const delivered = new Set(engine.flatMap(({ router }) => router ?? []));
  if (engine.length > 0 && delivered.size === 0) return [];
  const reached = new Set(reachedNames(before.declaration));
  const [old, next] = [bundlesOf(before.declaration), bundlesOf(after.declaration)];
  return routerTurns(after.declaration)
    .flat()
    .flatMap(({ name }): HostChange[] => {
      if (engine.length > 0 && !delivered.has(name)) return [];
      const known = after.routerBundle?.(name);
      const unknown = known ? undefined : ((reached.has(name) ? old.unknown : undefined) ?? next.unknown);
      const [was, is] = known
        ? [before.routerBundle?.(name) ?? sealBundle(name, {}), known]
        : [old, next].map(({ bundles }) => (unknown === undefined && bundles.get(name)) || sealBundle(name, {}));
      const applier = hasOtherApplier(before, after, name);
      const change = { host: name, ...compareBundles(was!, is!), applier, ...(unknown !== undefined && { unknown }) };
      if (unknown !== undefined) return [change];
      if (engine.length === 0) return changesNothing(change) ? [] : [change];
      const moved = changes.some(
        (each) => each.kind === "routers" && each.subject.name === name && touches(each, "ssh"),
      );
      return [asDelivered(change, before, after, moved)];
    });
}

/** What routers get by a declaration, or why that cannot be said: that of a state can be incomplete. */
function bundlesOf(declaration: Declaration): { bundles: ReadonlyMap<string, Bundle>; unknown?: string } {
  const nothing = new Map();
  if (declaration.networks.length === 0) return { bundles: nothing, unknown: "the network is not declared" };
  try {
    return { bundles: routerBundles(declaration) };
  } catch (error) {
    if (error instanceof UserError || error instanceof RangeError) return { bundles: nothing, unknown: error.message };
    throw error;
  }
}
