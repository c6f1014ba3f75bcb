import { Command } from "commander";
import { cellsOf, routersCell } from "../../components/declaring.ts";
import { lostHosts } from "../../components/host/hardware/lost.ts";
import { reachedNames } from "../../components/network/router-systems/delivered-routers.ts";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import { hasDrift } from "../../delivery/protocol/inspection.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { checkout } from "../../guard/change/base/base.ts";
import { reachedRouters } from "../../guard/deploy/hosts/gate.ts";
import { formatDrift } from "../../guard/drift/format-drift.ts";
import { type HostDrift, inspectHosts, sshTarget } from "../../guard/drift/inspect-hosts.ts";
import { withWaits } from "../../guard/drift/waiting-routers.ts";
import { readStackConfig } from "../../guard/engine/stack-config.ts";
import { UserError } from "../../lib/user-error.ts";
import { withAction } from "../exit-status.ts";
import { declareCell } from "./declare-cell.ts";

/**
 * Compares the hosts of a stack, and the routers that it delivers to, with what the inventory declares. Changes nothing.
 * @param names hosts and routers to inspect; if empty, all of the stack but lost hosts
 * @throws UserError before any host is contacted
 */
export async function drift(stack: string, projectDirectory: string, names: readonly string[]): Promise<HostDrift[]> {
  const config = readStackConfig(stack, projectDirectory);
  const { fleet } = await loadFleet(config.inventory);
  const declaration = declareCell(fleet, config);
  const there = reachedNames(declaration);
  const unknown = names.filter((name) => !there.includes(name));
  if (unknown.length > 0)
    throw new UserError(
      `${config.stack} has no host or router ${unknown.join(", ")} that deploys deliver to; it has: ${there.join(", ")}`,
      "wrong usage",
    );
  const isLost = lostHosts(declaration.hosts);
  const asked = new Set(names.length > 0 ? names : there.filter((name) => !isLost.has(name)));
  const routers = reachedRouters(fleet);
  const { applier } = await loadBootstrap();
  const targets = (of: ReadonlySet<string>) =>
    [...fleet.hosts, ...routers].filter(({ name }) => of.has(name)).map((target) => sshTarget(config, target));
  if (config.cell !== routersCell) return inspectHosts(declaration, targets(asked), { applier });
  // Whether a router waits, and for what, is seen at the others of its site.
  const sites = new Set(declaration.routers.flatMap(({ name, site }) => (asked.has(name) ? site : [])));
  const ofSites = new Set(declaration.routers.flatMap(({ name, site }) => (sites.has(site) ? name : [])));
  // Routers are told of the hosts of all cells.
  const results = await inspectHosts(declare(fleet), targets(ofSites), { applier });
  const told = withWaits(results, declaration, { stack: config.stack, cells: cellsOf(fleet.hosts) });
  return told.filter(({ host }) => asked.has(host));
}

interface Options {
  readonly stack: string;
  readonly host?: readonly string[];
  readonly cwd: string;
  readonly json?: true;
}

/** `guard drift`: shows drift of hosts and routers. */
export const driftCommand = withAction(
  new Command("drift")
    .description(
      "Compares every host of a stack, and every router that it delivers to, with what is declared for it. Changes nothing.",
    )
    .requiredOption("-s, --stack <stack>", "the stack; its hosts are those of Pulumi.<stack>.yaml")
    .option("--host <name...>", "only these hosts and routers")
    .option("--cwd <directory>", "the project's directory", checkout)
    .option("--json", "print one JSON document for programs"),
  ["blocked", "failed", "drift"],
  async ({ stack, host = [], cwd, json }: Options) => {
    const results = await drift(stack, cwd, host);
    process.stdout.write(json ? `${JSON.stringify(results, undefined, 2)}\n` : formatDrift(results, stack));
    if (results.some((result) => "error" in result)) return "failed";
    return results.some((result) => "differences" in result && hasDrift(result.differences)) ? "drift" : "done";
  },
);
