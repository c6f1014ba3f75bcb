/** Which way packets go from one namespace to another, hop by hop, by the routes of the kernel in each of them. */

/** A question: from which namespace to which, and to what address there. */
export interface Journey {
  readonly from: string;
  readonly to: string;
  readonly address: string;
}

/** A way that the kernels know. With several next hops at one place there are several for one journey. */
export interface Way extends Journey {
  /** Namespaces from the first to the last that was reached; switches are not among them. */
  readonly hops: readonly string[];
  /** `repeats`: at a namespace where it has been, a loop. `elsewhere`: at a namespace that takes the address for its own and is not the one meant. `nowhere`: without a route. */
  readonly end: "arrives" | "elsewhere" | "nowhere" | "repeats";
}

/** A route as `ip -json route get fibmatch` prints it, which names all next hops. */
interface Route {
  readonly type?: string;
  readonly gateway?: string;
  readonly via?: { readonly host: string };
  readonly flags?: readonly string[];
  readonly nexthops?: readonly Omit<Route, "nexthops" | "type">[];
}

/** Who has which address, and where each namespace sends packets for an address. */
export interface Routes {
  /** Namespaces by their addresses, link-local ones too. */
  readonly spaceOf: ReadonlyMap<string, string>;
  /** By namespace and address, with a blank in between. */
  readonly next: ReadonlyMap<string, Route | undefined>;
}

/** Types of routes that lead to nobody. */
const dead = new Set(["unreachable", "blackhole", "prohibit", "throw"]);

/** A command that prints what {@link readRoutes} reads. */
export function routesCommand(spaces: readonly string[], addresses: readonly string[]): string {
  const asked = spaces.flatMap((space) =>
    addresses.map((address) => {
      const family = address.includes(":") ? "-6" : "-4";
      return `printf 'route ${space} ${address} %s\\n' "$(ip -n ${space} -json ${family} route get fibmatch ${address} 2>/dev/null || :)"`;
    }),
  );
  const owners = spaces.map((space) => `printf 'own ${space} - %s\\n' "$(ip -n ${space} -json address)"`);
  return [...owners, ...asked].join("\n");
}

/** @param printed by {@link routesCommand} */
export function readRoutes(printed: string): Routes {
  const spaceOf = new Map<string, string>();
  const next = new Map<string, Route | undefined>();
  for (const [, what, space, address, json] of printed.matchAll(/^(own|route) (\S+) (\S+) (.*)$/gm)) {
    const parsed = JSON.parse(json || "[]") as readonly unknown[];
    if (what === "route") {
      next.set(`${space} ${address}`, parsed[0] as Route | undefined);
      continue;
    }
    for (const { addr_info: own = [] } of parsed as { readonly addr_info?: readonly { readonly local?: string }[] }[])
      for (const { local } of own) if (local !== undefined) spaceOf.set(local, space!);
  }
  return { spaceOf, next };
}

/** All ways of a journey. */
export function waysOf({ spaceOf, next }: Routes, journey: Journey): Way[] {
  const { to, address } = journey;
  const from = (hops: readonly string[]): Way[] => {
    const here = hops.at(-1)!;
    const ends = (end: Way["end"]): Way[] => [{ ...journey, hops, end }];
    if (hops.indexOf(here) < hops.length - 1) return ends("repeats");
    const route = next.get(`${here} ${address}`);
    if (route === undefined || dead.has(route.type ?? "")) return ends("nowhere");
    if (route.type === "local") return ends(here === to ? "arrives" : "elsewhere");
    const hopsFrom = (route.nexthops ?? [route]).filter(({ flags = [] }) => !flags.includes("dead"));
    if (hopsFrom.length === 0) return ends("nowhere");
    return hopsFrom.flatMap(({ gateway, via }) => {
      // Without a gateway it is a neighbour.
      const there = spaceOf.get(gateway ?? via?.host ?? address);
      return there === undefined ? ends("nowhere") : from([...hops, there]);
    });
  };
  return from([journey.from]);
}

/** Ways that should not be: loops whoever goes there, and for accounts that answer every way that does not arrive. */
export function wrongWays(ways: readonly Way[], down: readonly string[]): Way[] {
  return ways.filter(
    ({ from, to, end }) => end === "repeats" || (end !== "arrives" && !down.includes(from) && !down.includes(to)),
  );
}

/** One line a way: `transit-1 > router-1 > web1`, with the direction and how it ended, if it did not arrive. */
export function linesOf(ways: readonly Way[]): string[] {
  return [...new Set(ways.map(({ hops, end }) => `${hops.join(" > ")}${end === "arrives" ? "" : `: ${end}`}`))].sort();
}
