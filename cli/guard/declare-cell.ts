import { unknownCell } from "../../components/declaring.ts";
import type { Fleet } from "../../components/registry/files.generated.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declare } from "../../fleet/declare/declare.ts";
import type { StackConfig } from "../../guard/engine/stack-config.ts";
import { UserError } from "../../lib/user-error.ts";

/**
 * What a fleet declares for a stack.
 * @throws UserError if no host is in the stack's cell: whoever asked its hosts would ask nobody, and find nothing wrong
 */
export function declareCell(fleet: Fleet, { stack, cell }: Pick<StackConfig, "stack" | "cell">): Declaration {
  const why = unknownCell(fleet.hosts, cell);
  if (why !== undefined) throw new UserError(`Pulumi.${stack}.yaml: ${why}: correct fairhost:cell`, "wrong usage");
  return declare(fleet, cell === undefined ? {} : { cell });
}
