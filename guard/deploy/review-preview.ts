import { join, relative } from "node:path";
import type { Declaration } from "../../components/declaration.ts";
import { declare } from "../../inventory/allocate.ts";
import { loadFleet } from "../../inventory/load.ts";
import { judgeDeclaration } from "../../policies/check-declaration.ts";
import type { Previewed } from "../engine/preview.ts";
import { type EngineSides, sidesOf } from "../engine/sides.ts";
import type { Reviewed } from "../outcome.ts";
import { type Review, review } from "../review.ts";
import type { Side } from "../side.ts";
import type { StackConfig } from "../stack-config.ts";

/** Judges what the engine would do: what the state holds against what would be. */
export async function reviewPreview(
  previewed: Pick<Previewed, "resources">,
  config: StackConfig,
  stack: string,
): Promise<{ readonly review: Review; readonly sides: EngineSides; readonly outcome: Reviewed }> {
  const { today } = config;
  const { fleet, where } = await loadFleet(config.inventory);
  const whole = declare(fleet);
  const sides = sidesOf(previewed.resources);
  // One and the same function says that both sides judge alike.
  const judge = config.cell === undefined ? sides.after.judge : inWhole(whole, config.cell);
  const [before, after] = [sides.before, sides.after].map((side): Side => ({ ...side, judge }));
  const { approvals, limits } = fleet;
  const { engine, also, notes } = sides;
  const result = review({ before: before!, after: after!, engine, also, approvals, limits, today });
  const inventory = relative(config.projectDirectory, config.inventory);
  const outcome: Reviewed = {
    kind: "reviewed",
    ...{ inventory, cell: config.cell, today, notices: notes, review: result },
    base: `what stack ${stack} holds`,
    before: before!,
    after: after!,
    fleet: whole,
    where: ({ kind, name, path }) => {
      const found = where(kind, name, path);
      return found && join(inventory, found);
    },
  };
  return { review: result, sides, outcome };
}

/** Judges a cell with the hosts of the other cells: half a fleet has half of its redundancy. */
function inWhole(whole: Declaration, cell: string): Side["judge"] {
  const others = new Set(whole.hosts.filter((host) => host.cell !== cell).map(({ name }) => name));
  const elsewhere = <T extends { readonly host: string }>(list: readonly T[]) =>
    list.filter(({ host }) => others.has(host));
  return (declaration, today) =>
    judgeDeclaration(
      {
        ...declaration,
        hosts: [...declaration.hosts, ...whole.hosts.filter(({ name }) => others.has(name))],
        accounts: [...declaration.accounts, ...elsewhere(whole.accounts)],
        addresses: [...declaration.addresses, ...elsewhere(whole.addresses)],
        httpServers: [...declaration.httpServers, ...elsewhere(whole.httpServers)],
        frontEnds: [...declaration.frontEnds, ...elsewhere(whole.frontEnds)],
      },
      today,
    );
}
