import * as pulumi from "@pulumi/pulumi";
import { cellsOf, deliversToRouters, routersCell } from "../components/declaring.ts";
import { routerTurns } from "../components/network/router-systems/delivered-routers.ts";
import { routerPlans } from "../components/network/router-systems/router-plan.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { takesOf } from "../delivery/render-router-bundle.ts";
import { byKey } from "../lib/lists.ts";
import { stackOfEachCell, stacksIn } from "./cell-stacks.ts";
import { dueRouters, type PlannedRouter, untaken } from "./due-routers.ts";
import { type Holdings, heldElsewhere } from "./holdings.ts";
import { hostsOfAllCells } from "./hosts-of-all-cells.ts";
import { type InForce, inForce, prefixesOf } from "./in-force.ts";

interface OrderArgs extends Pick<Holdings, "sent"> {
  /** Of all cells. */
  readonly whole: Declaration;
  readonly cell: string | undefined;
}

/**
 * Keeps the order of routers and hosts where the hosts are in several cells, and routers in a stack of their own
 * (docs/decisions/0100): what a host announces, a router of its site takes.
 * @returns in the stack of routers those to which something may be delivered now; in any other stack undefined
 * @throws RunError in the stack of a cell if a host would announce what no router takes; a preview alone only warns of it. Also if the
 *   project's stacks are not those of the cells
 */
export async function routersInOrder({ whole, cell, sent }: OrderArgs): Promise<ReadonlySet<string> | undefined> {
  const isOfRouters = cell === routersCell;
  const cells = cellsOf(whole.hosts);
  if (isOfRouters && cells.length < 2)
    throw new pulumi.RunError(
      `All hosts of the fleet are in one cell, whose stack delivers to routers too, so that stack ${pulumi.getStack()} (fairhost:cell ${routersCell}) has none; nothing was touched. Remove it (\`pulumi destroy\`, which contacts nobody) once the other one is deployed`,
    );
  const routers = reachedRouters(whole);
  if (routers.length === 0 || (!isOfRouters && deliversToRouters(whole.hosts, cell))) return undefined;
  const stacks = stackOfEachCell(stacksIn("."), pulumi.getStack(), whole.hosts);
  const isLost = new Set(whole.hosts.flatMap(({ name, lost }) => (lost === undefined ? [] : name)));
  if (isOfRouters) {
    const { announced, siteOf, stackOf } = await hostsOfAllCells(whole.hosts, stacks, heldElsewhere);
    const now: InForce = { announced, taken: inForce(sent).taken };
    const { due, waits } = dueRouters(routers, now, siteOf, (host) => `${host} (stack ${stackOf.get(host)})`);
    for (const sentence of waits) pulumi.log.warn(sentence);
    return due;
  }
  const ofRouters = await heldElsewhere(stacks.get(routersCell)!);
  const own = new Set(whole.hosts.flatMap((host) => (host.cell === cell && !isLost.has(host.name) ? host.name : [])));
  const hosts = whole.hosts.flatMap(({ name, site }) =>
    own.has(name)
      ? { name, site, prefixes: routers.find((each) => each.site === site)?.takes.get(name) ?? new Set<string>() }
      : [],
  );
  const lines = untaken(hosts, { announced: inForce(sent).announced, taken: inForce(ofRouters.sent).taken }, routers);
  if (lines.length === 0) return undefined;
  const why = `${lines.join("\n  ")}\nDeploy stack ${stacks.get(routersCell)} first.`;
  if (pulumi.runtime.isDryRun() && !process.env.FAIRHOST_DEPLOY) pulumi.log.warn(`Not yet to be deployed:\n  ${why}`);
  else
    throw new pulumi.RunError(`Routers do not know yet what this cell is to announce; nothing was touched:\n  ${why}`);
  return undefined;
}

/** Routers that deploys deliver to, in the order of their turns. */
function reachedRouters(whole: Declaration): PlannedRouter[] {
  const plans = byKey(routerPlans(whole), ({ name }) => name);
  const sites = byKey(whole.routers, ({ name }) => name);
  return routerTurns(whole)
    .flat()
    .map(({ name }) => ({ name, site: sites.get(name)!.site, takes: prefixesOf(takesOf(plans.get(name)!)) }));
}
