import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refuseUnknownCell, stackOfEachCell, stacksIn } from "./cell-stacks.ts";

const hosts = [{ cell: "main" }, { cell: "second" }, { cell: "main" }];
const named = [
  { name: "web1", cell: "main" },
  { name: "web2", cell: "second" },
];
const inventory = "/fleet";
const whole = [
  { stack: "prod", inventory, cell: "main" },
  { stack: "prod-second", inventory, cell: "second" },
  { stack: "prod-routers", inventory, cell: "routers" },
];
const found = (stacks: Parameters<typeof stackOfEachCell>[0]) => stackOfEachCell(stacks, "prod-routers", hosts);

test("each cell and the routers have a stack; stacks of other fleets do not count", () => {
  expect([...found([...whole, { stack: "lab", inventory: "/lab" }])]).toEqual([
    ["main", "prod"],
    ["second", "prod-second"],
    ["routers", "prod-routers"],
  ]);
});

test("a cell without a stack, two stacks of one cell, and a stack of all hosts are refused, all at once", () => {
  const stacks = [whole[0]!, { ...whole[0]!, stack: "twice" }, { stack: "all", inventory }, whole[2]!];
  expect(() => found(stacks)).toThrow(
    [
      "nothing was touched:",
      "  stacks prod and twice both hold cell main: correct one of them",
      "  stack all has no fairhost:cell, so it holds the hosts of all cells: set it, or remove its file",
      "  no stack holds cell second: `pulumi stack init <name>`, with fairhost:cell second and this inventory",
    ].join("\n"),
  );
  expect(() => stackOfEachCell(whole.slice(0, 2), "prod", hosts)).toThrow("no stack holds the routers");
});

test("stacks are read from their settings", () => {
  const directory = mkdtempSync(join(tmpdir(), "fairhost-stacks-"));
  try {
    const write = (name: string, text: string) => writeFileSync(join(directory, name), text);
    write("Pulumi.yaml", "name: fairhost\n");
    write("Pulumi.prod.yaml", "config:\n  fairhost:inventory: inventory/prod\n  fairhost:cell: main\n");
    write("Pulumi.all.yaml", "config:\n  fairhost:inventory: inventory/prod\n");
    write("Pulumi.new.yaml", "encryptionsalt: v1\n");
    write("Pulumi.broken.yaml", "config: [\n");
    expect(stacksIn(directory)).toEqual([
      { stack: "all", inventory: join(directory, "inventory/prod") },
      { stack: "prod", inventory: join(directory, "inventory/prod"), cell: "main" },
    ]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test.each<[cell: string | undefined, held: readonly string[]]>([
  ["main", []],
  ["second", ["web2"]],
  ["routers", []],
  [undefined, ["web1", "web2"]],
  ["third", ["web3", "web4"]],
])("cell %s is deployed in a stack that holds %j", (cell, held) => {
  refuseUnknownCell("prod", cell, named, held);
});

test.each([
  [
    "a new stack",
    [],
    "Correct it; the stack holds no host, so if it is not needed any more, remove it (`pulumi destroy`)",
  ],
  [
    "a stack with hosts",
    ["web1", "web3"],
    "Correct it; or first move web1 to the stack of cell main (docs/how-to/operate/hosts.md)",
  ],
])("a cell that no host is in is refused: %s", (_, held, fix) => {
  expect(() => refuseUnknownCell("prod", "secnd", named, held)).toThrow(
    `fairhost:cell of stack prod: no host is in cell "secnd"; there are main, routers, second; nothing was touched. ${fix}`,
  );
});
