import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { layOut } from "./layout.ts";
import type { Box, Column, Plan, Wire } from "./plan.ts";

/**
 * The plan in parts that are drawn one below the other, each no wider than `widest` px; the plan itself if it is not wider. A part
 * of a single rack can be wider still. A line that leads to another band ends there at a mention of its box.
 */
export function bandsWithin(declaration: Declaration, plan: Plan, widest: number): Plan[] {
  const widthOf = (part: Plan) => layOut(declaration, part, 0).width;
  const whole = widthOf(plan);
  if (whole <= widest) return [plan];
  // Columns of a band have fewer lines beside them, so more of them fit than of the whole plan.
  for (let most = Math.ceil((1.5 * plan.columns.length * widest) / whole); ; most--) {
    const bands = bandsOf(plan, most);
    if (most <= 1 || bands.every((band) => widthOf(band) <= widest)) return bands;
  }
}

/** Bands of at most so many columns. Sites stay whole where they fit. */
function bandsOf(plan: Plan, most: number): Plan[] {
  if (plan.columns.length <= most) return [plan];
  const bands: number[][] = [];
  for (const own of Map.groupBy(plan.columns.keys(), (index) => plan.columns[index]!.site).values()) {
    const last = bands.at(-1);
    if (last !== undefined && last.length + own.length <= most) last.push(...own);
    else for (let start = 0; start < own.length; start += most) bands.push(own.slice(start, start + most));
  }
  return bands.map((columns) => bandOf(plan, columns));
}

function bandOf({ columns, boxes, wires }: Plan, own: readonly number[]): Plan {
  const inside = new Map(
    boxes.flatMap((box): [string, Box][] => {
      const column = own.indexOf(box.column);
      return column === -1 ? [] : [[box.name, { ...box, column }]];
    }),
  );
  const mentioned = new Map<string, Box>();
  const ends = (box: Box): Box => {
    const known = inside.get(box.name) ?? mentioned.get(box.name);
    if (known !== undefined) return known;
    const mention = {
      ...box,
      column: own.length,
      detail: "drawn elsewhere",
      disks: [],
      supplies: [],
      elsewhere: true,
    } as const;
    mentioned.set(box.name, mention);
    return mention;
  };
  // Each line once, where its lower end is.
  const drawn = wires.flatMap((wire): Wire[] => {
    const from = inside.get(wire.from.name);
    return from === undefined ? [] : [{ ...wire, from, to: ends(wire.to) }];
  });
  const racks: Column[] = own.map((index) => columns[index]!);
  return {
    columns: mentioned.size === 0 ? racks : [...racks, {}],
    boxes: [...inside.values(), ...mentioned.values()],
    wires: drawn,
  };
}
