import type { Site } from "../../components/declaring.ts";
import { shown } from "../../lib/text/text.ts";
import type { Path, Problem } from "../load/problem.ts";
import type { Source } from "../load/source.ts";
import { hallsOf, inSubnetZero, named } from "./halls.ts";
import { checkOperators } from "./operators.ts";
import { type Entries, items, known, nameOf, names, placed, unique } from "./references.ts";
import { checkRouterPorts } from "./router-ports.ts";

/** Checks `network.yaml`: the places, power supplies and links of its devices. */
export function checkNetwork(entries: Entries): Problem[] {
  const {
    network: [network],
    sites,
  } = entries;
  if (network === undefined) return [];
  const { source, loose } = network;
  const siteNames = names(sites);
  const lists = { routers: items(loose.routers), switches: items(loose.switches) };
  const routers = lists.routers.map(([, router]) => router);
  const routerNames = new Set(routers.flatMap(({ name }) => name ?? []));
  // Report the name that is missing or given twice, not the references to it.
  const unclear = routerNames.size < routers.length;

  const devices = (["routers", "switches"] as const).flatMap((list) => {
    const pairNames = new Set(lists[list].flatMap(([, device]) => device.name ?? []));
    return lists[list].flatMap(([index, device]) => {
      const path = [list, index];
      const inSite = device.site === undefined ? undefined : sites.find((site) => nameOf(site) === device.site);
      const halls = inSite && hallsOf(inSite);
      const hall = halls?.find(({ name }) => name === device.hall);
      const at = ` at site "${device.site}"`;
      const inHall = ` in hall "${device.hall}"${at}`;
      return [
        ...placed(source, [...path, "site"], device.site).flatMap((here) => known(here, "site", siteNames)),
        ...placed(source, [...path, "hall"], device.hall).flatMap((here) =>
          halls === undefined ? [] : known(here, "hall", new Set(halls.map(({ name }) => name)), at),
        ),
        ...placed(source, [...path, "rack"], device.rack).flatMap((here) =>
          hall === undefined ? [] : known(here, "rack", new Set(hall.racks.map(({ name }) => name)), inHall),
        ),
        ...checkPower(source, path, device.powerSupplies, hall, inHall),
        ...placed(source, [...path, "pair"], device.pair).flatMap((here) =>
          pairNames.size < lists[list].length ? [] : known(here, list === "routers" ? "router" : "switch", pairNames),
        ),
      ];
    });
  });

  const references = [
    ...lists.switches.flatMap(([index, device]) => {
      const here = new Set(routers.flatMap(({ name, site }) => (site === device.site && name ? [name] : [])));
      return named(source, ["switches", index, "uplinks"], device.uplinks, "router").flatMap((one) =>
        unclear || device.site === undefined ? [] : known(one, "router", here, ` at site "${device.site}"`),
      );
    }),
    ...lists.routers.flatMap(([index, router]) => {
      const links = items(router.links).flatMap(([link, name]) =>
        placed(source, ["routers", index, "links", link], name),
      );
      return [
        ...links.flatMap((one) => (unclear ? [] : known(one, "router", routerNames))),
        ...links.flatMap((one) =>
          one.value === router.name
            ? [source.problem(one.path, `router ${shown(one.value)} is linked to itself`, "name the other router")]
            : [],
        ),
        ...unique(links, "the link to router", "list each router once: a link listed at both ends is one link"),
      ];
    }),
    ...items(loose.operators).flatMap(([index, operator]) => {
      const landings = items(operator.routers).flatMap(([landing, name]) =>
        placed(source, ["operators", index, "routers", landing], name),
      );
      const landingNames = new Set(landings.map(({ value }) => value));
      const sessions = named(source, ["operators", index, "sessions"], operator.sessions, "router");
      return [
        ...sessions.flatMap((one) =>
          known(one, "router", landingNames, ` among the routers of operator "${operator.name}"`),
        ),
        ...unique(sessions, "the session with router", "keep one session of an operator with each router"),
        ...landings.flatMap((one) => (unclear ? [] : known(one, "router", routerNames))),
        ...unique(landings, "the router", "list each router of an operator once"),
      ];
    }),
  ];

  const all = (["routers", "switches"] as const).flatMap((list) => named(source, [list], loose[list]));
  return [
    ...devices,
    ...references,
    ...unique(all, "the device name", "give every router and switch its own name"),
    ...unique(named(source, ["operators"], loose.operators), "the operator", "give every operator its own name"),
    ...lists.switches.flatMap(([index, device]) =>
      unique(
        named(source, ["switches", index, "uplinks"], device.uplinks, "port"),
        "the port",
        "use each port for one link only",
      ),
    ),
    ...lists.routers.flatMap(([index, router]) =>
      placed(source, ["routers", index, "address"], router.address).flatMap((here) =>
        inSubnetZero(here, router.site, sites, "router"),
      ),
    ),
    ...checkRouterPorts(network),
    ...checkOperators(entries),
  ];
}

/** Checks the power supplies of a host, router or switch: unique names, and chains of its hall. */
export function checkPower(
  source: Source,
  path: Path,
  supplies: readonly (object | undefined)[] | undefined,
  hall: Site["halls"][number] | undefined,
  inHall: string,
): Problem[] {
  return [
    ...named(source, [...path, "powerSupplies"], supplies, "chain").flatMap((here) =>
      hall === undefined ? [] : known(here, "chain", new Set(hall.chains.map(({ name }) => name)), inHall),
    ),
    ...unique(
      named(source, [...path, "powerSupplies"], supplies),
      "the power supply",
      "give every power supply its own name",
    ),
  ];
}
