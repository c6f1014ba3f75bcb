import type { Host, Site } from "../../components/declaring.ts";
import { canonical } from "../../components/schema.ts";
import { within4 } from "../../lib/ranges.ts";
import { shown } from "../../lib/text/text.ts";
import type { Problem } from "../load/problem.ts";
import type { Entry } from "../load/validate.ts";
import { hallsOf, inSubnetZero, named } from "./halls.ts";
import { checkNetwork, checkPower } from "./network.ts";
import { type Entries, items, known, nameOf, names, type Placed, placed, unique } from "./references.ts";
import { isUnclear } from "./sites.ts";
import { asPrinted, portAsPrinted } from "./spelling.ts";
import { checkWaysIn } from "./ways-in.ts";

/** Whether an AS number is for private use (RFC 6996). */
function isPrivateAs(asNumber: number): boolean {
  return (asNumber >= 64_512 && asNumber <= 65_534) || (asNumber >= 4_200_000_000 && asNumber <= 4_294_967_294);
}

/** Checks across the files of network and hosts. */
export function checkPlaces(entries: Entries): Problem[] {
  return [
    ...checkNetwork(entries),
    ...entries.hosts.flatMap((host) => checkHost(host, entries)),
    ...checkHostsTogether(entries),
    ...checkWaysIn(entries),
  ];
}

function checkHost({ source, loose }: Entry<Host>, { network: [network], sites }: Entries): Problem[] {
  const site = sites.find((candidate) => nameOf(candidate) === loose.site);
  const halls = site && hallsOf(site);
  const hall = halls?.find((candidate) => candidate.name === loose.hall);
  const at = ` at site "${loose.site}"`;
  const inHall = ` in hall "${loose.hall}"${at}`;
  const switches = items(network?.loose.switches).filter(([, device]) => device.site === loose.site);
  const switchNames = new Set(switches.flatMap(([, device]) => device.name ?? []));
  // Report the name that is missing or given twice, not the references to it.
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
    ...checkPower(source, [], loose.powerSupplies, hall, inHall),
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
    ...unique(
      named(source, ["mirrors"], loose.mirrors, "mount"),
      "the mount point",
      "mount only one mirror at each mount point",
    ),
    ...unique(named(source, ["links"], loose.links, "port"), "the port", "use each port for one link only"),
    ...placed(source, ["address"], loose.address).flatMap((here) => inSubnetZero(here, loose.site, sites, "host")),
    ...placed(source, ["managementAddress"], loose.managementAddress).flatMap((here) =>
      inSubnetZero(here, loose.site, sites, "host's management controller"),
    ),
    ...placed(source, ["address4"], loose.address4).flatMap((here) => inRange4(here, site)),
    ...placed(source, ["asNumber"], loose.asNumber).flatMap((here) =>
      isPrivateAs(here.value)
        ? []
        : [
            source.problem(
              here.path,
              `the AS number ${here.value} is not private`,
              "choose one from 64512 to 65534 or from 4200000000 to 4294967294 (RFC 6996)",
            ),
          ],
    ),
  ];
}

/** Checks values that must be unique in the whole fleet. */
function checkHostsTogether({ network: [network], hosts }: Entries): Problem[] {
  const routers = items(network?.loose.routers).flatMap(([index, router]) =>
    placed(network!.source, ["routers", index, "address"], router.address),
  );
  const addresses = hosts.flatMap(({ source, loose }) => [
    ...placed(source, ["address"], loose.address),
    ...placed(source, ["managementAddress"], loose.managementAddress),
  ]);
  const uplinks = items(network?.loose.switches).flatMap(([index, { name, uplinks }]) =>
    items(uplinks).flatMap(([uplink, { port }]) =>
      placed(network!.source, ["switches", index, "uplinks", uplink, "port"], name && port && `${name} ${port}`),
    ),
  );
  const own = network === undefined ? [] : placed(network.source, ["asNumber"], network.loose.asNumber);
  return [
    ...unique([...routers, ...addresses], "the address", "choose a free address of the site's subnet 0", (text) =>
      canonical(String(text)),
    ),
    ...unique(
      [...own, ...hosts.flatMap(({ source, loose }) => placed(source, ["asNumber"], loose.asNumber))],
      "the AS number",
      "choose a free private AS number: routers identify hosts by it",
    ),
    ...unique(
      hosts.flatMap(({ source, loose }) => named(source, ["disks"], loose.disks, "serial")),
      "the disk serial",
      "read the serial number off both disks and correct the wrong entry",
      asPrinted,
    ),
    ...unique(
      hosts.flatMap(({ source, loose }) => placed(source, ["address4"], loose.address4)),
      "the IPv4 address",
      "choose a free address of the site's IPv4 range",
    ),
    ...unique(
      hosts.flatMap(({ source, loose }) => placed(source, ["serial"], loose.serial)),
      "the serial number",
      "read the serial number off both hosts and correct the wrong entry",
      asPrinted,
    ),
    ...unique(
      [
        ...uplinks,
        ...hosts.flatMap(({ source, loose }) =>
          items(loose.links).flatMap(([index, link]) =>
            placed(
              source,
              ["links", index, "switchPort"],
              link.switch && link.switchPort && `${link.switch} ${link.switchPort}`,
            ),
          ),
        ),
      ],
      "the switch port",
      "use each port for one link only",
      portAsPrinted,
    ),
  ];
}

/** Checks that a front end's IPv4 address is in its site's range. */
function inRange4(here: Placed<string>, site: Entry<Site> | undefined): Problem[] {
  if (site === undefined) return [];
  const range = site.loose.prefix4;
  if (range === undefined ? isUnclear(site, "prefix4") : within4(here.value, range)) return [];
  const message =
    range === undefined
      ? `the site has no IPv4 range for ${shown(here.value)}`
      : `the IPv4 address ${shown(here.value)} is not in its site's range ${range}`;
  return [
    here.source.problem(
      here.path,
      message,
      "choose a free address in the site's `prefix4`; if the site has none, set it",
    ),
  ];
}
