import { Address6 } from "ip-address";
import { routersCell, subnetZero } from "../../components/declaring.ts";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import { isWhole, nameAt, pinnedKeyIn } from "../../lib/known-hosts.ts";
import { within6 } from "../../lib/ranges.ts";
import { listed, shown } from "../../lib/text/text.ts";
import type { Path, Problem } from "../load/problem.ts";
import { addressesOfMachines, plain } from "./operators.ts";
import { type Entries, items, names, type Placed, place, placed, unique } from "./references.ts";

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
    ...ofOthers(entries, first),
    ...controllersApart(entries),
    ...checkServed(entries),
    ...hosts.flatMap(({ source, loose: { cell } }) =>
      cell === routersCell
        ? source.problem(["cell"], `the cell "${routersCell}" is that of routers`, "give the hosts' cell another name")
        : [],
    ),
  ];
}

interface Way extends Placed<string> {
  readonly machine: { readonly address: string; readonly port: number };
}

/**
 * Machines whose SSH address is an address of another one, or of a management controller: root would log in there. At another port than
 * SSH's it may be forwarded.
 */
function ofOthers(entries: Entries, ways: readonly Way[]): Problem[] {
  const at = new Map(addressesOfMachines(entries).map((here) => [plain(here.value), here]));
  const machineOf = (file: string, path: Path) => `${file} ${path.join(".")}`;
  return ways.flatMap(({ source, path, machine: { address, port } }) => {
    const taken = at.get(Address6.isValid(address) ? plain(address) : address);
    if (taken === undefined || port !== 22) return [];
    const isOwn = machineOf(taken.source.file, taken.path.slice(0, -1)) === machineOf(source.file, path.slice(0, -2));
    if (isOwn && taken.path.at(-1) !== "managementAddress") return [];
    const message = `the SSH address ${shown(address)} is that of another machine, at ${place(taken)}`;
    return [source.problem(path, message, "write where the controller reaches this machine itself")];
  });
}

/** Controllers that accounts could be: SSH of all hosts would be open to their programs. */
function controllersApart({ network: [network], sites }: Entries): Problem[] {
  return items(network?.loose.controllers).flatMap(([index, controller]) =>
    sites.flatMap(({ loose: { name, prefix } }) => {
      if (prefix === undefined || !controller.includes(":")) return [];
      const isApart = !within6(controller, prefix) && !within6(prefix, controller);
      if (isApart || within6(controller, subnetZero({ prefix }))) return [];
      const message = `the controller ${shown(controller)} has addresses of accounts of site ${shown(name)}, ${prefix} without its first /64`;
      return [network!.source.problem(["controllers", index], message, "name the controllers' own addresses")];
    }),
  );
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
