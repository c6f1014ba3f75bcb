import type {
  AddressRangeInputs,
  DatacenterInputs,
  Declaration,
  PowerSupplyInputs,
  WaiverInputs,
} from "../../components/declaration.ts";
import { canonical, canonicalPrefix } from "../../components/schema.ts";
import { byKey, found, sortBy } from "../../lib/lists.ts";
import { within4, within6 } from "../../lib/ranges.ts";
import type { Fleet, Host, Network, Site } from "../schemas/index.ts";
import type { waivableKinds } from "../schemas/waiver.ts";

/** Waivers of a resource, as its component takes them. */
export type WaiversOf = (kind: (typeof waivableKinds)[number], name: string | number) => { waivers?: WaiverInputs[] };

/** Finds each resource's waivers, in the order of the file. */
export function waiversOf({ waivers }: Pick<Fleet, "waivers">): WaiversOf {
  const byResource = Map.groupBy(waivers, ({ resource }) => resource);
  return (kind, name) => {
    const own = byResource.get(`${kind} ${name}`);
    if (own === undefined) return {};
    return {
      waivers: own.map(({ rule, path, owner, reason, expires }) => {
        return { rule, ...(path !== undefined && { path }), owner, reason, expires };
      }),
    };
  };
}

/** A site as its component takes it. */
export function declareSite(site: Site, waivers: WaiversOf): DatacenterInputs {
  const { location } = site;
  return {
    ...waivers("site", site.name),
    name: site.name,
    provider: site.provider,
    city: location.city,
    country: location.country,
    latitude: location.latitude,
    longitude: location.longitude,
    availabilityClass: site.availabilityClass,
    emulated: site.emulated,
    prefix: canonicalPrefix(site.prefix),
    ...(site.prefix4 !== undefined && { prefix4: site.prefix4 }),
    ...(site.backupSite !== undefined && { backupSite: site.backupSite }),
    halls: site.halls.map(({ name, chains, racks }) => ({ name, chains, racks: racks.map((rack) => rack.name) })),
    spares: site.spares,
  };
}

/** Power supplies with the feed that the chain of each hangs on. */
export function feedsOf(
  placed: Pick<Host, "name" | "site" | "hall" | "powerSupplies">,
  sites: ReadonlyMap<string, Site>,
): PowerSupplyInputs[] {
  const site = found(sites, placed.site, `site of ${placed.name}`);
  const halls = byKey(site.halls, ({ name }) => name);
  const chains = byKey(found(halls, placed.hall, `hall of ${placed.name}`).chains, ({ name }) => name);
  return placed.powerSupplies.map(({ name, model, chain }) => ({
    name,
    model,
    chain,
    feed: found(chains, chain, `chain of ${placed.name}'s ${name}`).feed,
  }));
}

/** The own network with its routers and switches. */
export function declareDevices(
  network: Network,
  sites: ReadonlyMap<string, Site>,
  waivers: WaiversOf,
): Pick<Declaration, "networks" | "routers" | "switches"> {
  const common = (device: Network["switches"][number] | Network["routers"][number]) => ({
    name: device.name,
    site: device.site,
    hall: device.hall,
    rack: device.rack,
    manufacturer: device.manufacturer,
    model: device.model,
    ...(device.pair !== undefined && { pair: device.pair }),
    powerSupplies: feedsOf(device, sites),
  });
  return {
    networks: [
      {
        ...waivers("network", network.asNumber),
        asNumber: network.asNumber,
        prefixes: network.prefixes.map(canonicalPrefix),
        prefixes4: network.prefixes4,
        operators: network.operators.map(({ name, asNumber, parentAsNumber, routers }) => ({
          name,
          asNumber,
          ...(parentAsNumber !== undefined && { parentAsNumber }),
          routers,
        })),
      },
    ],
    routers: sortBy(network.routers, ({ name }) => name).map((router) => ({
      ...waivers("router", router.name),
      ...common(router),
      address: canonical(router.address),
      links: router.links,
    })),
    switches: sortBy(network.switches, ({ name }) => name).map((device) => ({
      ...waivers("switch", device.name),
      ...common(device),
      uplinks: device.uplinks,
    })),
  };
}

/** Owned ranges, and what each site has of them. fleet/addresses.ts shows what is free in them. */
export function declareRanges(network: Network, sites: readonly Site[]): AddressRangeInputs[] {
  const owned = [
    ...network.prefixes.map((prefix) => ({ prefix: canonicalPrefix(prefix), version: 6, purpose: "owned" })),
    ...network.prefixes4.map((prefix) => ({ prefix, version: 4, purpose: "owned" })),
  ];
  const inside = (prefix: string, version: number): { within?: string } => {
    const contains = version === 6 ? within6 : within4;
    const outer = owned.find((range) => range.version === version && contains(prefix, range.prefix));
    return outer === undefined ? {} : { within: outer.prefix };
  };
  const of = (site: Site, prefix: string, version: number, purpose: string): AddressRangeInputs => {
    return { prefix, version, ...inside(prefix, version), site: site.name, purpose };
  };
  return [
    ...owned,
    ...sites.flatMap((site) => [
      of(site, canonicalPrefix(site.prefix), 6, "hosts and accounts"),
      ...(site.prefix4 === undefined ? [] : [of(site, site.prefix4, 4, "front ends")]),
    ]),
  ];
}
