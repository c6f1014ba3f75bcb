import * as pulumi from "@pulumi/pulumi";

/** Hosts to repair in this run, by name, with commas between. */
const variable = "FAIRHOST_REPAIR";

/**
 * How many times a repair of each host was asked for, this run included. A delivery is repeated only when its inputs change, and
 * drift changes none: this number does. It is kept in the state, so that the next run without the variable changes nothing.
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
      `${variable} names ${unknown.join(", ")}, which this stack does not have; nothing was touched. Its hosts: ${hosts.map(({ name }) => name).join(", ")}`,
    );
  }
  return new Map(hosts.map(({ name }) => [name, (before.get(name) ?? 0) + (asked.has(name) ? 1 : 0)]));
}
