import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { byDeploy, hasDrift } from "../../host/inspect/finding.ts";
import { formatDrift } from "../drift/format-drift.ts";
import { type HostDrift, inspectHosts, sshTarget } from "../drift/inspect-hosts.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import type { Reachable } from "./gate.ts";

/** What hosts have that was not delivered: shown, and the names of those where a deploy would put it right. */
export type Drift = (declaration: Declaration, hosts: readonly string[]) => Promise<readonly string[]>;

/** What a deploy brings anyway. */
const delivered = new Set(["generation-outdated", "applier-other"]);

/** Asks hosts over one connection each. */
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
          : { ...result, findings: result.findings.filter(({ kind }) => !delivered.has(kind)) },
    );
    const worth = drift.filter((result) => "error" in result || hasDrift(result.findings));
    if (worth.length > 0)
      say(`\nChanged by hand since the last deploy; this one overwrites it:\n${formatDrift(worth)}`);
    const mendable = (result: HostDrift) =>
      "findings" in result && result.findings.some(({ repaired, note }) => repaired === byDeploy && !note);
    return worth.filter(mendable).map(({ host }) => host);
  };
}
