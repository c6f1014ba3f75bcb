import type { Fixture } from "../../testing/fixtures/kind-fixture.ts";
import type { NetworkInputs } from "../registry/kinds.generated.ts";

export function networkFixture(change: Partial<NetworkInputs> = {}): NetworkInputs {
  const operator = (index: number) => ({
    name: `op${index}`,
    asNumber: 64_500 + index,
    routers: [index % 2 === 1 ? "rt1" : "rt2"],
  });
  return {
    asNumber: 64_496,
    uidBase: 200_000,
    prefixes: ["2001:db8::/32"],
    prefixes4: ["192.0.2.0/24"],
    operators: [1, 2, 3, 4].map(operator),
    ...change,
  };
}

export const fixture: Fixture<"networks"> = () => [networkFixture()];
