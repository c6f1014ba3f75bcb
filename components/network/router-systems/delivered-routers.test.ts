import { expect, test } from "vitest";
import { foldersOf, routerMakers } from "../../../host/store/layout.ts";
import { routerSystems } from "./router-systems.generated.ts";

test("the applier serves routers of exactly the makers whose files are delivered", () => {
  const delivered = routerSystems.flatMap((system) => (system.delivered ? system.manufacturer : []));
  expect([...routerMakers].sort()).toEqual(delivered.sort());
});

test("a maker that no folder names has no folder, not even those of all routers", () => {
  expect(foldersOf("junos")).toEqual([]);
});
