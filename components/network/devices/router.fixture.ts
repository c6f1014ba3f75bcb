import type { Fixture } from "../../../testing/fixtures/kind-fixture.ts";
import { powerSuppliesFixture } from "../../../testing/fixtures/power-supplies.ts";
import type { RouterInputs } from "../../registry/kinds.generated.ts";

function routerFixture(index: 1 | 2 = 1, change: Partial<RouterInputs> = {}): RouterInputs {
  return {
    name: `rt${index}`,
    site: "alpha",
    hall: "one",
    rack: `r${index}`,
    manufacturer: index === 1 ? "juniper" : "nokia",
    model: index === 1 ? "MX204" : "SR-1",
    pair: `rt${3 - index}`,
    powerSupplies: powerSuppliesFixture,
    address: `2001:db8:1::${index}`,
    links: [],
    ...change,
  };
}

export const fixture: Fixture<"routers"> = () => [routerFixture(1), routerFixture(2)];
