import { createHash } from "node:crypto";
import { loadBootstrap } from "./delivery/bootstrap.ts";
import { guardRules } from "./guard/rules/guard-rules.ts";
import { rules as policies } from "./policies/rules.generated.ts";

/**
 * Fairhost as a library: load an inventory, edit it, declare it, judge it, render what hosts get of it, review a change of it.
 * Needs neither engine nor network; only `editFleet` writes. What uses Fairhost from outside, a later release that reviews this one
 * included, finds everything here; other paths may move.
 */

export { renderBundle } from "./delivery/render-bundle.ts";
export { declare } from "./fleet/declare/declare.ts";
export { type Edit, editFleet } from "./fleet/edit/edit.ts";
export { loadFleet } from "./fleet/load/load.ts";
export { review } from "./guard/verdict/review.ts";
export { judgeDeclaration } from "./policies/check-declaration.ts";

/** Names of every rule, the guard's own too: nobody takes one away unseen. */
export const rules: readonly string[] = [...policies, ...guardRules].map(({ name }) => name);

/** SHA-256 of what the bootstrap brings to a host: the applier and how it is installed. */
export async function applierDigest(): Promise<string> {
  // The release is part of the host's declaration, not of the program.
  const { script, payload } = (await loadBootstrap()).for("any", 0);
  return createHash("sha256").update(script).update(payload).digest("hex");
}
