import fc from "fast-check";
import { expect, test } from "vitest";
import { dueRouters, type PlannedRouter, untaken } from "./due-routers.ts";
import { inForce, type Prefixes, prefixesOf } from "./in-force.ts";

type Routes = Readonly<Record<string, readonly string[]>>;
const routers = (takes: Routes, names = ["r1", "r2"]): PlannedRouter[] =>
  names.map((name) => ({ name, site: "alpha", takes: prefixesOf(takes) }));
const state = (announced: Routes, taken: Readonly<Record<string, Routes>>) => ({
  announced: prefixesOf(announced),
  taken: new Map(Object.entries(taken).map(([name, takes]) => [name, prefixesOf(takes)])),
});
const sites = new Map([
  ["h1", "alpha"],
  ["h2", "alpha"],
]);
const due = (planned: Routes, announced: Routes, taken: Readonly<Record<string, Routes>>, names?: string[]) => {
  const found = dueRouters(routers(planned, names), state(announced, taken), sites, (host) => `${host} (stack s)`);
  return [[...found.due], found.waits] as const;
};
const late = (waiting: string, hosts: string) =>
  `${waiting} of site alpha waits and keeps what it has: ${hosts} not announce yet what is declared. Deploy what lacks, then this stack again.`;
const old: Routes = { h1: ["a"], h2: ["b"] };

test("routers whose hosts announce what is declared are all due", () => {
  expect(due(old, old, { r1: old, r2: old })).toEqual([["r1", "r2"], []]);
  // One that somebody served until now, too.
  expect(due(old, old, {})).toEqual([["r1", "r2"], []]);
});

test("while a host has not got its part one router is due: the first, or the one that knows already", () => {
  const next = { h1: ["a", "c"], h2: ["b"] };
  expect(due(next, old, { r1: old, r2: old })).toEqual([["r1"], [late("r2", "h1 (stack s) does")]]);
  expect(due(next, old, { r1: old, r2: next })).toEqual([["r2"], [late("r1", "h1 (stack s) does")]]);
  expect(due(next, {}, {})).toEqual([["r1"], [late("r2", "h1 (stack s), h2 (stack s) do")]]);
});

test("a router that alone takes what a host still announces waits for the other one", () => {
  // An account has gone from h1 to h2, r1 knows it, and now it goes elsewhere.
  const before = { h1: ["a"], h2: [] };
  const between = { h1: [], h2: ["a"] };
  expect(due(before, between, { r1: between, r2: before })[0]).toEqual(["r2"]);
  expect(due({ h1: [], h2: [] }, between, { r1: between, r2: before })[0]).toEqual(["r2"]);
});

test("where each router alone takes something that goes, none is due, and what to do is said", () => {
  const announced = { h1: ["a"], h2: ["b"] };
  expect(due({ h1: [], h2: [] }, announced, { r1: { h1: ["a"] }, r2: { h2: ["b"] } })).toEqual([
    [],
    [
      "r1, r2 of site alpha wait: each alone takes something that a host announces and is not to announce. Deploy the inventory that h1 (stack s), h2 (stack s) had last, with this stack first, and then go on.",
    ],
  ]);
});

test("a host that a cell holds and the inventory has not keeps the others waiting; the only router of a site waits for nobody", () => {
  expect(due({ h1: ["a"] }, old, { r1: old, r2: old })).toEqual([["r1"], [late("r2", "h2 (stack s) does")]]);
  expect(due({ h1: ["a"] }, old, { r1: old }, ["r1"])).toEqual([["r1"], []]);
});

test("a cell is not to announce what no router takes; what it announces already is no matter", () => {
  const reached = routers({});
  const host = (...prefixes: string[]) => [{ name: "h1", site: "alpha", prefixes: new Set(prefixes) }];
  expect(untaken(host("a", "c", "d"), state({ h1: ["a"] }, { r2: { h1: ["c"] } }), reached)).toEqual([
    "h1 would announce d, which r1, r2 do not take",
  ]);
  expect(untaken(host("a"), state({}, { r1: { h2: ["a"] } }), reached)).toHaveLength(1);
  expect(untaken([{ ...host("a")[0]!, site: "beta" }], state({}, {}), reached)).toEqual([]);
});

test("for any deploys of cells and routers in any order, whatever a host announces a router takes", () => {
  const names = ["h1", "h2"] as const;
  const routes = fc.record({ h1: fc.subarray(["a", "b", "c"]), h2: fc.subarray(["a", "b", "c"]) });
  const step = fc.oneof(
    routes.map((declared) => ({ declared })),
    fc.constantFrom("routers", ...names).map((deploy) => ({ deploy })),
  );
  fc.assert(
    fc.property(routes, fc.array(step, { maxLength: 25 }), (first, steps) => {
      let declared: Routes = first;
      let announced: Record<string, readonly string[]> = {};
      const taken: Record<string, Routes> = {};
      for (const each of steps) {
        if ("declared" in each) declared = each.declared;
        else if (each.deploy === "routers") {
          const found = dueRouters(routers(declared), state(announced, taken), sites, (host) => host);
          // In turns: the second one only after the first.
          for (const router of found.due) {
            taken[router] = declared;
            seen();
          }
        } else {
          const host = { name: each.deploy, site: "alpha", prefixes: new Set(declared[each.deploy]) };
          if (untaken([host], state(announced, taken), routers(declared)).length > 0) continue;
          announced = { ...announced, [each.deploy]: declared[each.deploy]! };
        }
        seen();
      }
      function seen() {
        for (const [host, prefixes] of Object.entries(announced))
          for (const prefix of prefixes)
            expect(Object.values(taken).some((takes) => takes[host]?.includes(prefix))).toBe(true);
      }
    }),
    { numRuns: 2000 },
  );
});

test("without changes in between, routers, cells in any order and routers again bring everything everywhere", () => {
  const routes = fc.record({ h1: fc.subarray(["a", "b", "c"]), h2: fc.subarray(["a", "b", "c"]) });
  fc.assert(
    fc.property(routes, routes, fc.constantFrom(["h1", "h2"], ["h2", "h1"]), (before, after, order) => {
      let announced: Routes = before;
      const taken: Record<string, Routes> = { r1: before, r2: before };
      const deliver = () => {
        const found = dueRouters(routers(after), state(announced, taken), sites, (host) => host).due;
        for (const router of found) taken[router] = after;
      };
      deliver();
      for (const name of order) {
        const host = { name, site: "alpha", prefixes: new Set(after[name as "h1"]) };
        expect(untaken([host], state(announced, taken), routers(after))).toEqual([]);
        announced = { ...announced, [name]: after[name as "h1"] };
      }
      deliver();
      expect(taken).toEqual({ r1: after, r2: after });
    }),
  );
});

test("what is in force is read from deliveries", () => {
  const takes: Prefixes = inForce([["r1-apply", JSON.stringify({ bundle: "", takes: { h1: ["a"] } })]]).taken.get(
    "r1",
  )!;
  expect([...takes]).toEqual([["h1", new Set(["a"])]]);
});
