import { loadBootstrap } from "./delivery/bootstrap.ts";
import { guardRules } from "./guard/rules.generated.ts";
import { rules as policies } from "./policies/rules.generated.ts";

/**
 * Fairhost as a library: load an inventory, edit it, declare it, judge it, render the bundles of hosts, review a change. Needs neither
 * Pulumi nor network; only `editFleet` writes. Users of the library find everything here, also a later release that reviews this one;
 * other paths may move.
 */

export { defaultLimits } from "./components/review/limits.file.ts";
export { renderBundle } from "./delivery/render-bundle.ts";
export { declare } from "./fleet/declare/declare.ts";
export { type EditPreview, editFleet, previewEdits } from "./fleet/edit/edit.ts";
export { type Edit, editsSchema } from "./fleet/edit/edit-schema.ts";
export { InventoryError, type Loaded, loadFleet } from "./fleet/load/load.ts";
export type { Problem } from "./fleet/load/problem.ts";
export { sideOf } from "./guard/change/side.ts";
export { review } from "./guard/verdict/review.ts";
export { judgeDeclaration } from "./policies/check-declaration.ts";
export { policies };

/** Names of all rules and guard rules, so that a removed rule is noticed. */
export const rules: readonly string[] = [...policies, ...guardRules].map(({ name }) => name);

/** SHA-256 of the applier and of the bootstrap that installs it. */
export async function applierDigest(): Promise<string> {
  return (await loadBootstrap()).digest;
}
