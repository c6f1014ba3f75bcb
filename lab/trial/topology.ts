import type { Failure } from "../../components/inputs.ts";
import { type RouterPlan, routerPlans } from "../../components/network/router-systems/router-plan.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Subject } from "../../components/registry/subject.ts";
import { LabError } from "../errors.ts";

/** One network namespace: a host, a switch, a router, an operator, or the visitor. */
export interface Space {
  readonly name: string;
  readonly what: "host" | "switch" | "router" | "operator" | "visitor";
}

/** A link between two namespaces. */
export interface Wire {
  /** Of its interface at each end, which is called the same. */
  readonly interface: string;
  readonly ends: readonly [End, End];
  /** The element of the proof that it is; undefined for what only the model has. */
  readonly of?: { readonly kind: Subject["kind"]; readonly name: string; readonly path: string };
}

interface End {
  readonly space: string;
  /** With its prefix length; without it the interface is a port of the bond or of the switch. */
  readonly address?: string;
  /** Another one, of IPv4, with its prefix length. */
  readonly address4?: string;
}

/** A fleet's network as namespaces. */
export interface Topology {
  readonly spaces: readonly Space[];
  readonly wires: readonly Wire[];
  readonly plans: readonly RouterPlan[];
}

/** Where the visitor is: outside of every declared range. Its requests come from here. */
export const visitor = {
  space: "visitor",
  asNumber: 65_550,
  address: "fd00:9:100::5",
  address4: "198.51.100.5",
  prefixes: ["fd00:9:100::/48", "198.51.100.0/24"],
} as const;

/** What can be cut here. Power and disks have no namespace. */
export const cuttable: readonly Failure[] = ["link", "switch", "router", "operator", "host"];

/**
 * The namespaces and wires of a fleet. Switches of a pair are joined by a wire, as two switches of a rack are; an operator is joined to its routers
 * and to the visitor.
 * @throws LabError for a fleet that cannot be built: an operator without sessions, names that are used twice, several sites on one switch
 */
export function topology(declaration: Declaration): Topology {
  const { hosts, switches, routers, networks } = declaration;
  const operators = networks.flatMap((network) =>
    network.operators.map((operator, index) => ({ network, operator, path: `operators.${index}` })),
  );
  const plans = routerPlans(declaration);
  const spaces: Space[] = [
    ...hosts.map(({ name }) => ({ name, what: "host" as const })),
    ...switches.map(({ name }) => ({ name, what: "switch" as const })),
    ...routers.map(({ name }) => ({ name, what: "router" as const })),
    ...operators.map(({ operator: { name } }) => ({ name, what: "operator" as const })),
    { name: visitor.space, what: "visitor" },
  ];
  const twice = [...Map.groupBy(spaces, ({ name }) => name)].flatMap(([name, same]) => (same.length > 1 ? [name] : []));
  if (twice.length > 0)
    throw new LabError(
      `${twice.join(", ")}: the name of more than one element`,
      "give each host, device and operator its own name",
    );
  const silent = operators.filter(({ operator: { sessions } }) => (sessions ?? []).length === 0);
  if (silent.length > 0)
    throw new LabError(
      `operators without sessions: ${silent.map(({ operator }) => operator.name).join(", ")}`,
      "give the addresses of both ends in `sessions` of network.yaml",
    );

  const wires: Omit<Wire, "interface">[] = [];
  for (const host of hosts) {
    for (const [index, link] of host.links.entries())
      wires.push({
        ends: [{ space: host.name }, { space: link.switch }],
        of: { kind: "host", name: host.name, path: `links.${index}` },
      });
  }
  for (const device of switches) {
    for (const [index, { router }] of device.uplinks.entries())
      wires.push({
        ends: [{ space: device.name }, { space: router }],
        of: { kind: "switch", name: device.name, path: `uplinks.${index}` },
      });
    if (device.pair !== undefined && device.name < device.pair)
      wires.push({ ends: [{ space: device.name }, { space: device.pair }] });
  }
  for (const plan of plans) {
    for (const { name, address, neighbor } of plan.routers) {
      if (plan.name > name) continue;
      const listing = routers.find((router) => router.name === plan.name)!.links.indexOf(name);
      const other = routers.find((router) => router.name === name)!.links.indexOf(plan.name);
      wires.push({
        ends: [
          { space: plan.name, address: `${address}/127` },
          { space: name, address: `${neighbor}/127` },
        ],
        of:
          listing >= 0
            ? { kind: "router", name: plan.name, path: `links.${listing}` }
            : { kind: "router", name, path: `links.${other}` },
      });
    }
    for (const { name, address, neighbor, prefixLength, over4 } of plan.operators)
      wires.push({
        ends: [
          {
            ...{ space: name, address: `${neighbor}/${prefixLength}` },
            ...(over4 && { address4: `${over4.neighbor}/${over4.prefixLength}` }),
          },
          {
            ...{ space: plan.name, address: `${address}/${prefixLength}` },
            ...(over4 && { address4: `${over4.address}/${over4.prefixLength}` }),
          },
        ],
      });
  }
  for (const [index, { operator }] of operators.entries())
    wires.push({
      ends: [
        { space: operator.name, address: `${towardsVisitor(index).operator}/64` },
        { space: visitor.space, address: `${towardsVisitor(index).visitor}/64` },
      ],
    });
  return { spaces, plans, wires: wires.map((wire, index) => ({ ...wire, interface: `w${index}` })) };
}

/** Addresses between an operator, by its position, and the visitor. */
export function towardsVisitor(index: number): { readonly operator: string; readonly visitor: string } {
  const subnet = `fd00:9:ffff:${(index + 1).toString(16)}`;
  return { operator: `${subnet}::1`, visitor: `${subnet}::2` };
}

/** What of the network goes when an element does: one wire, or a namespace with all its wires. */
export function partOf(
  { wires }: Topology,
  declaration: Declaration,
  { failure, subject }: { readonly failure: Failure; readonly subject: Subject },
): { readonly wire: Wire } | { readonly space: string } | undefined {
  if (failure === "link") {
    const wire = wires.find(
      ({ of }) => of?.kind === subject.kind && of.name === subject.name && of.path === subject.path,
    );
    return wire && { wire };
  }
  if (failure === "operator") {
    const index = Number(/^operators\.(\d+)$/.exec(subject.path ?? "")?.[1]);
    const operator = declaration.networks[0]?.operators[index];
    return operator && { space: operator.name };
  }
  return cuttable.includes(failure) ? { space: subject.name } : undefined;
}
