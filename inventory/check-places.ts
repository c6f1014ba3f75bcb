import { Address6 } from "ip-address";
import {
  type Entries,
  fileNames,
  items,
  known,
  nameOf,
  names,
  type Placed,
  place,
  placed,
  unique,
} from "./check-references.ts";
import { type Path, type Problem, shown } from "./problem.ts";
import { canonical } from "./schemas/common.ts";
import type { Host, Site } from "./schemas/index.ts";
import { siteSchema } from "./schemas/site.ts";
import type { Source } from "./source.ts";
import type { Entry } from "./validate.ts";

/** Private AS numbers (RFC 6996): free to use inside one's own network. */
function isPrivateAs(asNumber: number): boolean {
  return (asNumber >= 64_512 && asNumber <= 65_534) || (asNumber >= 4_200_000_000 && asNumber <= 4_294_967_294);
}

/** Checks across the files of network, sites, hosts and plans. */
export function checkPlaces(entries: Entries): Problem[] {
  return [
    ...fileNames(entries.sites),
    ...fileNames(entries.hosts),
    ...fileNames(entries.plans),
    ...checkSites(entries),
    ...checkDevices(entries),
    ...entries.hosts.flatMap((host) => checkHost(host, entries)),
    ...checkHostsTogether(entries),
  ];
}

function checkSites({ network, sites }: Entries): Problem[] {
  const owned = items(network?.loose.prefixes);
  const prefixes = sites.flatMap(({ source, loose }) => placed(source, ["prefix"], loose.prefix));
  const outside = prefixes.flatMap((here) => {
    if (network === undefined || owned.length === 0) return [];
    if (owned.some(([, prefix]) => within(here.value, prefix))) return [];
    const list = owned.map(([, prefix]) => prefix).join(", ");
    const message = `the site's prefix ${here.value} lies outside the owned prefixes ${list}`;
    return [
      here.source.problem(
        here.path,
        message,
        "choose a free /48 of them, or add the range to network.yaml if it is owned",
      ),
    ];
  });
  const ownedOverlap = owned.flatMap(([index, prefix], position) => {
    const other = owned.slice(0, position).find(([, earlier]) => within(prefix, earlier) || within(earlier, prefix));
    if (other === undefined) return [];
    return [network!.source.problem(["prefixes", index], `${prefix} overlaps ${other[1]}`, "keep the larger one only")];
  });
  const inner = sites.flatMap(({ source, loose }) =>
    items(loose.halls).flatMap(([hall, { chains, racks }]) => [
      ...unique(named(source, ["halls", hall, "chains"], chains), "chain", "give every chain of the hall its own name"),
      ...unique(named(source, ["halls", hall, "racks"], racks), "rack", "give every rack of the hall its own name"),
    ]),
  );
  return [
    ...outside,
    ...ownedOverlap,
    // All are /48: they overlap exactly if they are equal.
    ...unique(prefixes, "the prefix", "choose another /48: two sites must not share addresses", (text) =>
      canonicalPrefix(String(text)),
    ),
    ...sites.flatMap(({ source, loose }) =>
      unique(named(source, ["halls"], loose.halls), "hall", "give every hall of the site its own name"),
    ),
    ...inner,
  ];
}

function checkDevices({ network, sites }: Entries): Problem[] {
  if (network === undefined) return [];
  const { source, loose } = network;
  const siteNames = names(sites);
  const devices = (["routers", "switches"] as const).flatMap((list) =>
    items(loose[list]).map(([index, device]) => ({ path: [list, index], device })),
  );
  const problems = devices.flatMap(({ path, device }) => {
    const inSite = device.site === undefined ? undefined : sites.find((site) => nameOf(site) === device.site);
    const racks = (inSite && hallsOf(inSite))?.flatMap((hall) => hall.racks.map((rack) => rack.name));
    return [
      ...placed(source, [...path, "site"], device.site).flatMap((here) => known(here, "site", siteNames)),
      ...placed(source, [...path, "rack"], device.rack).flatMap((here) =>
        racks === undefined ? [] : known(here, "rack", new Set(racks), ` at site "${device.site}"`),
      ),
    ];
  });
  const all = devices.flatMap(({ path, device }) => placed(source, [...path, "name"], device.name));
  const addresses = items(loose.routers).flatMap(([index, router]) =>
    placed(source, ["routers", index, "address"], router.address).flatMap((here) =>
      inSubnetZero(here, router.site, sites, "router"),
    ),
  );
  return [...problems, ...unique(all, "the device name", "give every router and switch its own name"), ...addresses];
}

function checkHost({ source, loose }: Entry<Host>, { network, sites }: Entries): Problem[] {
  const site = sites.find((candidate) => nameOf(candidate) === loose.site);
  const halls = site && hallsOf(site);
  const hall = halls?.find((candidate) => candidate.name === loose.hall);
  const at = ` at site "${loose.site}"`;
  const inHall = ` in hall "${loose.hall}"${at}`;
  const switches = items(network?.loose.switches).filter(([, device]) => device.site === loose.site);
  const switchNames = new Set(switches.flatMap(([, device]) => device.name ?? []));
  // A name that is missing or given twice is the problem; the references to it are not.
  const switchesUnclear = switchNames.size < switches.length || network?.loose.switches === undefined;
  const slots = named(source, ["disks"], loose.disks, "slot");
  const slotNames = new Set(slots.map(({ value }) => value));

  return [
    ...placed(source, ["site"], loose.site).flatMap((here) => known(here, "site", names(sites))),
    ...placed(source, ["hall"], loose.hall).flatMap((here) =>
      halls === undefined ? [] : known(here, "hall", new Set(halls.map(({ name }) => name)), at),
    ),
    ...placed(source, ["rack"], loose.rack).flatMap((here) =>
      hall === undefined ? [] : known(here, "rack", new Set(hall.racks.map(({ name }) => name)), inHall),
    ),
    ...named(source, ["powerSupplies"], loose.powerSupplies, "chain").flatMap((here) =>
      hall === undefined ? [] : known(here, "chain", new Set(hall.chains.map(({ name }) => name)), inHall),
    ),
    ...named(source, ["links"], loose.links, "switch").flatMap((here) =>
      site === undefined || switchesUnclear ? [] : known(here, "switch", switchNames, at),
    ),
    ...items(loose.mirrors).flatMap(([index, mirror]) => {
      const members = items(mirror.disks).flatMap(([disk, slot]) =>
        placed(source, ["mirrors", index, "disks", disk], slot),
      );
      const there =
        slotNames.size === loose.disks?.length ? members.flatMap((here) => known(here, "disk in slot", slotNames)) : [];
      return [...there, ...unique(members, "the disk", "name two different disks")];
    }),
    ...unique(slots, "the slot", "give every disk its own slot"),
    ...unique(named(source, ["mirrors"], loose.mirrors), "the mirror", "give every mirror its own name"),
    ...unique(named(source, ["mirrors"], loose.mirrors, "mount"), "the mount point", "mount one mirror at each place"),
    ...unique(
      named(source, ["powerSupplies"], loose.powerSupplies),
      "the power supply",
      "give every power supply its own name",
    ),
    ...unique(named(source, ["links"], loose.links, "port"), "the port", "one cable goes into one port"),
    ...placed(source, ["address"], loose.address).flatMap((here) => inSubnetZero(here, loose.site, sites, "host")),
    ...placed(source, ["asNumber"], loose.asNumber).flatMap((here) =>
      isPrivateAs(here.value)
        ? []
        : [
            source.problem(
              here.path,
              `the AS number ${here.value} is not private`,
              "choose one of 64512 to 65534 or 4200000000 to 4294967294 (RFC 6996)",
            ),
          ],
    ),
  ];
}

/** What must be there once in the whole fleet. */
function checkHostsTogether({ network, hosts }: Entries): Problem[] {
  const routers = items(network?.loose.routers).flatMap(([index, router]) =>
    placed(network!.source, ["routers", index, "address"], router.address),
  );
  const addresses = hosts.flatMap(({ source, loose }) => placed(source, ["address"], loose.address));
  const own = network === undefined ? [] : placed(network.source, ["asNumber"], network.loose.asNumber);
  return [
    ...unique([...routers, ...addresses], "the address", "choose a free address of the site's subnet 0", (text) =>
      canonical(String(text)),
    ),
    ...unique(
      [...own, ...hosts.flatMap(({ source, loose }) => placed(source, ["asNumber"], loose.asNumber))],
      "the AS number",
      "choose a free private AS number: routers tell hosts apart by it",
    ),
    ...unique(
      hosts.flatMap(({ source, loose }) => named(source, ["disks"], loose.disks, "serial")),
      "the disk serial",
      "look at the label of the disk: one disk is in one place",
    ),
    ...unique(
      hosts.flatMap(({ source, loose }) => {
        const { address, port } = loose.ssh ?? {};
        return placed(source, ["ssh", "address"], address === undefined ? undefined : `${address} port ${port ?? 22}`);
      }),
      "the SSH address",
      "correct it: two hosts cannot answer at one place",
    ),
  ];
}

/** The halls of a site, if they are sound: something else of the site may be wrong. */
function hallsOf(site: Entry<Site>): Site["halls"] | undefined {
  const halls = site.whole?.halls ?? siteSchema.shape.halls.safeParse(site.loose.halls).data;
  const once = (list: readonly { name: string }[]): boolean =>
    new Set(list.map(({ name }) => name)).size === list.length;
  return halls !== undefined && [halls, ...halls.flatMap(({ chains, racks }) => [chains, racks])].every(once)
    ? halls
    : undefined;
}

/** One text property of every entry of a list. */
function named(
  source: Source,
  path: Path,
  list: readonly (object | undefined)[] | undefined,
  key = "name",
): Placed<string>[] {
  return items(list).flatMap(([index, item]) =>
    placed(source, [...path, index, key], (item as Record<string, string | undefined>)[key]),
  );
}

/** The site's subnet 0 is its infrastructure: its first /64 without the anycast address `::` (RFC 4291, 2.6.1). */
function inSubnetZero(
  here: Placed<string>,
  siteName: string | undefined,
  sites: Entries["sites"],
  what: string,
): Problem[] {
  const site: Entry<Site> | undefined = sites.find((candidate) => nameOf(candidate) === siteName);
  const prefix = site?.loose.prefix;
  if (site === undefined || prefix === undefined) return [];
  const subnet = prefix.replace(/\/48$/, "/64");
  const address = canonical(here.value);
  if (within(`${address}/128`, subnet) && address !== canonical(subnet.replace("/64", ""))) return [];
  const where = place({ source: site.source, path: ["prefix"], value: prefix });
  const message = `the address ${shown(here.value)} of the ${what} is not in subnet 0 of its site, ${subnet} (${where})`;
  const example = canonical(`${subnet.replace("/64", "")}`).replace(/::$/, "::11");
  return [here.source.problem(here.path, message, `choose a free address of ${subnet}, such as ${example}`)];
}

function within(inner: string, outer: string): boolean {
  return new Address6(inner).isInSubnet(new Address6(outer));
}

function canonicalPrefix(prefix: string): string {
  const [address, length] = prefix.split("/") as [string, string];
  return `${canonical(address)}/${length}`;
}
