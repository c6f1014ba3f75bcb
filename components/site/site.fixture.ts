import type { Fixture } from "../../testing/fixtures/kind-fixture.ts";
import type { SiteInputs } from "../registry/kinds.generated.ts";

/** Site `alpha`, which has everything; `beta`, 11 km away and another provider's, keeps its backups. */
export function siteFixture(name: "alpha" | "beta" = "alpha", hosts = 2): SiteInputs {
  const alpha = name === "alpha";
  return {
    name,
    provider: alpha ? "acme" : "basement",
    city: "Paris",
    country: "FR",
    latitude: alpha ? 48.85 : 48.95,
    longitude: 2.35,
    availabilityClass: 3,
    emulated: false,
    prefix: alpha ? "2001:db8:1::/48" : "2001:db8:2::/48",
    ...(alpha && { prefix4: "192.0.2.0/25" }),
    backupSite: alpha ? "beta" : "alpha",
    halls: [
      {
        name: "one",
        chains: [
          { name: "a", feed: "north" },
          { name: "b", feed: "south" },
        ],
        racks: Array.from({ length: hosts }, (_, index) => `r${index + 1}`),
      },
    ],
    spares: ["PM893", "PWR-800", "7050X", "QFX5120", "MX204", "SR-1"].map((model) => ({ model, count: hosts })),
  };
}

export const fixture: Fixture<"sites"> = ({ hosts }) => [siteFixture("alpha", hosts), siteFixture("beta", hosts)];
