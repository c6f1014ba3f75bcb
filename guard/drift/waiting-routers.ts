import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { byKey, found } from "../../lib/lists.ts";
import { count, listed } from "../../lib/text/text.ts";
import type { HostDrift } from "./inspect-hosts.ts";

/**
 * Where hosts are in several cells, a router that has not got what is declared is not changed by hand: it waits for a deploy, and perhaps for those of
 * cells before it (docs/decisions/0100). Its other differences stay what they are.
 * @param results of the stack of the routers
 * @param cells of the fleet's hosts
 */
export function withWaits(
  results: readonly HostDrift[],
  { routers }: Pick<Declaration, "routers">,
  { stack, cells }: { readonly stack: string; readonly cells: readonly string[] },
): HostDrift[] {
  const declared = byKey(routers, ({ name }) => name);
  const siteOf = ({ host }: HostDrift) => found(declared, host, `router ${host}`).site;
  return results.map((result): HostDrift => {
    if (!isOutdated(result)) return result;
    const ready = results.flatMap((other) =>
      "differences" in other && siteOf(other) === siteOf(result) && !isOutdated(other) ? other.host : [],
    );
    const command = `npm run guard -- deploy -s ${stack}`;
    const waits =
      ready.length === 0
        ? `${command}: it delivers to one router of a site, and says which cells come before the others`
        : `${listed(ready)} of site ${siteOf(result)} ${ready.length > 1 ? "have" : "has"} what is declared already; first deploy ${count(cells.length, "cell")} as far as they changed (${cells.join(", ")}), then: ${command}`;
    return { ...result, waits };
  });
}

/** Whether it has not got what is declared. */
function isOutdated(result: HostDrift): boolean {
  return "differences" in result && result.differences.some(({ kind }) => kind === "generation-outdated");
}
