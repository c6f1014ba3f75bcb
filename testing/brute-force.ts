import type { Failure } from "../components/inputs.ts";
import type { AccountContainerInputs, Declaration } from "../components/registry/kinds.generated.ts";
import type { Equipment } from "../components/service-graph/service-graph.ts";

/**
 * Answers the same question as the proof in the simplest way: for one account, it follows the references of the declaration.
 * Only for tests, which compare the proof with it.
 */
export interface Cut {
  readonly name: string;
  readonly failure: Failure;
}

/** Everything that can be cut, named as the proof names it. */
export function cuts({ sites, networks, routers, switches, hosts }: Declaration): Cut[] {
  const list: Cut[] = [];
  const add = (failure: Failure, name: string) => {
    if (!list.some((cut) => cut.name === name)) list.push({ failure, name });
  };
  for (const { name: site, halls } of sites) {
    add("site", `site ${site}`);
    for (const { name: hall, chains, racks } of halls) {
      add("hall", `hall ${hall} at ${site}`);
      for (const rack of racks) add("rack", `rack ${rack} of hall ${hall} at ${site}`);
      for (const { name, feed } of chains) {
        add("chain", `feed ${feed} at ${site}`);
        add("chain", `chain ${name} of hall ${hall} at ${site}`);
      }
    }
  }
  for (const { operators } of networks) for (const { name } of operators) add("operator", `operator ${name}`);
  for (const { name, powerSupplies, links } of routers) {
    add("router", `router ${name}`);
    for (const supply of powerSupplies) add("supply", `power supply ${supply.name} of router ${name}`);
    for (const other of links) add("link", linkBetween(name, other));
  }
  for (const { name, powerSupplies, uplinks } of switches) {
    add("switch", `switch ${name}`);
    for (const supply of powerSupplies) add("supply", `power supply ${supply.name} of switch ${name}`);
    for (const { port } of uplinks) add("link", `uplink ${port} of switch ${name}`);
  }
  for (const { name, powerSupplies, disks, links } of hosts) {
    add("host", `host ${name}`);
    for (const supply of powerSupplies) add("supply", `power supply ${supply.name} of host ${name}`);
    for (const { slot } of disks) add("disk", `disk ${slot} of host ${name}`);
    for (const { port } of links) add("link", `link ${port} of host ${name}`);
  }
  return list;
}

/** Whether an account is served while these are cut. */
export function alive(fleet: Declaration, account: AccountContainerInputs, cut: readonly Cut[]): boolean {
  const gone = new Set(cut.map(({ name }) => name));
  return [account.host, account.standby].some((host) => host !== undefined && hostWorks(fleet, host, gone));
}

function linkBetween(one: string, other: string): string {
  return `the link between routers ${[one, other].sort().join(" and ")}`;
}

type Gone = ReadonlySet<string>;

/** Whether its place exists, and one of its power supplies has power. */
function runs({ sites }: Declaration, what: string, at: Equipment, gone: Gone): boolean {
  const hall = sites.find(({ name }) => name === at.site)?.halls.find(({ name }) => name === at.hall);
  const places = [
    `site ${at.site}`,
    `hall ${at.hall} at ${at.site}`,
    `rack ${at.rack} of hall ${at.hall} at ${at.site}`,
  ];
  if (!hall?.racks.includes(at.rack) || gone.has(`${what} ${at.name}`) || places.some((place) => gone.has(place))) {
    return false;
  }
  return at.powerSupplies.some(({ name, chain: chainName }) => {
    const chain = hall.chains.find((one) => one.name === chainName);
    const needed = [
      `power supply ${name} of ${what} ${at.name}`,
      `chain ${chainName} of hall ${at.hall} at ${at.site}`,
      `feed ${chain?.feed} at ${at.site}`,
    ];
    return chain !== undefined && !needed.some((one) => gone.has(one));
  });
}

/** Routers that reach an operator, directly or over others; without operators every one that runs. */
function connected(fleet: Declaration, gone: Gone): Set<string> {
  const running = fleet.routers.filter((router) => runs(fleet, "router", router, gone));
  const operators = fleet.networks.flatMap((network) => network.operators);
  const isolated = operators.every(({ routers }) => routers.length === 0);
  const reached = new Set(
    running
      .map(({ name }) => name)
      .filter(
        (name) => isolated || operators.some((one) => one.routers.includes(name) && !gone.has(`operator ${one.name}`)),
      ),
  );
  for (let before = -1; before < reached.size; ) {
    before = reached.size;
    for (const { name, links } of fleet.routers) {
      for (const other of links) {
        if (gone.has(linkBetween(name, other))) continue;
        for (const [from, to] of [
          [name, other],
          [other, name],
        ] as const) {
          if (reached.has(to) && running.some((router) => router.name === from)) reached.add(from);
        }
      }
    }
  }
  return reached;
}

function hostWorks(fleet: Declaration, name: string, gone: Gone): boolean {
  const host = fleet.hosts.find((one) => one.name === name);
  if (host === undefined || !runs(fleet, "host", host, gone)) return false;
  const slots = host.disks.map(({ slot }) => slot);
  const mirrored = host.mirrors.every(({ disks }) =>
    disks.some((slot) => slots.includes(slot) && !gone.has(`disk ${slot} of host ${name}`)),
  );
  const reached = connected(fleet, gone);
  return (
    mirrored &&
    host.links.some((link) => {
      const device = fleet.switches.find((one) => one.name === link.switch);
      if (device === undefined || gone.has(`link ${link.port} of host ${name}`)) return false;
      if (!runs(fleet, "switch", device, gone)) return false;
      return device.uplinks.some(
        ({ port, router }) => !gone.has(`uplink ${port} of switch ${device.name}`) && reached.has(router),
      );
    })
  );
}
