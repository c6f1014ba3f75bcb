import type {
  DatacenterInputs,
  Declaration,
  NetworkInputs,
  RouterInputs,
  SwitchInputs,
} from "../components/declaration.ts";

/** Builders of valid places and network devices for tests. */

/** Two, on two chains of two feeds. */
export const powerSuppliesFixture = [
  { name: "psu0", model: "PWR-800", chain: "a", feed: "north" },
  { name: "psu1", model: "PWR-800", chain: "b", feed: "south" },
];

/** Site `alpha`, which has everything; `beta`, 11 km away and another provider's, keeps its backups. */
export function siteFixture(name: "alpha" | "beta" = "alpha", hosts = 2): DatacenterInputs {
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

export function networkFixture(change: Partial<NetworkInputs> = {}): NetworkInputs {
  const operator = (index: number) => ({
    name: `op${index}`,
    asNumber: 64_500 + index,
    routers: [index % 2 === 1 ? "rt1" : "rt2"],
  });
  return {
    asNumber: 64_496,
    prefixes: ["2001:db8::/32"],
    prefixes4: ["192.0.2.0/24"],
    operators: [1, 2, 3, 4].map(operator),
    ...change,
  };
}

export function routerFixture(index: 1 | 2 = 1, change: Partial<RouterInputs> = {}): RouterInputs {
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

export function switchFixture(index: 1 | 2 = 1, change: Partial<SwitchInputs> = {}): SwitchInputs {
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

/** What stands around `hosts` hosts. */
export function placesFixture(
  hosts: number,
): Pick<Declaration, "sites" | "networks" | "routers" | "switches" | "ranges" | "registers"> {
  return {
    sites: [siteFixture("alpha", hosts), siteFixture("beta", hosts)],
    networks: [networkFixture()],
    routers: [routerFixture(1), routerFixture(2)],
    switches: [switchFixture(1), switchFixture(2)],
    registers: [{ tombstones: [60_000], retired: [], vanished: [] }],
    ranges: [
      { prefix: "2001:db8::/32", version: 6, purpose: "owned" },
      { prefix: "192.0.2.0/24", version: 4, purpose: "owned" },
      { prefix: "2001:db8:1::/48", version: 6, within: "2001:db8::/32", site: "alpha", purpose: "hosts and accounts" },
      { prefix: "192.0.2.0/25", version: 4, within: "192.0.2.0/24", site: "alpha", purpose: "front ends" },
      { prefix: "2001:db8:2::/48", version: 6, within: "2001:db8::/32", site: "beta", purpose: "hosts and accounts" },
    ],
  };
}
