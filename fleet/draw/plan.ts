import type { PowerSupplyInputs } from "../../components/inputs.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";

/** Rows of the picture, from the top; lines between two of them run in the channel between. */
export const tiers = ["operator", "router", "switch", "host"] as const;
export type Tier = (typeof tiers)[number];

/** One box: an operator, router, switch or host. `name` is the name of its node in the service graph. */
export interface Box {
  readonly tier: Tier;
  readonly name: string;
  readonly title: string;
  readonly detail: string;
  /** Its column, from 0. */
  readonly column: number;
  readonly disks: readonly { readonly name: string; readonly slot: string }[];
  readonly supplies: readonly { readonly name: string; readonly chain: string }[];
  /** A mention of a box of another band, at which a line ends. */
  readonly elsewhere?: true;
}

/** A column: a rack, or space for operators beside the racks. */
export interface Column {
  readonly site?: string;
  readonly hall?: string;
  readonly rack?: string;
}

/** A line from one box to another. `name` is the name of its node in the service graph, or its own name. */
export interface Wire {
  readonly name: string;
  readonly from: Box;
  readonly to: Box;
  /** Wires of one bus run in one lane. */
  readonly bus: string;
  /** Names of all nodes that must work for this line to work. */
  readonly needs: readonly string[];
}

export interface Plan {
  readonly columns: readonly Column[];
  readonly boxes: readonly Box[];
  readonly wires: readonly Wire[];
}

/** Content of the picture with columns and rows, without sizes. */
export function planOf(declaration: Declaration): Plan {
  const columns: Column[] = declaration.sites.flatMap(({ name: site, halls }) =>
    halls.flatMap(({ name: hall, racks }) => racks.map((rack) => ({ site, hall, rack }))),
  );
  const boxes = new Map<string, Box>();
  const accounts = Map.groupBy(declaration.accounts, ({ host }) => host);

  type Placed = Column & { readonly name: string; readonly powerSupplies: readonly PowerSupplyInputs[] };
  const place = (tier: Tier, placed: Placed, detail: string, slots: readonly string[] = []): void => {
    const name = `${tier} ${placed.name}`;
    const column = columns.findIndex(
      ({ site, hall, rack }) => site === placed.site && hall === placed.hall && rack === placed.rack,
    );
    if (column === -1)
      throw new Error(`${name} stands in rack ${placed.rack} of hall ${placed.hall}, which is not declared`);
    boxes.set(name, {
      tier,
      name,
      title: placed.name,
      detail,
      column,
      disks: slots.map((slot) => ({ name: `disk ${slot} of ${name}`, slot })),
      supplies: placed.powerSupplies.map((supply) => ({
        name: `power supply ${supply.name} of ${name}`,
        chain: supply.chain,
      })),
    });
  };
  for (const router of declaration.routers) place("router", router, `${router.manufacturer} ${router.model}`);
  for (const device of declaration.switches) place("switch", device, `${device.manufacturer} ${device.model}`);
  for (const host of declaration.hosts) {
    const number = accounts.get(host.name)?.length ?? 0;
    const detail = host.role === "accounts" ? `${number} account${number === 1 ? "" : "s"}` : host.role;
    place(
      "host",
      host,
      detail,
      host.disks.map(({ slot }) => slot),
    );
  }
  const taken = new Set<number>();
  for (const { name, asNumber, routers } of declaration.networks.flatMap(({ operators }) => operators)) {
    // Above the first of its routers, or in the nearest free column to the right.
    let column = boxes.get(`router ${routers[0]}`)?.column ?? 0;
    while (taken.has(column)) column++;
    taken.add(column);
    while (columns.length <= column) columns.push({});
    const own = { tier: "operator" as const, name: `operator ${name}`, title: name, detail: `AS${asNumber}` };
    boxes.set(own.name, { ...own, column, disks: [], supplies: [] });
  }
  return { columns, boxes: [...boxes.values()], wires: wiresOf(declaration, boxes) };
}

function wiresOf({ networks, routers, switches, hosts }: Declaration, boxes: ReadonlyMap<string, Box>): Wire[] {
  const wires = new Map<string, Wire>();
  const add = (name: string, from: string, to: string, bus: string, needs: readonly string[]): void => {
    const [start, end] = [boxes.get(from), boxes.get(to)];
    // A link may be listed at both its ends.
    if (start && end && !wires.has(name)) wires.set(name, { name, from: start, to: end, bus, needs });
  };
  for (const { name, routers: landed } of networks.flatMap(({ operators }) => operators)) {
    const operator = `operator ${name}`;
    for (const router of landed) {
      add(`${operator} on ${router}`, `router ${router}`, operator, operator, [operator, `router ${router}`]);
    }
  }
  for (const { name, links } of routers) {
    for (const other of links) {
      const link = `the link between routers ${[name, other].sort().join(" and ")}`;
      add(link, `router ${name}`, `router ${other}`, link, [link, `router ${name}`, `router ${other}`]);
    }
  }
  for (const { name, uplinks } of switches) {
    for (const { port, router } of uplinks) {
      const uplink = `uplink ${port} of switch ${name}`;
      add(uplink, `switch ${name}`, `router ${router}`, `router ${router}`, [uplink, `switch ${name}`]);
    }
  }
  for (const { name, links } of hosts) {
    for (const link of links) {
      const own = `link ${link.port} of host ${name}`;
      add(own, `host ${name}`, `switch ${link.switch}`, `switch ${link.switch}`, [own, `host ${name}`]);
    }
  }
  return [...wires.values()];
}
