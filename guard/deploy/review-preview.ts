import { join, relative } from "node:path";
import type { Element, Key, Kind } from "../../components/registry/kind.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { allKinds } from "../../components/registry/subject.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { type Loaded, loadFleet } from "../../fleet/load/load.ts";
import { judgeDeclaration } from "../../policies/check-declaration.ts";
import { carriedAway, carriedFinding } from "../change/effects/carried-hosts.ts";
import type { Side } from "../change/side.ts";
import type { Engine } from "../engine/engine.ts";
import { type Previewed, type PreviewFailed, type PreviewOptions, preview } from "../engine/preview.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import type { Reviewed } from "../verdict/outcome.ts";
import { type Review, review } from "../verdict/review.ts";

/** A preview with its review. */
export interface ReviewedPreview extends Previewed {
  readonly review: Review;
  readonly outcome: Reviewed;
}

/** Runs a preview and judges it: the state against the state after the update. */
export async function reviewPreview(
  engine: Engine,
  config: StackConfig,
  options: PreviewOptions = {},
): Promise<PreviewFailed | ReviewedPreview> {
  const { today } = config;
  let loading: Promise<Loaded & { readonly whole: Declaration }> | undefined;
  // Read while the engine works. If the inventory has problems, the program reports them.
  const onStart = (pid: number) => {
    options.onStart?.(pid);
    loading = loadFleet(config.inventory).then((loaded) => ({ ...loaded, whole: declare(loaded.fleet) }));
    loading.catch(() => {});
  };
  const previewed = await preview(engine, { ...options, onStart });
  if (previewed.kind === "failed") return previewed;
  const { sides } = previewed;
  const { fleet, where, whole } = await loading!;
  // The same function on both sides means that both judge alike.
  const withOthers = config.cell === undefined ? undefined : withOtherCells(whole, config.cell);
  const judge: Side["judge"] = withOthers
    ? (declaration, day) => judgeDeclaration(withOthers(declaration), day)
    : sides.after.judge;
  const [before, after] = [sides.before, sides.after].map(
    (side): Side => ({ ...side, judge, ...(withOthers && { whole: withOthers(side.declaration) }) }),
  );
  const { approvals, limits } = fleet;
  const { engine: steps, also, notes } = sides;
  const carried = carriedAway(before!.declaration, after!.declaration, whole).map(carriedFinding);
  const found = [...also, ...carried];
  const result = review({ before: before!, after: after!, engine: steps, also: found, approvals, limits, today });
  const inventory = relative(config.projectDirectory, config.inventory);
  const outcome: Reviewed = {
    kind: "reviewed",
    ...{ inventory, cell: config.cell, today, notices: notes, review: result },
    base: `the state of stack ${engine.stack}`,
    before: before!,
    after: after!,
    fleet: whole,
    where: ({ kind, name, path }) => {
      const found = where(kind, name, path);
      return found && join(inventory, found);
    },
  };
  return { ...previewed, review: result, outcome };
}

/** Puts the hosts of the other cells, as they are declared now, beside a cell: half a fleet has half of its redundancy. */
function withOtherCells(whole: Declaration, cell: string): (part: Declaration) => Declaration {
  const others = new Set(whole.hosts.filter((host) => host.cell !== cell).map(({ name }) => name));
  const elsewhere = allKinds.flatMap((kind): [Key, Element[]][] => {
    const { key, hostOf }: Kind = kind;
    if (!hostOf) return [];
    return [[key, (whole[key] as readonly Element[]).filter((element) => others.has(hostOf(element)))]];
  });
  return (part) => {
    const all = elsewhere.map(([key, elements]) => [key, [...part[key], ...elements]]);
    return { ...part, ...Object.fromEntries(all) };
  };
}
