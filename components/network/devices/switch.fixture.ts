import type { Fixture } from "../../../testing/fixtures/kind-fixture.ts";
import { powerSuppliesFixture } from "../../../testing/fixtures/power-supplies.ts";
import type { SwitchInputs } from "../../registry/kinds.generated.ts";

function switchFixture(index: 1 | 2 = 1, change: Partial<SwitchInputs> = {}): SwitchInputs {
  return {
    name: `sw${index}`,
    site: "alpha",
    hall: "one",
    rack: `r${index}`,
    manufacturer: index === 1 ? "arista" : "juniper",
    model: index === 1 ? "7050X" : "QFX5120",
    pair: `sw${3 - index}`,
    powerSupplies: powerSuppliesFixture,
    uplinks: [
      { port: "up1", router: "rt1" },
      { port: "up2", router: "rt2" },
    ],
    ...change,
  };
}

export const fixture: Fixture<"switches"> = () => [switchFixture(1), switchFixture(2)];
