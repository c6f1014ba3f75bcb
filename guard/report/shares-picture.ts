import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { escaped, line, tag } from "../../fleet/draw/markup.ts";
import { count } from "../../lib/text/text.ts";
import type { Amounts } from "../../policies/fair-shares.ts";
import { type Share, sharesOf } from "../change/effects/shares.ts";
import type { Reviewed } from "../verdict/outcome.ts";
import { notableShares } from "./summary.ts";

const style = `
text { font-family: "DejaVu Sans", Verdana, Arial, sans-serif; fill: #1f2933 }
.title { font-weight: bold } .faint { fill: #52606d }
rect { stroke: #fff } .frame { stroke: #9aa5b1; fill: #f7f9fb } .free { fill: #e4e7eb }
`;
/** Of plans, and of accounts with limits of their own, in the order of their names; then from the first one on again. */
const colours = ["#1d5fa8", "#2f8f4e", "#8a5cc2", "#b0741a", "#0f8b8d", "#6d7f1f", "#c2557a", "#5b6b7b"];
const [margin, left, bar, row, text, small, width] = [12, 150, 560, 16, 13, 11, 980];

/** What of a host is shared, how much of it there is, and how one account's share is named: `in` is how much of it is one of the unit. */
const amounts = [
  { key: "cores", words: "cores", of: ({ cores }: Capacity) => cores, in: 1, unit: "", one: " cores" },
  { key: "ioPercent", words: "IO", of: () => 100, in: 1, unit: " %", one: " % IO" },
  { key: "memoryMb", words: "memory", of: ({ memoryMb }: Capacity) => memoryMb, in: 1024, unit: " GiB", one: " GiB" },
  { key: "diskGb", words: "disk", of: ({ diskGb }: Capacity) => diskGb, in: 1, unit: " GB", one: " GB" },
] as const satisfies readonly {
  key: keyof Amounts;
  words: string;
  of: (capacity: Capacity) => number;
  in: number;
  unit: string;
  one: string;
}[];
/** Pixels of the smallest part of a bar: less is not seen beside the white between parts. */
const leastPart = 3;
type Capacity = Declaration["hosts"][number]["capacity"];

/**
 * Each host on which shares of accounts change, as one self-contained SVG: what the accounts of each plan are guaranteed together of cores, IO, memory and disk, before and after the
 * change. Accounts with limits of their own have a part of their own; grey is what nobody was promised. The same input gives the same bytes.
 */
export function sharesSvg(outcome: Reviewed): string {
  const { before, after, review } = outcome;
  const sides = [
    { when: "before", ...sideOf(before.declaration) },
    { when: "after", ...sideOf(after.declaration) },
  ];
  const hosts = [...new Set(notableShares(review).map(({ host }) => host))].sort();
  const owners = [...new Set(sides.flatMap(({ shares }) => [...shares.keys()]).map(ownerOf))].sort();
  const colour = new Map(owners.map((owner, index) => [owner, colours[index % colours.length]!]));
  const title = `Fair shares of ${count(hosts.length, "host")} that change`;
  const words = "Coloured: what the accounts of a plan are guaranteed together. Grey: promised to nobody.";
  let y = margin + text;
  const drawn = [
    line(title, { x: margin, y, width, size: text, class: "title" }),
    line(words, { x: margin, y: y + row, width, size: small, class: "faint" }),
  ];
  y += row;
  for (const host of hosts) {
    const own = sides.map((side) => ({
      ...side,
      shares: [...side.shares].filter(([key]) => key.startsWith(`${host} `)),
    }));
    const shown = owners.filter((owner) => own.some(({ shares }) => shares.some(([key]) => ownerOf(key) === owner)));
    const legend = shown.map((owner) => {
      const [was, is] = own.map(({ shares }) => shares.find(([key]) => ownerOf(key) === owner)?.[1]);
      return { owner, accounts: [was, is].map((share) => share?.accounts ?? 0), each: eachOf(was, is) };
    });
    const rows = amounts.length * 2 + legend.reduce((sum, { each }) => sum + 1 + each.length, 0) + 1;
    const height = rows * row + amounts.length * 6 + 2 * margin;
    y += margin;
    drawn.push(tag("rect", { x: margin, y, width: width - 2 * margin, height, class: "frame" }));
    y += row + 4;
    drawn.push(line(`host ${host}`, { x: 2 * margin, y, width, size: text, class: "title" }));
    for (const amount of amounts) {
      y += 6;
      for (const { when, shares, capacities } of own) {
        const capacity = capacities.get(host);
        drawn.push(...drawnBar(y + 4, when, amount, shares, capacity && amount.of(capacity), colour));
        y += row;
      }
    }
    for (const { owner, accounts, each } of legend) {
      y += row;
      const [before, after] = accounts.map((number) => count(number, "account"));
      drawn.push(
        tag("rect", { x: left, y: y - 10, width: 12, height: 10, fill: colour.get(owner)! }),
        line(`${owner} (before: ${before}, after: ${after})`, { x: left + 18, y, width: bar, size: small, class: "" }),
      );
      for (const said of each) {
        y += row;
        drawn.push(line(said, { x: left + 18, y, width: width - left - 18 - 2 * margin, size: small, class: "faint" }));
      }
    }
    y += 2 * margin;
  }
  return `${tag(
    "svg",
    {
      xmlns: "http://www.w3.org/2000/svg",
      width,
      height: y + margin,
      viewBox: `0 0 ${width} ${y + margin}`,
      role: "img",
    },
    ...[tag("title", {}, escaped(title)), tag("style", {}, style), ...drawn].map((element) => `\n${element}`),
    "\n",
  )}\n`;
}

function sideOf(declaration: Declaration): { shares: Map<string, Share>; capacities: Map<string, Capacity> } {
  const capacities = new Map(declaration.hosts.map(({ name, capacity }) => [name, capacity]));
  return { shares: sharesOf(declaration), capacities };
}

/** Whose a share of {@link sharesOf} is, on whatever host. */
function ownerOf(key: string): string {
  const [, plan, account] = key.split(" ");
  return account === undefined ? plan! : `${plan}, account ${account}`;
}

/** What one account has of a share, before and after: one line if that is the same, or if it has no other. */
function eachOf(was: Share | undefined, is: Share | undefined): string[] {
  const words = (share: Share | undefined) => {
    if (!share) return undefined;
    const { guaranteed, burst } = share;
    const all = amounts.map(({ key, in: one, one: unit }) => ({
      least: `${rounded(guaranteed[key] / one)}${unit}`,
      most: `${rounded(burst[key] / one)}${unit}`,
    }));
    const more = all.flatMap(({ least, most }) => (least === most ? [] : [most]));
    const least = `at least ${all.map((each) => each.least).join(", ")}`;
    return more.length > 0 ? `${least}; at most ${more.join(", ")}` : least;
  };
  const [before, after] = [words(was), words(is)];
  if (before === after) return [`each ${after}`];
  return [...(before ? [`each before: ${before}`] : []), ...(after ? [`each after: ${after}`] : [])];
}

/** One bar: a part for each owner, as wide as what all of its accounts are guaranteed. */
function drawnBar(
  y: number,
  when: string,
  { key, words, in: one, unit }: (typeof amounts)[number],
  shares: readonly (readonly [string, Share])[],
  capacity: number | undefined,
  colour: ReadonlyMap<string, string>,
): string[] {
  const label = line(`${words} ${when}`, {
    x: 2 * margin,
    y: y + 10,
    width: left - 3 * margin,
    size: small,
    class: "faint",
  });
  if (capacity === undefined || capacity === 0)
    return [label, line("no such host", { x: left, y: y + 10, width: bar, size: small, class: "faint" })];
  let x = left;
  const parts = shares
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([owner, { accounts, guaranteed }]) => {
      const amount = guaranteed[key] * accounts;
      const size = amount > 0 ? Math.max(leastPart, Math.round(((amount * bar) / capacity) * 100) / 100) : 0;
      // What was made wider takes nothing beyond the end.
      x = Math.min(x, left + bar - size);
      const part = tag(
        "rect",
        { x: Math.round(x * 100) / 100, y, width: size, height: row - 4, fill: colour.get(ownerOf(owner))! },
        tag(
          "title",
          {},
          escaped(`${ownerOf(owner)}: ${rounded(amount / one)}${unit}, ${rounded(guaranteed[key] / one)}${unit} each`),
        ),
      );
      x += size;
      return part;
    });
  const promised = shares.reduce((sum, [, { accounts, guaranteed }]) => sum + guaranteed[key] * accounts, 0);
  const figures = `${rounded(promised / one)} of ${rounded(capacity / one)}${unit}`;
  return [
    label,
    tag("rect", { x: left, y, width: bar, height: row - 4, class: "free" }),
    ...parts,
    line(figures, {
      x: left + bar + margin,
      y: y + 10,
      width: width - left - bar - 3 * margin,
      size: small,
      class: "",
    }),
  ];
}

function rounded(amount: number): string {
  return `${amount < 1000 ? Number(amount.toPrecision(3)) : Math.round(amount)}`;
}
