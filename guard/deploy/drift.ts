import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { byDeploy, hasDrift } from "../../host/inspect/difference.ts";
import { formatDrift } from "../drift/format-drift.ts";
import { type HostDrift, inspectHosts, sshTarget } from "../drift/inspect-hosts.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import type { Reachable } from "./gate.ts";

/** Shows drift of hosts, and returns the names of those where a deploy would repair some of it. */
export type Drift = (declaration: Declaration, hosts: readonly string[]) => Promise<readonly string[]>;

/** Kinds of drift that every deploy removes anyway. */
const delivered = new Set(["generation-outdated", "applier-other"]);

/** Inspects hosts over one connection each. */
export function driftOn(config: StackConfig, hosts: readonly Reachable[], say: (text: string) => void): Drift {
  return async (declaration, names) => {
    const there = new Set(declaration.hosts.map(({ name }) => name));
    const targets = hosts.filter(({ name }) => names.includes(name) && there.has(name));
    const results = await inspectHosts(
      declaration,
      targets.map((host) => sshTarget(config, host)),
    );
    const drift = results.map(
      (result): HostDrift =>
        "error" in result
          ? result
          : { ...result, differences: result.differences.filter(({ kind }) => !delivered.has(kind)) },
    );
    const worth = drift.filter((result) => "error" in result || hasDrift(result.differences));
    if (worth.length > 0)
      say(`\nChanged by hand since the last deploy; this deploy overwrites it:\n${formatDrift(worth)}`);
    const repairable = (result: HostDrift) =>
      "differences" in result && result.differences.some(({ repaired, note }) => repaired === byDeploy && !note);
    return worth.filter(repairable).map(({ host }) => host);
  };
}
