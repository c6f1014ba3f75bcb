import { createHash } from "node:crypto";
import { guardRules } from "./guard/guard-rules.ts";
import { loadBootstrap } from "./host/bootstrap.ts";
import { rules as policies } from "./policies/rules.ts";

/**
 * Fairhost as a library: load an inventory, declare it, judge it, render what hosts get of it, review a change of it. Needs
 * neither engine nor network, and writes nothing. What uses Fairhost from outside, a later release that reviews this one
 * included, finds everything here; other paths may move.
 */

export { renderBundle } from "./components/remote/render-bundle.ts";
export { review } from "./guard/review.ts";
export { declare } from "./inventory/allocate.ts";
export { loadFleet } from "./inventory/load.ts";
export { judgeDeclaration } from "./policies/check-declaration.ts";

/** Names of every rule, the guard's own too: nobody takes one away unseen. */
export const rules: readonly string[] = [...policies, ...guardRules].map(({ name }) => name);

/** SHA-256 of what the bootstrap brings to a host: the applier and how it is installed. */
export async function applierDigest(): Promise<string> {
  // The release is part of the host's declaration, not of the program.
  const { script, payload } = (await loadBootstrap()).for("any", 0);
  return createHash("sha256").update(script).update(payload).digest("hex");
}
