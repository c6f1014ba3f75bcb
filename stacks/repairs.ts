import * as pulumi from "@pulumi/pulumi";
import type { Declaration } from "../components/registry/kinds.generated.ts";

/** Names of the hosts and routers to repair in this run, separated by commas. */
const variable = "FAIRHOST_REPAIR";

/**
 * Number of requested repairs of each host and router, including this run. A delivery is repeated only if its inputs change. Drift does not change
 * them, but this number does. It is kept in the state, so that the next run without the variable changes nothing.
 * @param before from the last run
 * @throws RunError for a host that is not declared
 */
export function requestedRepairs(
  { hosts, routers }: Pick<Declaration, "hosts" | "routers">,
  before: ReadonlyMap<string, number>,
  environment: NodeJS.ProcessEnv = process.env,
): Map<string, number> {
  const machines = [...hosts, ...routers.filter(({ ssh }) => ssh !== undefined)].map(({ name }) => name);
  const asked = new Set((environment[variable] ?? "").split(",").flatMap((name) => name.trim() || []));
  const unknown = [...asked].filter((name) => !machines.includes(name));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `${variable} names ${unknown.join(", ")}, which ${unknown.length === 1 ? "is" : "are"} not in this stack; nothing was touched. Hosts of the stack: ${machines.join(", ")}`,
    );
  }
  return new Map(machines.map((name) => [name, (before.get(name) ?? 0) + (asked.has(name) ? 1 : 0)]));
}
