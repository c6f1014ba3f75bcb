import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { serviceGraph } from "../../components/service-graph/service-graph.ts";
import { count } from "../../lib/text/text.ts";
import { bandsWithin } from "./bands.ts";
import { type Failed, failedWithout, type State } from "./failed.ts";
import { type Layout, layOut, type Rectangle, size } from "./layout.ts";
import { escaped, line, tag, wrapped } from "./markup.ts";
import { type Box, planOf } from "./plan.ts";

const style = `
text { font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1f2933 }
.title { font-weight: bold } .faint { fill: #52606d } .bad, .down text { fill: #b00020 } .cut > text { fill: #fff }
rect { stroke: #9aa5b1; fill: #fff } .site > rect { fill: #eef2f6 } .hall > rect { fill: #f7f9fb } .rack > rect { stroke-dasharray: 3 3 }
.operator > rect { fill: #e3f1e4 } .router > rect { fill: #fff3d6 } .switch > rect { fill: #e4ebfb } .chain > rect { fill: #f3ead9 }
path { fill: none; stroke-width: 1.4 } .cord { stroke-width: 1.2; stroke-dasharray: 2 2 }
g.down > rect:not(.part) { fill: #fde4e4; stroke: #d0021b } g.cut > rect:not(.part) { fill: #d0021b; stroke: #7a0010 }
path.down, path.cut { stroke: #d0021b } path.cut { stroke-width: 2.4 } rect.part.down { fill: #f4a6a6; stroke: #d0021b } rect.part.cut { fill: #d0021b; stroke: #7a0010 }
`;
const touchedStyle = `g.touched > rect:not(.part) { fill: #ffc14d; stroke: #b36b00; stroke-width: 2 } rect.part.touched { fill: #e08e00; stroke: #b36b00 }
`;
/** Colours of buses and of chains. Red is reserved for failures, amber for elements that a change touches. */
const busColours = ["#1d5fa8", "#2f8f4e", "#8a5cc2", "#0f8b8d", "#b0741a", "#5b6b7b", "#3949ab", "#6d7f1f"];
const cordColours = ["#a8721c", "#6b5b95", "#3b7a57", "#555555"];

/** Widest picture in px, about what a screen shows at once. A fleet with more racks is drawn in bands, one below the other. */
const widest = 2200;

/**
 * The fleet as one self-contained SVG: operators at the top, sites with halls and racks and their content, the chains at the
 * bottom of each hall. Elements that are cut, or down because of that, are red. The same input gives the same bytes.
 * @param touched names of the nodes that a change touches: amber, with a legend
 */
export function fleetSvg(
  declaration: Declaration,
  failed: Failed = failedWithout(serviceGraph(declaration), []),
  touched: ReadonlySet<string> = new Set(),
): string {
  const bands = bandsWithin(declaration, planOf(declaration), widest);
  const width = Math.max(...bands.map((band) => layOut(declaration, band, 0).width));
  const words = wrapped(caption(declaration, failed), width - 2 * size.margin, size.text);
  const legendTop = size.margin + words.length * size.label;
  const layouts: Layout[] = [];
  for (const band of bands) {
    const top = layouts.at(-1)?.height ?? (touched.size === 0 ? legendTop : legendTop + size.label);
    layouts.push(layOut(declaration, band, top));
  }
  const { height } = layouts.at(-1)!;
  const heading = words.map((text, index) =>
    line(text, {
      x: size.margin,
      y: size.margin + size.text + index * size.label,
      width: width - size.margin,
      size: size.text,
      class: failed.cut.length > 0 ? "title bad" : "title",
    }),
  );
  const { states } = failed;
  // Failed elements are red even if they are touched.
  const shown: Shown = new Map([...Array.from(touched, (name) => [name, "touched"] as const), ...states]);
  return `${tag(
    "svg",
    { xmlns: "http://www.w3.org/2000/svg", width, height, viewBox: `0 0 ${width} ${height}`, role: "img" },
    ...[
      tag("title", {}, escaped(words.join(" "))),
      tag("style", {}, touched.size === 0 ? style : style + touchedStyle),
      tag("rect", { width, height, style: "stroke:none" }),
      ...heading,
      ...(touched.size === 0 ? [] : legend(legendTop, failed, width)),
      ...layouts.flatMap((layout) => [
        ...frames(layout, states),
        ...cords(layout, states),
        ...wires(layout, states),
        ...bars(layout, states),
        ...[...layout.boxes].map(([box, at]) => drawnBox(box, at, shown)),
      ]),
    ].map((element) => `\n${element}`),
    "\n",
  )}\n`;
}

/** The sentence above the picture. */
function caption({ sites, hosts, accounts }: Declaration, failed: Failed): string {
  const without = [...failed.accounts.values()].reduce((sum, one) => sum + one, 0);
  if (failed.cut.length > 0) {
    const down = hosts.filter(({ name }) => failed.states.has(`host ${name}`)).length;
    return `Without ${failed.cut.join(" and ")}: ${count(down, "host")} of ${hosts.length} down, ${count(without, "account")} of ${accounts.length} without service`;
  }
  const all = [count(sites.length, "site"), count(hosts.length, "host"), count(accounts.length, "account")].join(", ");
  return without === 0 ? all : `${all}; ${count(without, "account")} without service though nothing is cut`;
}

type States = Failed["states"];
type Shown = ReadonlyMap<string, State | "touched">;

/** Explains the colours. */
function legend(y: number, { cut, states }: Failed, width: number): string[] {
  const down = [...states.values()].includes("down");
  const words = [
    ["touched", "touched by the change"],
    ...(cut.length > 0 ? [["cut", "taken away"]] : []),
    ...(down ? [["down", "down"]] : []),
  ] as const;
  return words
    .map(([name, meaning], index) => {
      const x = size.margin + index * 150;
      return tag(
        "g",
        { class: `legend ${name}` },
        tag("rect", { x, y: y + 2, width: 12, height: 10 }),
        tag("text", { x: x + 18, y: y + size.text, "font-size": size.small, style: "fill:#1f2933" }, escaped(meaning)),
      );
    })
    .filter((_, index) => size.margin + index * 150 + 130 < width || index === 0);
}

const classes = (...names: (string | undefined)[]): string => names.filter((name) => name !== undefined).join(" ");

function frames({ frames: all }: Layout, states: States): string[] {
  return all.map(({ kind, name, text, textX, x, y, width, height }) => {
    // The name of a rack stands above its boxes, the names of halls and sites below their content: no line crosses the text there.
    const bottom = y + height - (kind === "site" ? size.gap : 4);
    const label = line(text, {
      x: textX,
      y: kind === "rack" ? y + size.text + 2 : bottom,
      width: x + width - textX,
      size: kind === "site" ? size.text : size.small,
      class: kind === "site" ? "title" : "faint",
    });
    return tag(
      "g",
      { class: classes(kind, states.get(name)), "data-element": name },
      tag("rect", { x, y, width, height, rx: 4 }),
      label,
    );
  });
}

const pathOf = (points: readonly (readonly [number, number])[]): string =>
  points.map(([x, y], index) => `${index === 0 ? "M" : "L"}${round(x)} ${round(y)}`).join("");
const round = (value: number): number => Math.round(value * 10) / 10;

/** Failed elements first, so that a lane that is still in use by others keeps their colour. */
function worstFirst<T extends { readonly state?: State }>(all: readonly T[]): T[] {
  return all.toSorted((a, b) => Number(a.state === undefined) - Number(b.state === undefined));
}

function wires({ wires: all }: Layout, states: States): string[] {
  const buses = [...new Set(all.map(({ wire }) => wire.bus))];
  const drawn = all.map(({ wire, points }) => {
    const own = states.get(wire.name);
    const state = own ?? (wire.needs.some((name) => states.has(name)) ? ("down" as const) : undefined);
    return { wire, points, ...(state && { state }) };
  });
  return worstFirst(drawn).map(({ wire, points, state }) =>
    tag(
      "path",
      {
        class: classes("wire", state),
        d: pathOf(points),
        stroke: busColours[buses.indexOf(wire.bus) % busColours.length],
        "data-element": wire.name,
      },
      tag("title", {}, escaped(wire.name)),
    ),
  );
}

function cords({ cords: all, bars: chains }: Layout, states: States): string[] {
  const drawn = all.map(({ supply, needs, points }) => {
    const state = states.get(supply) ?? (states.has(needs) ? ("down" as const) : undefined);
    return { needs, points, ...(state && { state }) };
  });
  return worstFirst(drawn).map(({ needs, points, state }) => {
    const index = chains.find(({ name }) => name === needs)?.index ?? 0;
    return tag("path", {
      class: classes("cord", state),
      d: pathOf(points),
      stroke: cordColours[index % cordColours.length],
    });
  });
}

function bars({ bars: all }: Layout, states: States): string[] {
  return all.map(({ name, text, index, x, y, width, height }) =>
    tag(
      "g",
      { class: classes("chain", states.get(name)), "data-element": name },
      tag("rect", { x, y, width, height, rx: 3, style: `stroke:${cordColours[index % cordColours.length]}` }),
      line(text, {
        x: x + size.gap,
        y: y + 13,
        width: width - 2 * size.gap,
        size: size.small,
        class: "faint",
      }),
    ),
  );
}

function drawnBox(box: Box, { x, y, width, height }: Rectangle, states: Shown): string {
  const inside = { x: x + size.gap, width: width - 2 * size.gap };
  const step = Math.min(14, inside.width / box.disks.length);
  const disks = box.disks.map(({ name, slot }, index) =>
    tag(
      "rect",
      {
        ...{ class: classes("part", states.get(name)), x: round(inside.x + index * step), y: y + height - 13 },
        ...{ width: round(step - 3), height: 7, "data-element": name },
      },
      tag("title", {}, escaped(`disk ${slot}`)),
    ),
  );
  const supplies = box.supplies.map(({ name, chain }, index) =>
    tag(
      "rect",
      {
        ...{ class: classes("part", states.get(name)), x: x + width - 3 },
        ...{ y: round(y + (height * (index + 1)) / (box.supplies.length + 1) - 3) },
        ...{ width: 6, height: 6, "data-element": name },
      },
      tag("title", {}, escaped(`${name}, chain ${chain}`)),
    ),
  );
  return tag(
    "g",
    {
      class: classes(box.tier, states.get(box.name)),
      ...(box.elsewhere ? { "data-elsewhere": box.name } : { "data-element": box.name }),
    },
    tag("rect", { x, y, width, height, rx: 4, ...(box.elsewhere && { "stroke-dasharray": "3 3" }) }),
    line(box.title, { ...inside, y: y + 14, size: size.text, class: "title" }),
    line(box.detail, { ...inside, y: y + 28, size: size.small, class: "faint" }),
    ...disks,
    ...supplies,
  );
}
