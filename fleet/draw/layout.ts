import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { assignLanes, type Span } from "./lanes.ts";
import { textWidth } from "./markup.ts";
import { type Box, type Column, type Plan, type Tier, tiers, type Wire } from "./plan.ts";

/** Sizes in px. */
export const size = {
  text: 11,
  small: 9,
  margin: 16,
  lane: 7,
  bar: 18,
  gap: 8,
  label: 16,
  head: 28,
} as const;
const heights: Readonly<Record<Tier, number>> = { operator: 34, router: 44, switch: 38, host: 50 };

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

type Point = readonly [x: number, y: number];

/** Positions of everything in the picture, in px. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly boxes: ReadonlyMap<Box, Rectangle>;
  readonly wires: readonly { readonly wire: Wire; readonly points: readonly Point[] }[];
  /** From a power supply at a box's right edge down to the bar of its chain. */
  readonly cords: readonly { readonly supply: string; readonly needs: string; readonly points: readonly Point[] }[];
  /** `name` is the node's in the service graph. */
  readonly bars: readonly (Rectangle & { readonly name: string; readonly text: string; readonly index: number })[];
  readonly frames: readonly (Rectangle & {
    readonly kind: "site" | "hall" | "rack";
    readonly name: string;
    readonly text: string;
    /** Start of its text. */
    readonly textX: number;
  })[];
}

/** The path of a bus: down the gutters of its columns, and along a channel between two tiers. */
interface Bus {
  readonly wires: readonly Wire[];
  /** The channel above the tier of this number. */
  readonly channel: number;
  readonly from: number;
  readonly to: number;
}

/** The part of a column's gutter in which a bus runs. */
interface Riser extends Span {
  readonly bus: Bus;
  readonly column: number;
}

/** Computes all positions. Columns are racks, tiers cross all columns, lines run in gutters and channels that contain nothing else. */
export function layOut(declaration: Declaration, { columns, boxes, wires }: Plan, top: number): Layout {
  const buses = [...Map.groupBy(wires, ({ bus }) => bus).values()].map((own): Bus => {
    const ends = own.flatMap(({ from, to }) => [from.column, to.column]);
    const upper = Math.min(...own.flatMap(({ from, to }) => [tiers.indexOf(from.tier), tiers.indexOf(to.tier)]));
    const level = own.every(({ from, to }) => from.tier === to.tier);
    return { wires: own, channel: level ? upper : upper + 1, from: Math.min(...ends), to: Math.max(...ends) };
  });
  const trunks = tiers.map((_, tier) =>
    assignLanes(
      buses.filter(({ channel, from, to }) => channel === tier && from < to),
      1,
    ),
  );

  // From the top: each channel, then its tier.
  const stacks = columns.map((_, column) =>
    Map.groupBy(
      boxes.filter((box) => box.column === column),
      (box) => box.tier,
    ),
  );
  const channelTop: number[] = [];
  const tops = new Map<Box, number>();
  let y = top;
  let rackTop = top;
  for (const [index, tier] of tiers.entries()) {
    channelTop.push(y + size.gap);
    y += size.gap + trunks[index]!.count * size.lane + size.gap;
    // Frames of site, hall and rack begin above the routers.
    if (tier === "router") {
      rackTop = y + 2 * size.gap;
      y = rackTop + size.label + size.gap;
    }
    const most = Math.max(0, ...stacks.map((stack) => stack.get(tier)?.length ?? 0));
    for (const stack of stacks) {
      for (const [place, box] of (stack.get(tier) ?? []).entries())
        tops.set(box, y + place * (heights[tier] + size.gap));
    }
    y += most * (heights[tier] + size.gap);
  }
  const rackBottom = y;

  const ports = portsOf(wires, tops);
  const trunkY = (bus: Bus): number | undefined => {
    const lane = trunks[bus.channel]!.lanes.get(bus);
    return lane === undefined ? undefined : channelTop[bus.channel]! + lane * size.lane;
  };
  const risers = columns.map((_, column) => {
    const own = buses.flatMap((bus): Riser[] => {
      const ys = bus.wires.flatMap((wire) =>
        [wire.from, wire.to].flatMap((box) => (box.column === column ? [ports.get(wire)!.get(box)!] : [])),
      );
      const trunk = trunkY(bus);
      const all = trunk === undefined ? ys : [...ys, trunk];
      return ys.length === 0 ? [] : [{ bus, column, from: Math.min(...all), to: Math.max(...all) }];
    });
    return { own, ...assignLanes(own, 3) };
  });

  // From the left: each column with its gutters.
  const chains = (column: Column) =>
    declaration.sites.find(({ name }) => name === column.site)?.halls.find(({ name }) => name === column.hall)
      ?.chains ?? [];
  const widest = Math.max(
    0,
    ...boxes.map(({ title, detail }) => Math.max(textWidth(title, size.text), textWidth(detail, size.small))),
  );
  const boxWidth = Math.min(220, Math.max(110, Math.ceil(widest) + 16));
  const lefts: number[] = [];
  const rights: number[] = [];
  const boxX: number[] = [];
  let x: number = size.margin;
  for (const [index, column] of columns.entries()) {
    const before = columns[index - 1];
    if (before === undefined || before.site !== column.site) x += 3 * size.gap;
    else if (before.hall !== column.hall) x += 2 * size.gap;
    else x += size.gap;
    lefts.push(x);
    boxX.push(x + size.gap + risers[index]!.count * size.lane + 4);
    x = boxX[index]! + boxWidth + chains(column).length * size.lane + size.gap + 4;
    rights.push(x);
    if (column.site !== columns[index + 1]?.site) x += size.gap;
  }

  const riserX = (bus: Bus, column: number): number => {
    const { own, lanes } = risers[column]!;
    const lane = lanes.get(own.find((riser) => riser.bus === bus)!)!;
    return boxX[column]! - size.gap - lane * size.lane;
  };
  const routes = buses.flatMap((bus) =>
    bus.wires.map((wire) => {
      const [start, end] = [ports.get(wire)!.get(wire.from)!, ports.get(wire)!.get(wire.to)!];
      const [a, b] = [wire.from.column, wire.to.column];
      const trunk = trunkY(bus) ?? start;
      const points: Point[] = [
        [boxX[a]!, start],
        [riserX(bus, a), start],
        [riserX(bus, a), a === b ? start : trunk],
        [riserX(bus, b), a === b ? start : trunk],
        [riserX(bus, b), end],
        [boxX[b]!, end],
      ];
      return { wire, points };
    }),
  );

  const barTop = rackBottom + size.gap;
  const barY = (index: number): number => barTop + index * (size.bar + 4);
  const cords = boxes.flatMap((box) =>
    box.supplies.map(({ name, chain }, index) => {
      const { site, hall } = columns[box.column]!;
      const at = Math.max(
        0,
        chains(columns[box.column]!).findIndex((one) => one.name === chain),
      );
      const out = tops.get(box)! + (heights[box.tier] * (index + 1)) / (box.supplies.length + 1);
      const edge = boxX[box.column]! + boxWidth;
      const down = edge + size.gap + at * size.lane;
      const points: Point[] = [
        [edge, out],
        [down, out],
        [down, barY(at) + 4],
      ];
      return { supply: name, needs: `chain ${chain} of hall ${hall} at ${site}`, points };
    }),
  );

  const span = (of: (column: Column) => boolean): { x: number; width: number } => {
    const own = columns.flatMap((column, index) => (of(column) ? [index] : []));
    return { x: lefts[own[0]!]!, width: rights[own.at(-1)!]! - lefts[own[0]!]! };
  };
  const bars: Layout["bars"][number][] = [];
  const frames: Layout["frames"][number][] = [];
  const mostBars = Math.max(0, ...columns.map((column) => chains(column).length));
  const hallBottom = barY(mostBars) + size.label;
  const siteBottom = hallBottom + size.gap + size.label;
  for (const site of declaration.sites) {
    const inSite = columns.some((column) => column.site === site.name);
    if (!inSite) continue;
    const wide = span((column) => column.site === site.name);
    frames.push({
      kind: "site",
      name: `site ${site.name}`,
      textX: wide.x - size.gap,
      text: `Site ${site.name} · ${site.provider}, ${site.city}`,
      x: wide.x - 2 * size.gap,
      width: wide.width + 4 * size.gap - size.gap,
      y: rackTop - 2 * size.gap,
      height: siteBottom - rackTop + 3 * size.gap,
    });
    for (const hall of site.halls) {
      if (!columns.some((column) => column.site === site.name && column.hall === hall.name)) continue;
      const own = span((column) => column.site === site.name && column.hall === hall.name);
      const name = `hall ${hall.name} at ${site.name}`;
      const frame = { x: own.x - size.gap, width: own.width + size.gap + 4, y: rackTop - size.gap };
      frames.push({
        kind: "hall",
        name,
        text: `Hall ${hall.name}`,
        textX: own.x,
        ...frame,
        height: hallBottom - frame.y + 4,
      });
      for (const [index, chain] of hall.chains.entries()) {
        const text = `chain ${chain.name} · ${chain.feed}`;
        const chainName = `chain ${chain.name} of ${name}`;
        bars.push({ name: chainName, text, index, ...own, y: barY(index), height: size.bar });
      }
      for (const rack of hall.racks) {
        const at = columns.findIndex((one) => one.site === site.name && one.hall === hall.name && one.rack === rack);
        // It is in another band.
        if (at === -1) continue;
        const only = { x: lefts[at]!, width: rights[at]! - lefts[at]! };
        const rackName = `rack ${rack} of ${name}`;
        const place = { y: rackTop, height: rackBottom - rackTop };
        frames.push({ kind: "rack", name: rackName, text: rack, textX: boxX[at]!, ...only, ...place });
      }
    }
  }
  const rectangle = (box: Box): Rectangle => ({
    x: boxX[box.column]!,
    y: tops.get(box)!,
    width: boxWidth,
    height: heights[box.tier],
  });
  return {
    width: Math.max(x + 2 * size.gap + size.margin, 420),
    height: siteBottom + 2 * size.gap + size.margin,
    boxes: new Map(boxes.map((box) => [box, rectangle(box)])),
    wires: routes,
    cords,
    bars,
    frames,
  };
}

/** Position on a box's left edge where each of its wires ends: one for each bus, wires from above first. */
function portsOf(wires: readonly Wire[], tops: ReadonlyMap<Box, number>): Map<Wire, Map<Box, number>> {
  const buses = new Map<Box, Set<string>>();
  for (const { from, to, bus, name } of wires) {
    for (const [box, key] of [
      [to, bus],
      [from, name],
    ] as const)
      buses.set(box, (buses.get(box) ?? new Set()).add(key));
  }
  const at = (box: Box, key: string): number => {
    // Wires from below end at the bottom.
    const keys = [...buses.get(box)!].sort((a, b) => Number(a === box.name) - Number(b === box.name));
    return tops.get(box)! + (heights[box.tier] * (keys.indexOf(key) + 1)) / (keys.length + 1);
  };
  return new Map(
    wires.map((wire) => [
      wire,
      new Map([
        [wire.from, at(wire.from, wire.name)],
        [wire.to, at(wire.to, wire.bus)],
      ]),
    ]),
  );
}
