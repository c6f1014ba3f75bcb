import fc from "fast-check";
import { expect, test } from "vitest";
import { differing } from "./differing.ts";

const operators = [
  { name: "transit-1", asNumber: 64496, routers: ["r1"] },
  { name: "transit-2", asNumber: 64497, routers: ["r2"] },
  { name: "transit-3", asNumber: 64498, routers: ["r3"] },
];
const [first, second, third] = operators as [(typeof operators)[0], (typeof operators)[0], (typeof operators)[0]];

test("an item is found by its name, wherever it stands: added, removed, changed", () => {
  expect(differing("operators", operators, [{ ...first, name: "init7" }, second, third])).toEqual([
    "operators init7 added",
    "operators transit-1 removed",
  ]);
  expect(differing("operators", operators, [second, third])).toEqual(["operators transit-1 removed"]);
  expect(
    differing("operators", operators, [third, { ...first, asNumber: 64500, routers: ["r1", "r4"] }, second]),
  ).toEqual(["operators transit-1 AS number 64496 to 64500", "operators transit-1 routers r4 added"]);
});

test("items that are told apart by another member than a name", () => {
  const disks = [
    { slot: "bay0", serial: "A" },
    { slot: "bay1", serial: "B" },
  ];
  expect(differing("disks", disks, [disks[1], { slot: "bay0", serial: "C" }])).toEqual([
    'disks bay0 serial "A" to "C"',
  ]);
});

test("lists of words", () => {
  expect(differing("hostnames", ["a.test", "b.test"], ["c.test", "a.test"])).toEqual([
    "hostnames c.test added",
    "hostnames b.test removed",
  ]);
});

test("a list whose items only change places says so", () => {
  expect(differing("operators", operators, operators.toReversed())).toEqual(["operators in another order"]);
  expect(differing("ports", [1, 1, 2], [1, 2, 2])).toEqual(["ports in another order"]);
});

test("items that nothing tells apart are told whole", () => {
  const waiver = { rule: "two-disks", path: "disks.0" };
  expect(differing("waivers", [waiver, { ...waiver, path: "disks.1" }], [waiver])).toEqual([
    'waivers {"rule":"two-disks","path":"disks.1"} removed',
  ]);
});

test("maps, one level or more", () => {
  expect(differing("limits", { cpuWeight: 100, deep: { a: 1 } }, { cpuWeight: 200, deep: { a: 2 } })).toEqual([
    "limits CPU weight 100 to 200",
    "limits deep a 1 to 2",
  ]);
});

test("whatever differs is said in some word, and nothing where nothing differs", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (before, after) => {
      const [was, is] = [JSON.parse(JSON.stringify(before)), JSON.parse(JSON.stringify(after))];
      expect(differing("x", was, is).length > 0).toBe(JSON.stringify(was) !== JSON.stringify(is) && differs(was, is));
    }),
    { seed: 13 },
  );
});

function differs(before: unknown, after: unknown): boolean {
  try {
    expect(before).toStrictEqual(after);
    return false;
  } catch {
    return true;
  }
}
