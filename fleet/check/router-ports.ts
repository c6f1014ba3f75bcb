import { Address4, Address6 } from "ip-address";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import { shown } from "../../lib/text/text.ts";
import type { Path, Problem } from "../load/problem.ts";
import { named } from "./halls.ts";
import { type Entries, items, known, unique } from "./references.ts";

type Network = Entries["network"][number];

/** What may be at the other end of a port. */
const ends = ["switch", "router", "operator"] as const;
type End = (typeof ends)[number];

/** Checks `ports` of routers: each connection of a router that names its ports has one, and none leads anywhere else. */
export function checkRouterPorts({ source, loose }: Network): Problem[] {
  return items(loose.routers).flatMap(([index, router]): Problem[] => {
    const { name, ports } = router;
    if (name === undefined || ports === undefined || ports === null) return [];
    const path: Path = ["routers", index, "ports"];
    const own = named(source, path, ports, "port");
    const system = routerSystems.find(({ manufacturer }) => manufacturer === router.manufacturer);
    return [
      ...unique(own, "the port", "use each port for one link only"),
      ...own.flatMap((here) =>
        system === undefined || system.ports.format.test(here.value)
          ? []
          : [
              here.source.problem(
                here.path,
                `router ${shown(name)} is made by ${system.manufacturer}, which has no port ${shown(here.value)}`,
                `name ${system.ports.says}`,
              ),
            ],
      ),
      ...ends.flatMap((end) => {
        const connected = connections(loose, name)[end];
        const leading = named(source, path, ports, end);
        const used = leading.filter(({ value }, at) => {
          const before = leading.slice(0, at).filter((each) => each.value === value).length;
          return before < connected.filter((each) => each === value).length;
        });
        return [
          ...leading.flatMap((here) =>
            known(here, end, new Set(connected), ` that router ${shown(name)} is connected to`),
          ),
          ...leading
            .filter((here) => connected.includes(here.value) && !used.includes(here))
            .map((here) =>
              here.source.problem(
                here.path,
                `router ${shown(name)} has more ports to ${end} ${shown(here.value)} than links`,
                "keep one port of each link",
              ),
            ),
          ...[...new Set(connected)]
            .filter(
              (each) =>
                used.filter(({ value }) => value === each).length < connected.filter((one) => one === each).length,
            )
            .map((each) =>
              source.problem(
                path,
                `router ${shown(name)} names its ports, but not the one to ${end} ${shown(each)}`,
                "add it, or leave out `ports` and set up its interfaces yourself",
              ),
            ),
        ];
      }),
      ...sessionsApart(source, loose, name),
    ];
  });
}

/** Names of what a router is connected to, once for each link. */
function connections(
  { switches, routers, operators }: Network["loose"],
  router: string,
): Readonly<Record<End, string[]>> {
  const own = items(routers).find(([, { name }]) => name === router)?.[1];
  return {
    switch: items(switches).flatMap(([, { name, uplinks }]) =>
      items(uplinks).flatMap(([, uplink]) => (uplink.router === router && name !== undefined ? [name] : [])),
    ),
    router: [
      ...new Set([
        ...items(own?.links).map(([, other]) => other),
        ...items(routers).flatMap(([, { name, links }]) =>
          name !== undefined && items(links).some(([, other]) => other === router) ? [name] : [],
        ),
      ]),
    ].filter((other) => other !== router),
    operator: items(operators).flatMap(([, { name, routers: landings }]) =>
      name !== undefined && items(landings).some(([, landing]) => landing === router) ? [name] : [],
    ),
  };
}

/** Sessions of a router whose two addresses are not in one prefix of the link: its interface would not reach the operator. */
function sessionsApart(source: Network["source"], { operators }: Network["loose"], router: string): Problem[] {
  return items(operators).flatMap(([index, operator]) =>
    items(operator.sessions).flatMap(([at, session]) => {
      if (session.router !== router) return [];
      const { address, neighbor, prefixLength = 64, address4, neighbor4, prefixLength4 = 31 } = session;
      return (
        [
          ["neighbor", neighbor, address, prefixLength, "prefixLength"],
          ["neighbor4", neighbor4, address4, prefixLength4, "prefixLength4"],
        ] as const
      ).flatMap(([key, other, own, length, field]) => {
        if (own === undefined || other === undefined || rangeOf(own, length) === rangeOf(other, length)) return [];
        return source.problem(
          ["operators", index, "sessions", at, key],
          `the address ${shown(other)} of operator ${shown(operator.name)} is not in the /${length} of the router's own, ${shown(own)}`,
          `set \`${field}\` to the length of the prefix that both are in`,
        );
      });
    }),
  );
}

/** The first address of the prefix that an address is in; undefined if it is none. */
function rangeOf(address: string, length: number): string | undefined {
  const Address = address.includes(":") ? Address6 : Address4;
  return Address.isValid(address) ? new Address(`${address}/${length}`).startAddress().correctForm() : undefined;
}
