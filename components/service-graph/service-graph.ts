import type { Failure, PowerSupplyInputs } from "../inputs.ts";
import type {
  AccountContainerInputs,
  BareMetalHostInputs,
  Declaration,
  SiteInputs,
} from "../registry/kinds.generated.ts";
import { type Subject, subject } from "../registry/subject.ts";

/** A need of a node: at least one of `any` must work. */
export interface Need {
  /** Verb for sentences about the dependence: `is fed by`, `goes to`. */
  readonly verb: string;
  /** Nodes, by position in the graph. Empty if the named elements are not declared. */
  readonly any: readonly number[];
}

/** An element that works as long as each of its needs is met. */
export interface GraphNode {
  /** In words, for example `chain a of hall one at alpha`. */
  readonly name: string;
  /** Short, inside a sentence about its owner: `power supply psu0`. */
  readonly short: string;
  /** Name of its failure in the promises of plans; a node without one cannot fail by itself, it only depends on others. */
  readonly failure?: Failure;
  readonly subject: Subject;
  readonly needs: readonly Need[];
}

/** Accounts that fail together: same host, standby and plan. */
export interface AccountClass {
  readonly host: string;
  readonly standby?: string;
  readonly plan: string;
  readonly accounts: number;
  /** Hosts that serve it, by position of the node: one must work. */
  readonly servedBy: readonly number[];
  readonly survives: ReadonlySet<Failure>;
}

export interface ServiceGraph {
  readonly nodes: readonly GraphNode[];
  readonly classes: readonly AccountClass[];
}

/**
 * The elements that accounts depend on: account -> host -> (disk, power supply, link) -> (chain, switch) -> router -> operator, and
 * the places of all of these. Linear in the declaration; accounts are grouped into classes. Never throws: a name that is not
 * declared is a need that is never met.
 */
export function serviceGraph(declaration: Declaration): ServiceGraph {
  const builder = new Builder();
  for (const site of declaration.sites) addSite(builder, site);
  addNetwork(builder, declaration);
  for (const host of declaration.hosts) addHost(builder, host);
  return { nodes: builder.finish(), classes: classesOf(declaration, builder) };
}

/** Collects nodes; needs may name a key that is added later. */
class Builder {
  readonly #positions = new Map<string, number>();
  readonly #nodes: (Omit<GraphNode, "needs"> & { readonly wants: readonly Want[] })[] = [];

  add(key: string, node: Omit<GraphNode, "needs">, ...wants: readonly Want[]): string {
    // If two have the same name, use the first; another rule reports them.
    if (!this.#positions.has(key)) {
      this.#positions.set(key, this.#nodes.length);
      this.#nodes.push({ ...node, wants });
    }
    return key;
  }

  position(key: string): readonly number[] {
    const found = this.#positions.get(key);
    return found === undefined ? [] : [found];
  }

  finish(): GraphNode[] {
    return this.#nodes.map(({ wants, ...node }) => ({
      ...node,
      needs: wants.map(([verb, keys]) => ({ verb, any: keys.flatMap((key) => this.position(key)) })),
    }));
  }
}

type Want = readonly [verb: string, keys: readonly string[]];

const key = {
  site: (site: string) => `site ${site}`,
  feed: (site: string, feed: string) => `feed ${site} ${feed}`,
  hall: (site: string, hall: string) => `hall ${site} ${hall}`,
  chain: (site: string, hall: string, chain: string) => `chain ${site} ${hall} ${chain}`,
  rack: (site: string, hall: string, rack: string) => `rack ${site} ${hall} ${rack}`,
  router: (name: string) => `router ${name}`,
  switch: (name: string) => `switch ${name}`,
  host: (name: string) => `host ${name}`,
};

function addSite(builder: Builder, site: SiteInputs): void {
  const at = `at ${site.name}`;
  const name = `site ${site.name}`;
  builder.add(key.site(site.name), { name, short: name, failure: "site", subject: subject.site(site) });
  for (const [h, hall] of site.halls.entries()) {
    const inSite: Want = ["is in", [key.site(site.name)]];
    const of = `of hall ${hall.name} ${at}`;
    builder.add(
      key.hall(site.name, hall.name),
      {
        name: `hall ${hall.name} ${at}`,
        short: `hall ${hall.name}`,
        failure: "hall",
        subject: subject.site(site, `halls.${h}`),
      },
      inSite,
    );
    const inHall: Want = ["is in", [key.hall(site.name, hall.name)]];
    for (const [r, rack] of hall.racks.entries()) {
      const place = subject.site(site, `halls.${h}.racks.${r}`);
      builder.add(
        key.rack(site.name, hall.name, rack),
        { name: `rack ${rack} ${of}`, short: `rack ${rack}`, failure: "rack", subject: place },
        inHall,
      );
    }
    for (const [c, chain] of hall.chains.entries()) {
      const place = subject.site(site, `halls.${h}.chains.${c}`);
      // When a feed fails, every chain on it fails.
      const feed = { name: `feed ${chain.feed} ${at}`, short: `feed ${chain.feed}`, failure: "chain" as const };
      builder.add(
        key.feed(site.name, chain.feed),
        { ...feed, subject: { ...place, path: `${place.path}.feed` } },
        inSite,
      );
      builder.add(
        key.chain(site.name, hall.name, chain.name),
        { name: `chain ${chain.name} ${of}`, short: `chain ${chain.name}`, failure: "chain", subject: place },
        ["is fed by", [key.feed(site.name, chain.feed)]],
        inHall,
      );
    }
  }
}

/** Properties that hosts, routers and switches share: place and power. */
export interface Equipment {
  readonly name: string;
  readonly site: string;
  readonly hall: string;
  readonly rack: string;
  readonly powerSupplies: readonly PowerSupplyInputs[];
}

function addPower(builder: Builder, own: string, at: Equipment, place: (path: string) => Subject): Want[] {
  const supplies = at.powerSupplies.map(({ name, chain }, index) =>
    builder.add(
      `${own} power supply ${name}`,
      {
        name: `power supply ${name} of ${own}`,
        short: `power supply ${name}`,
        failure: "supply",
        subject: place(`powerSupplies.${index}`),
      },
      ["is fed by", [key.chain(at.site, at.hall, chain)]],
    ),
  );
  return [
    ["stands in", [key.rack(at.site, at.hall, at.rack)]],
    ["is fed by", supplies],
  ];
}

function addNetwork(builder: Builder, { networks, routers, switches }: Declaration): void {
  const landings = new Map<string, string[]>();
  for (const network of networks) {
    for (const [index, { name, routers: landed }] of network.operators.entries()) {
      const place = subject.network(network, `operators.${index}`);
      const operator = `operator ${name}`;
      builder.add(operator, { name: operator, short: operator, failure: "operator", subject: place });
      for (const router of landed) landings.set(router, [...(landings.get(router) ?? []), operator]);
    }
  }
  const isolated = landings.size === 0;

  const reaches = new Map<string, string[]>();
  for (const router of routers) {
    for (const [index, other] of router.links.entries()) {
      // Listed at both ends, it is still one link.
      const ends = [router.name, other].sort();
      const name = `the link between routers ${ends.join(" and ")}`;
      const link = `link ${ends.join(" ")}`;
      builder.add(link, { name, short: name, failure: "link", subject: subject.router(router, `links.${index}`) });
      for (const [from, to] of [
        [router.name, other],
        [other, router.name],
      ] as const) {
        const way = `way ${from} ${to}`;
        const node = {
          name: `the way to router ${to}`,
          short: `the way to router ${to}`,
          subject: subject.router(router),
        };
        builder.add(way, node, ["uses", [link]], ["leads to", [key.router(to)]]);
        reaches.set(from, [...(reaches.get(from) ?? []), way]);
      }
    }
  }
  for (const router of routers) {
    const own = `router ${router.name}`;
    const power = addPower(builder, own, router, (path) => subject.router(router, path));
    // Without operators nothing is routed outside: the path ends at the router.
    const ways = [...(landings.get(router.name) ?? []), ...(reaches.get(router.name) ?? [])];
    const transit: Want[] = isolated ? [] : [["reaches the Internet over", ways]];
    builder.add(
      key.router(router.name),
      { name: own, short: own, failure: "router", subject: subject.router(router) },
      ...power,
      ...transit,
    );
  }
  for (const device of switches) {
    const own = `switch ${device.name}`;
    const power = addPower(builder, own, device, (path) => subject.switch(device, path));
    const uplinks = device.uplinks.map(({ port, router }, index) =>
      builder.add(
        `${own} uplink ${port}`,
        {
          name: `uplink ${port} of ${own}`,
          short: `uplink ${port}`,
          failure: "link",
          subject: subject.switch(device, `uplinks.${index}`),
        },
        ["goes to", [key.router(router)]],
      ),
    );
    builder.add(
      key.switch(device.name),
      { name: own, short: own, failure: "switch", subject: subject.switch(device) },
      ...power,
      ["is reached over", uplinks],
    );
  }
}

function addHost(builder: Builder, host: BareMetalHostInputs): void {
  const own = `host ${host.name}`;
  const disks = host.disks.map(({ slot }, index) =>
    builder.add(`${own} disk ${slot}`, {
      name: `disk ${slot} of ${own}`,
      short: `disk ${slot}`,
      failure: "disk",
      subject: subject.host(host, `disks.${index}`),
    }),
  );
  const mirrors = host.mirrors.map(
    (mirror): Want => [`keeps ${mirror.mount} on`, mirror.disks.map((slot) => `${own} disk ${slot}`)],
  );
  const power = addPower(builder, own, host, (path) => subject.host(host, path));
  const links = host.links.map((link, index) =>
    builder.add(
      `${own} link ${link.port}`,
      {
        name: `link ${link.port} of ${own}`,
        short: `link ${link.port}`,
        failure: "link",
        subject: subject.host(host, `links.${index}`),
      },
      ["goes to", [key.switch(link.switch)]],
    ),
  );
  builder.add(
    key.host(host.name),
    { name: own, short: own, failure: "host", subject: subject.host(host) },
    ...power,
    ...(mirrors.length > 0 ? mirrors : disks.map((disk): Want => ["has no mirror for", [disk]])),
    ["is reached over", links],
  );
}

function classesOf({ accounts, plans }: Declaration, builder: Builder): AccountClass[] {
  const survives = new Map(plans.map((plan) => [plan.name, new Set(plan.survives)]));
  const groups = Map.groupBy(
    accounts,
    ({ host, standby, plan }: AccountContainerInputs) => `${host} ${standby ?? ""} ${plan}`,
  );
  return [...groups.values()].map((group) => {
    const { host, standby, plan } = group[0]!;
    const hosts = standby === undefined ? [host] : [host, standby];
    return {
      host,
      ...(standby !== undefined && { standby }),
      plan,
      accounts: group.length,
      servedBy: hosts.flatMap((name) => builder.position(key.host(name))),
      survives: survives.get(plan) ?? new Set<Failure>(),
    };
  });
}
