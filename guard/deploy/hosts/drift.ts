import { reachedNames } from "../../../components/network/router-systems/delivered-routers.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { byDeploy, hasDrift } from "../../../delivery/protocol/inspection.ts";
import { formatDrift } from "../../drift/format-drift.ts";
import { type HostDrift, inspectHosts, sshTarget } from "../../drift/inspect-hosts.ts";
import type { StackConfig } from "../../engine/stack-config.ts";
import type { Reachable } from "./gate.ts";

/** Shows drift of hosts and routers, and returns the names of those where a deploy would repair some of it. */
export type Drift = (declaration: Declaration, hosts: readonly string[]) => Promise<readonly string[]>;

/** Inspects hosts, and routers that deploys deliver to, over one connection each. What every deploy brings anyway is no drift here. */
export function driftOn(config: StackConfig, hosts: readonly Reachable[], say: (text: string) => void): Drift {
  return async (declaration, names) => {
    const there = new Set(reachedNames(declaration));
    const targets = hosts.filter(({ name }) => names.includes(name) && there.has(name));
    const results = await inspectHosts(
      declaration,
      targets.map((host) => sshTarget(config, host)),
      { digests: false },
    );
    const drift = results.map(
      (result): HostDrift =>
        "error" in result
          ? result
          : { ...result, differences: result.differences.filter(({ kind }) => kind !== "applier-other") },
    );
    const worth = drift.filter((result) => "error" in result || hasDrift(result.differences));
    if (worth.length > 0)
      say(`\nChanged by hand since the last deploy; this deploy overwrites it:\n${formatDrift(worth)}`);
    const repairable = (result: HostDrift) =>
      "differences" in result && result.differences.some(({ repaired, note }) => repaired === byDeploy && !note);
    return worth.filter(repairable).map(({ host }) => host);
  };
}
