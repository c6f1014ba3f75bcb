import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { serviceGraph } from "../../components/service-graph/service-graph.ts";
import { declare } from "../declare/declare.ts";
import { loadFleet } from "../load/load.ts";
import { failedWithout, findElement } from "./failed.ts";
import { assignLanes } from "./lanes.ts";
import { fleetSvg } from "./svg.ts";
import { formatTable, rowsOf } from "./table.ts";

const inventory = join(import.meta.dirname, "../../inventory");
const load = async (fleet: string): Promise<Declaration> => declare((await loadFleet(join(inventory, fleet))).fleet);
const [lab, prod] = [await load("lab"), await load("prod")];
const accounts = lab.accounts.length;
const accountsOf = (host: string) => lab.accounts.filter((account) => account.host === host).length;

function without(declaration: Declaration, ...elements: readonly string[]) {
  const graph = serviceGraph(declaration);
  return failedWithout(
    graph,
    elements.map((words) => findElement(graph, words)),
  );
}

/** Classes of an element in the picture, one entry for each time it is drawn. */
function drawn(svg: string, element: string): string[] {
  return [...svg.matchAll(/<(?:g|path|rect)( [^>]*)>/g)]
    .map(([, attributes]) => attributes!)
    .filter((attributes) => attributes.includes(` data-element="${element}"`))
    .map((attributes) => /class="([^"]*)"/.exec(attributes)![1]!);
}

test("the lab fleet, byte for byte: whole, and without a chain and a host", async () => {
  await expect(fleetSvg(lab)).toMatchFileSnapshot("lab.golden.svg");
  const cut = fleetSvg(lab, without(lab, "chain a of hall hall-1 at lab", "web2"));
  await expect(cut).toMatchFileSnapshot("lab-without.golden.svg");
});

test("the example fleet: every site, hall, rack, chain, host, switch, router, operator, disk, supply and link once, nothing red", () => {
  const svg = fleetSvg(prod);
  const names = serviceGraph(prod).nodes.flatMap(({ name, failure }) => (failure ? [name] : []));
  const once = names.filter((name) => !name.startsWith("feed "));
  expect(once.length).toBe(165);
  for (const name of once) expect([name, drawn(svg, name)]).toEqual([name, [expect.not.stringMatching(/cut|down/)]]);
});

test("elements that are cut or down because of that are red, and no others", () => {
  const svg = fleetSvg(lab, without(lab, "router-1"));
  expect(drawn(svg, "router router-1")).toEqual(["router cut"]);
  for (const name of ["switch-a", "switch-b"]) expect(drawn(svg, `switch ${name}`)).toEqual(["switch down"]);
  for (const name of ["web1", "web2"]) expect(drawn(svg, `host ${name}`)).toEqual(["host down"]);
  expect(drawn(svg, "chain a of hall hall-1 at lab")).toEqual(["chain"]);
  expect(drawn(svg, "disk vda of host web1")).toEqual(["part"]);
  expect(svg).toContain(
    `Without router router-1: 2 hosts of 2 down, ${accounts} accounts of ${accounts} without service`,
  );
});

/** Rectangles of all texts and of all straight pieces of lines. */
function room(svg: string) {
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)" font-size="(\d+)"[^>]*>([^<]*)/g)].map((match) => {
    const [x, y, size] = match.slice(1, 4).map(Number) as [number, number, number];
    return { text: match[4]!, left: x, right: x + match[4]!.length * size * 0.6, top: y - size * 0.8, bottom: y + 2 };
  });
  const lines = [...svg.matchAll(/<path class="wire[^"]*" d="M([^"]*)"/g)].flatMap(([, points]) => {
    const ends = points!.split("L").map((point) => point.split(" ").map(Number) as [number, number]);
    return ends.slice(1).map(([x, y], index) => {
      const [fromX, fromY] = ends[index]!;
      const [left, right] = [Math.min(x, fromX), Math.max(x, fromX)];
      return { text: "a line", left, right, top: Math.min(y, fromY), bottom: Math.max(y, fromY) };
    });
  });
  return { texts, lines };
}

/** The example fleet with 14 racks and hosts more at each of two sites. */
const large: Declaration = {
  ...prod,
  sites: prod.sites.map((site) => {
    const racks = Array.from({ length: site.name === "bak1" ? 0 : 14 }, (_, index) => `r${10 + index}`);
    return { ...site, halls: site.halls.map((hall) => ({ ...hall, racks: [...hall.racks, ...racks] })) };
  }),
  hosts: [
    ...prod.hosts,
    ...["par1-web1", "par2-web1"].flatMap((model) => {
      const host = prod.hosts.find(({ name }) => name === model)!;
      return Array.from({ length: 14 }, (_, index) => ({ ...host, name: `${model}${index}`, rack: `r${10 + index}` }));
    }),
  ],
};
const widthOf = (svg: string) => Number(/ width="(\d+)"/.exec(svg)![1]);

test("40 hosts in 40 racks: no wider than a screen, in bands, with every element and line in one of them", () => {
  expect(large.hosts).toHaveLength(40);
  const svg = fleetSvg(large);
  expect(widthOf(svg)).toBeLessThanOrEqual(2200);
  const wide = serviceGraph(large).nodes.flatMap(({ name, failure }) => (failure ? [name] : []));
  const once = wide.filter((name) => !/^(?:feed|site|hall|chain) /.test(name));
  expect(once.length).toBeGreaterThan(300);
  for (const name of once) expect([name, drawn(svg, name).length]).toEqual([name, 1]);
  const cut = fleetSvg(large, without(large, "par1-web13"));
  expect(drawn(cut, "host par1-web13")).toEqual(["host cut"]);
});

test.each([
  ["lab", lab],
  ["prod", prod],
  ["large", large],
])("%s: no text covers another, no line runs through a text, all of it inside the picture", (_, fleet) => {
  const svg = fleetSvg(fleet);
  const { texts, lines } = room(svg);
  expect(texts.length).toBeGreaterThan(fleet.hosts.length * 2);
  expect(lines.length).toBeGreaterThan(fleet.hosts.length * 2);
  const clashes = texts.flatMap((one, index) =>
    [...texts.slice(index + 1), ...lines]
      .filter((other) => one.left < other.right && other.left < one.right)
      .filter((other) => one.top < other.bottom && other.top < one.bottom)
      .map((other) => `${one.text} and ${other.text}`),
  );
  expect(clashes).toEqual([]);
  const width = Number(/ width="(\d+)"/.exec(svg)![1]);
  expect(texts.filter(({ right }) => right > width)).toEqual([]);
});

test("text from the inventory is only ever text", () => {
  const [first, ...others] = lab.hosts;
  const name = '<script x="1">&\u0007';
  const svg = fleetSvg({ ...lab, hosts: [{ ...first!, name, role: "</text>" }, ...others] });
  expect(svg).not.toContain("<script");
  expect(svg).toContain("&lt;script x=&quot;1&quot;&gt;&amp;?");
  expect(svg).toContain("&lt;/text&gt;");
});

test("spans in one lane never overlap", () => {
  const span = fc.tuple(fc.nat(50), fc.nat(20)).map(([from, length]) => ({ from, to: from + length }));
  fc.assert(
    fc.property(fc.array(span), (spans) => {
      const { lanes, count } = assignLanes(spans, 1);
      for (const own of Map.groupBy(spans, (one) => lanes.get(one)!).values()) {
        own.sort((a, b) => a.from - b.from);
        for (const [index, { from }] of own.slice(1).entries()) expect(from).toBeGreaterThan(own[index]!.to);
      }
      expect(count).toBe(new Set(lanes.values()).size);
    }),
  );
});

test("the table breaks long cells to fit its width, and shows accounts without service", () => {
  const rows = rowsOf(lab, without(lab, "web1"));
  expect(formatTable(rows)).toBe(
    [
      "┌──────┬────────┬────────┬──────┬────────┬───────────────────┬──────────┐",
      "│ site │ hall   │ rack   │ host │ chains │ switches          │ accounts │",
      "├──────┼────────┼────────┼──────┼────────┼───────────────────┼──────────┤",
      `│ lab  │ hall-1 │ rack-1 │ web1 │ a b    │ switch-a switch-b │ ${`${accountsOf("web1")} down`.padEnd(8)} │`,
      `│ lab  │ hall-1 │ rack-1 │ web2 │ a b    │ switch-a switch-b │ ${`${accountsOf("web2")}`.padEnd(8)} │`,
      "└──────┴────────┴────────┴──────┴────────┴───────────────────┴──────────┘",
    ].join("\n"),
  );
  const long = rows.map((row) => ({ ...row, host: "q".repeat(90), switches: ["s".repeat(60), "t".repeat(60)] }));
  const lines = formatTable(long).split("\n");
  expect(lines.filter((text) => text.length > 100)).toEqual([]);
  expect(lines.join("").replace(/[^q]/g, "")).toHaveLength(2 * 90);
});

test("finds an element by its name or short name; reports one that is ambiguous or missing", () => {
  const graph = serviceGraph(prod);
  const name = (words: string): string => graph.nodes[findElement(graph, words)]!.name;
  expect(name("chain a of hall hall-a at par1")).toBe("chain a of hall hall-a at par1");
  expect(name("par1-web1")).toBe("host par1-web1");
  expect(name("transit-1")).toBe("operator transit-1");
  expect(() => name("chain a")).toThrow('"chain a" matches 3 elements, for example "chain a of hall hall-1 at bak1"');
  expect(() => name("host par1-web")).toThrow('there is no element "host par1-web"; did you mean "host par1-web1"?');
});

test("the command: table, picture, JSON, and an unknown element", () => {
  const scratch = mkdtempSync(join(tmpdir(), "fairhost-picture-"));
  const file = join(scratch, "fleet.svg");
  const run = (...args: readonly string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "../../cli/picture.ts"), ...args], { encoding: "utf8" });
  try {
    const drawing = run(join(inventory, "lab"), "--without", "web1", "--svg", file);
    expect([drawing.status, drawing.stderr]).toEqual([0, ""]);
    expect(drawing.stdout).toContain(`│ ${accountsOf("web1")} down `);
    expect(drawing.stdout).toContain(`Without host web1: 0 other elements down, ${accountsOf("web1")} accounts down.`);
    expect(readFileSync(file, "utf8")).toBe(fleetSvg(lab, without(lab, "web1")));

    const programs = run(
      join(inventory, "lab"),
      "--without",
      "switch-a",
      "uplink et-0/0/48 of switch switch-b",
      "--json",
    );
    expect(JSON.parse(programs.stdout)).toMatchObject({
      downAccounts: accounts,
      down: expect.arrayContaining(["host web1"]),
    });

    const unknown = run(join(inventory, "lab"), "--without", "web9");
    expect([unknown.status, unknown.stdout]).toEqual([2, ""]);
    expect(unknown.stderr).toMatch(/^there is no element "web9"/);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
