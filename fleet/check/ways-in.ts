import { routersCell } from "../../components/declaring.ts";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import { isWhole, nameAt, pinnedKeyIn } from "../../lib/known-hosts.ts";
import { listed, shown } from "../../lib/text/text.ts";
import type { Path, Problem } from "../load/problem.ts";
import { type Entries, items, names, placed, unique } from "./references.ts";

/** Checks `ssh` of hosts and routers: each machine has an address and a key of its own, and a router is one that deliveries can serve. */
export function checkWaysIn(entries: Entries): Problem[] {
  const { hosts, network, knownHosts } = entries;
  const routers = network.flatMap(({ source, loose }) =>
    items(loose.routers).map(([index, { ssh }]) => ({ source, path: ["routers", index, "ssh", "address"], ssh })),
  );
  const ways = [
    ...hosts.map(({ source, loose: { ssh } }) => ({ source, path: ["ssh", "address"], ssh })),
    ...routers,
  ].flatMap(({ source, path, ssh }) => {
    if (ssh?.address === undefined) return [];
    const machine = { address: ssh.address, port: ssh.port ?? 22 };
    return [{ source, path, value: nameAt(machine.address, machine.port), machine }];
  });
  const keys = items(knownHosts[0]?.loose).flatMap(([, line]) => (isWhole(line) ? [line] : []));
  // Of machines at one address, which is reported, only the first: they have one key.
  const first = ways.filter(({ value }, index) => ways.findIndex((way) => way.value === value) === index);
  return [
    ...unique(ways, "the SSH address", "correct it: two hosts cannot have the same SSH address and port"),
    ...unique(
      first.flatMap(({ source, path, machine: { address, port } }) =>
        placed(source, path, pinnedKeyIn(keys, address, port).key),
      ),
      "the SSH host key",
      "correct known_hosts: read each host's own key on its console; two hosts with one key cannot be told apart",
    ),
    ...checkServed(entries),
    ...hosts.flatMap(({ source, loose: { cell } }) =>
      cell === routersCell
        ? source.problem(["cell"], `the cell "${routersCell}" is that of routers`, "give the hosts' cell another name")
        : [],
    ),
  ];
}

/** Routers with `ssh` that nothing can be delivered to. */
function checkServed({ network: [network], hosts }: Entries): Problem[] {
  if (network === undefined) return [];
  const { source, loose } = network;
  const served = routerSystems.flatMap(({ manufacturer, delivered }) => (delivered ? manufacturer : []));
  const hostNames = names(hosts);
  return items(loose.routers).flatMap(([index, { name, manufacturer, ssh }]) => {
    if (ssh === undefined || ssh === null || name === undefined) return [];
    const path: Path = ["routers", index, "ssh"];
    const leave = "leave out `ssh`, and bring its configuration by `npm run routers`";
    return [
      ...(manufacturer === undefined || served.includes(manufacturer)
        ? []
        : [
            source.problem(
              path,
              `router ${shown(name)} is made by ${manufacturer}, to which nothing can be delivered (only to ${listed(served)})`,
              leave,
            ),
          ]),
      ...(hostNames.has(name)
        ? [
            source.problem(
              path,
              `router ${shown(name)} has the name of a host, and deploys call both by name`,
              "give the router another name, or leave out `ssh`",
            ),
          ]
        : []),
    ];
  });
}
