import { existsSync, readdirSync, readFileSync } from "node:fs";
import { BlockList, isIP } from "node:net";
import { bird } from "../../../components/network/bird.host.ts";
import { frr } from "../../../components/network/frr.host.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { routerOf } from "../../store/host-name.ts";
import type { Machine } from "../machine.ts";

/** A BGP session of a router, under one name whatever the router runs: `operator transit-1`, `host web1`, `router router-2`. */
export interface RouterSession {
  /** Address of the other end. */
  readonly neighbor: string | undefined;
  readonly established: boolean;
  /** Prefixes by family that it has taken from its neighbour, and that it tells it. */
  readonly families: Readonly<Record<string, { readonly taken: number; readonly told: number }>>;
}

export type RouterSessions = ReadonlyMap<string, RouterSession>;

/** Sessions of the configuration that the router's program has read. A program that does not answer has none. */
export function routerSessions(machine: Machine): Promise<RouterSessions> {
  return routerOf(machine) === "frr" ? sessionsOfFrr(machine) : sessionsOfBird(machine);
}

/** `birdc show protocols all`: a block a protocol, in it a block a channel. Names are those of bird.router-system.ts. */
async function sessionsOfBird({ run }: Machine): Promise<RouterSessions> {
  const { stdout } = await run("birdc", ["show", "protocols", "all"]);
  const sessions = new Map<string, RouterSession>();
  for (const block of stdout.split(/\n(?=\S)/)) {
    const [, kind, suffix, name] = /^(host|router|operator)(4?)_(\w+) +BGP\b/.exec(block) ?? [];
    if (name === undefined) continue;
    const families: Record<string, { taken: number; told: number }> = {};
    for (const channel of block.split(/\n(?= {2}Channel )/)) {
      const [, family] = /^ {2}Channel (ipv[46])/.exec(channel) ?? [];
      const [, taken, told] = /^ +Routes: +(\d+) imported,(?:.*?,)?\s*(\d+) exported/m.exec(channel) ?? [];
      if (family !== undefined) families[family] = { taken: Number(taken ?? 0), told: Number(told ?? 0) };
    }
    const established = /^ +BGP state: +Established$/m.test(block);
    const [, neighbor] = /^ +Neighbor address: +([^\s%]+)/m.exec(block) ?? [];
    sessions.set(`${kind} ${name.replaceAll("_", "-")}${suffix === "4" ? " over IPv4" : ""}`, {
      neighbor,
      established,
      families,
    });
  }
  return sessions;
}

interface PeerOfFrr {
  readonly state?: string;
  readonly pfxRcd?: number;
  readonly pfxSnt?: number;
  readonly desc?: string;
}

/** `show bgp summary json`: by family, peers by address. Descriptions are those of frr.router-system.ts. */
async function sessionsOfFrr({ run }: Machine): Promise<RouterSessions> {
  const { status, stdout } = await run("vtysh", ["-c", "show bgp summary json"]);
  const said = (status === 0 ? JSON.parse(stdout || "{}") : {}) as Record<
    string,
    { peers?: Record<string, PeerOfFrr> } | undefined
  >;
  const sessions = new Map<string, RouterSession>();
  for (const [key, family] of [
    ["ipv6Unicast", "ipv6"],
    ["ipv4Unicast", "ipv4"],
  ] as const) {
    for (const [address, { state, pfxRcd = 0, pfxSnt = 0, desc = address }] of Object.entries(said[key]?.peers ?? {})) {
      const name = `${desc}${address.includes(":") ? "" : " over IPv4"}`;
      const families = { ...sessions.get(name)?.families, [family]: { taken: pfxRcd, told: pfxSnt } };
      sessions.set(name, { neighbor: address, established: state === "Established", families });
    }
  }
  return sessions;
}

/** The routing configuration of the generation in force. */
const textsIn = ({ layout }: Machine): string[] =>
  [bird.name, frr.name].flatMap((folder) => {
    const directory = layout.at(`${currentGeneration}/${folder}`);
    const names = existsSync(directory) ? readdirSync(directory) : [];
    return names.filter((name) => name.endsWith(".conf")).map((name) => readFileSync(`${directory}/${name}`, "utf8"));
  });

/** Number of owned prefixes by family, which are all that operators may hear: by the text of the generation in force. */
function ownedIn(machine: Machine): Readonly<Record<string, number>> {
  const owned = { ipv6: 0, ipv4: 0 };
  for (const text of textsIn(machine)) {
    for (const [, prefix] of text.matchAll(/^ *(?:ip |ipv6 )?route (\S+) (?:unreachable;|reject)$/gm))
      owned[prefix!.includes(":") ? "ipv6" : "ipv4"]++;
  }
  return owned;
}

/** Prefixes that each host may announce, by the name of its session: by the text of a configuration, of either maker. */
export function prefixesOfHosts(text: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  const add = (name: string, prefix: string) => found.set(name, [...(found.get(name) ?? []), prefix]);
  for (const [, name, block] of text.matchAll(/^protocol bgp host_(\w+) [^\n]*\{\n([\s\S]*?)^\}/gm))
    for (const [prefix] of block!.matchAll(/[0-9a-f.:]+\/\d+/g)) add(`host ${name!.replaceAll("_", "-")}`, prefix);
  for (const [, name, prefix] of text.matchAll(/^ip(?:v6)? prefix-list host-(\S+) seq \d+ permit (\S+)$/gm))
    add(`host ${name}`, prefix!);
  return found;
}

/** A destination, and the prefix that the kernel must have for it. */
interface Way {
  readonly to: string;
  readonly prefix: string;
  /** For people. */
  readonly lost: string;
}

/** Addresses that no network outside may announce, as routers see it: who reaches them has a default route. */
const outside: readonly Way[] = [
  { to: "2001:db8::1", prefix: "default", lost: "the kernel has no default route for IPv6 any more" },
  { to: "192.88.99.1", prefix: "default", lost: "the kernel has no default route for IPv4 any more" },
];

const isIPv6Prefix = (prefix: string) => prefix.includes(":");

/** Prefixes of each host and family that are looked for in the kernel, until it has one. */
const samples = 5;

/**
 * Whether the kernel forwards there by a route of exactly this prefix that routing has brought. One question each: routers may know a million routes.
 * @param via by this next hop, if it matters
 */
async function leads({ run }: Machine, { to, prefix }: Way, via?: string): Promise<boolean> {
  const { stdout } = await run("ip", [to.includes(":") ? "-6" : "-4", "route", "get", "fibmatch", to]);
  const [, hop] = / via (?:inet6 )?(\S+)/.exec(stdout) ?? [];
  // Of a link-local one nobody knows whose it is.
  if (via !== undefined && hop !== via && !hop?.startsWith("fe80:")) return false;
  return stdout.startsWith(`${prefix.replace(/\/(?:32|128)$/, "")} `) && / proto (?:bird|bgp)\b/.test(stdout);
}

/**
 * What the kernel forwards now, outside and to each host, of all that is still declared. What goes to another host than it is declared for, or to the
 * pair's router, is about to move: that host does not announce it yet.
 */
async function waysNow(machine: Machine, sessions: RouterSessions): Promise<Way[]> {
  const ways: Way[] = [];
  const owned = ownedIn(machine);
  for (const way of outside)
    if (owned[isIPv6Prefix(way.to) ? "ipv6" : "ipv4"]! > 0 && (await leads(machine, way))) ways.push(way);
  for (const text of textsIn(machine)) {
    for (const [host, prefixes] of prefixesOfHosts(text)) {
      for (const isOfFamily of [isIPv6Prefix, (prefix: string) => !isIPv6Prefix(prefix)]) {
        for (const prefix of prefixes.filter(isOfFamily).slice(0, samples)) {
          const lost = `the kernel has no route to ${prefix} of ${host} any more`;
          const way = { to: prefix.split("/")[0]!, prefix, lost };
          const own = sessions.get(host)?.neighbor;
          if (own === undefined || !(await leads(machine, way, own))) continue;
          ways.push(way);
          break;
        }
      }
    }
  }
  return ways;
}

/**
 * What worked before and does not now. A session that is not declared any more may go. What a host announces may go too, with its
 * accounts; what it is told may not, nor what is exchanged with operators. None of them may hear of more than what is owned.
 * @returns one sentence
 */
function lostSessions(
  now: RouterSessions,
  before: RouterSessions,
  owned: Readonly<Record<string, number>>,
): string | undefined {
  const kept = [...before].flatMap(([name, then]) => {
    const session = now.get(name);
    return session === undefined || !then.established ? [] : [{ name, then, session }];
  });
  // The cause before what follows from it: with an operator goes what hosts were told.
  const ended = kept.find(({ session }) => !session.established);
  if (ended) return `the session with ${ended.name} is not established any more`;
  for (const { name, then, session } of kept) {
    if (name.startsWith("router ")) continue;
    for (const [family, { taken, told }] of Object.entries(then.families)) {
      const is = session.families[family];
      if (is === undefined) continue;
      if (told > 0 && is.told === 0) return `${name} is told of no ${words(family)} route any more`;
      if (name.startsWith("operator ") && taken > 0 && is.taken === 0)
        return `no ${words(family)} route of ${name} is taken any more`;
    }
  }
  for (const [name, { families }] of now) {
    if (!name.startsWith("operator ")) continue;
    const leaked = Object.entries(families).find(([family, { told }]) => told > (owned[family] ?? 0));
    if (leaked)
      return `${name} is told of ${leaked[1].told} ${words(leaked[0])} prefixes, but ${owned[leaked[0]] ?? 0} are owned`;
  }
  const worked = [...before.values()].some(({ established }) => established);
  if (worked && ![...now.values()].some(({ established }) => established)) return "no session is left";
  return undefined;
}

const words = (family: string) => (family === "ipv6" ? "IPv6" : "IPv4");

/** @returns whether an address stands in a text of rules, however it is written: not as a part of another one */
export function addressesIn(text: string): (address: string) => boolean {
  const found = new BlockList();
  const familyOf = (word: string) => ({ 4: "ipv4", 6: "ipv6" })[isIP(word)] as "ipv4" | "ipv6" | undefined;
  for (const [word] of text.matchAll(/[0-9a-f:.]+/gi)) {
    const family = familyOf(word);
    if (family) found.addAddress(word, family);
  }
  return (address) => {
    const family = familyOf(address);
    return family !== undefined && found.check(address, family);
  };
}

/**
 * Notes which sessions work now.
 * @param isDeclared whether a session with this address may go on. Rules that are loaded before the program reads its configuration end those with
 *   neighbours that go, or get another address
 * @returns a look at what of it does not work any more, if anything
 */
export async function watchSessions(
  machine: Machine,
  isDeclared: (neighbor: string) => boolean = () => true,
): Promise<() => Promise<string | undefined>> {
  const working = await routerSessions(machine);
  const before = new Map([...working].filter(([, { neighbor }]) => neighbor === undefined || isDeclared(neighbor)));
  const ways = await waysNow(machine, working);
  return async () => {
    const lost = lostSessions(await routerSessions(machine), before, ownedIn(machine));
    if (lost !== undefined) return lost;
    // A filter that refuses all that hosts announce, and a program that keeps its routes to itself, end no session.
    for (const way of ways) if (!(await leads(machine, way))) return way.lost;
    return undefined;
  };
}
