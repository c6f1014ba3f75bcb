import { expect, test } from "vitest";
import type { Declaration, RouterInputs } from "../../components/registry/kinds.generated.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import type { EngineStep } from "../engine/engine-step.ts";
import { routerChanges } from "./effects/router-change.ts";
import * as turns from "./router-turns.ts";
import { sideOf } from "./side.ts";

const trial = declare((await loadFleet("inventory/trial")).fleet);
const ssh = { address: "fd00:8000::1", port: 22 };
const change = (from: Declaration, routers: (router: RouterInputs) => RouterInputs): Declaration => ({
  ...from,
  routers: from.routers.map(routers),
});
const reached = change(trial, (router) => ({ ...router, ssh }));
const lessOne = { ...reached, addresses: reached.addresses.slice(1) };
const touchedRouters = (before: Declaration, after: Declaration, engine: readonly EngineStep[]) =>
  turns.touchedRouters(after, routerChanges(sideOf(before), sideOf(after), [], engine));
const { withRouters } = turns;
const wave = { hosts: ["web1"], accounts: 1, capacityPercent: 50, overLimit: false };

test("an account that comes touches both routers, one before the hosts and one after them", () => {
  const touched = touchedRouters(lessOne, reached, []);
  expect(touched).toEqual([["router-1"], ["router-2"]]);
  expect(withRouters([wave], touched).map(({ hosts }) => hosts)).toEqual([["router-1"], ["web1"], ["router-2"]]);
});

test("routers that are not reached, or get the same, have no turn", () => {
  expect(touchedRouters(trial, { ...trial, addresses: trial.addresses.slice(1) }, [])).toEqual([]);
  expect(withRouters([wave], touchedRouters(reached, reached, []))).toEqual([wave]);
});

test("a change of the second router alone comes after the hosts", () => {
  const leaving = change(reached, (router) =>
    router.name === "router-2" ? { ...router, gracefulShutdown: true } : router,
  );
  expect(touchedRouters(reached, leaving, [])).toEqual([[], ["router-2"]]);
});

test("a router that is reached from now on is touched; so are those of a state that cannot be read", () => {
  expect(touchedRouters(trial, reached, [])).toEqual([["router-1"], ["router-2"]]);
  expect(touchedRouters({ ...reached, networks: [] }, reached, [])).toEqual([["router-1"], ["router-2"]]);
});

test("of a preview its steps count", () => {
  const step = { op: "update", urn: "u", type: "command:remote:Command", name: "router-2-apply", replaceKeys: [] };
  expect(touchedRouters(lessOne, reached, [{ ...step, router: "router-2" }])).toEqual([[], ["router-2"]]);
});

test("routers of two sites have the same turns, a third router of a site one of its own", () => {
  const extra = (name: string, site: string) => ({ ...reached.routers[0]!, name, site });
  const more = {
    ...reached,
    routers: [...reached.routers, extra("router-3", "trial"), extra("a-router", "other"), extra("b-router", "other")],
  };
  const steps = more.routers.map(({ name }) => ({
    ...{ op: "update", urn: name, type: "t", name, replaceKeys: [], router: name },
  }));
  expect(touchedRouters(reached, more, steps).map((turn) => turn.toSorted())).toEqual([
    ["a-router", "router-1"],
    ["b-router", "router-2"],
    ["router-3"],
  ]);
});
