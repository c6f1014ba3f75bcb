import * as pulumi from "@pulumi/pulumi";

/** Names of the hosts to repair in this run, separated by commas. */
const variable = "FAIRHOST_REPAIR";

/**
 * Number of requested repairs of each host, including this run. A delivery is repeated only if its inputs change. Drift does not change
 * them, but this number does. It is kept in the state, so that the next run without the variable changes nothing.
 * @param before from the last run
 * @throws RunError for a host that is not declared
 */
export function requestedRepairs(
  hosts: readonly { readonly name: string }[],
  before: ReadonlyMap<string, number>,
  environment: NodeJS.ProcessEnv = process.env,
): Map<string, number> {
  const asked = new Set((environment[variable] ?? "").split(",").flatMap((name) => name.trim() || []));
  const unknown = [...asked].filter((name) => !hosts.some((host) => host.name === name));
  if (unknown.length > 0) {
    throw new pulumi.RunError(
      `${variable} names ${unknown.join(", ")}, which ${unknown.length === 1 ? "is" : "are"} not in this stack; nothing was touched. Hosts of the stack: ${hosts.map(({ name }) => name).join(", ")}`,
    );
  }
  return new Map(hosts.map(({ name }) => [name, (before.get(name) ?? 0) + (asked.has(name) ? 1 : 0)]));
}
