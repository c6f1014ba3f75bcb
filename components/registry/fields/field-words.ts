import { onceByName } from "../../../lib/once.ts";
import { limitAt, limitOf } from "../../plan/each-limit.ts";

/** A field as sentences call it: `guaranteed memory`, and what stands after its numbers, with its space: ` MiB`. */
export interface FieldWords {
  readonly words: string;
  readonly unit: string;
}

/** Ends of names that say in what a field is counted. */
const units: Readonly<Record<string, string>> = { Mb: " MiB", Gb: " GB" };

/** Names whose own words the documentation does not explain, or that would read badly. */
export const called: Readonly<Record<string, string>> = {
  address4: "IPv4 address",
  asNumber: "AS number",
  bfd: "BFD",
  capacityPercent: "share of the capacity in percent",
  delegated: "proofs of delegated names",
  deployment: "way of deploying",
  email: "mail address",
  everySeconds: "seconds between runs",
  expires: "last day",
  fallback: "script for paths without a file",
  gid: "gid",
  ipv4: "IPv4",
  guaranteed: "guaranteed",
  hostnames: "host names",
  hotSwap: "hot swap",
  hstsSeconds: "HSTS seconds",
  httpServers: "HTTP servers",
  ini: "php.ini",
  keepHost: "host name kept",
  keepPath: "path kept",
  limitSeconds: "most seconds of a run",
  marker: "marker",
  maxFailures: "most failures",
  monitor: "check",
  neighbor: "address of the other end",
  neighbor4: "IPv4 address of the other end",
  nodeOptions: "options of Node.js",
  nts: "NTS",
  parentAsNumber: "parent AS number",
  persistent: "missed times made up for",
  prefix4: "IPv4 prefix",
  prefixes4: "IPv4 prefixes",
  prefixLength4: "IPv4 prefix length",
  randomDelaySeconds: "longest delay in seconds",
  shortenAddresses: "visitors' addresses shortened in logs",
  spares: "spare parts",
  ssh: "SSH",
  sshPort: "SSH port",
  tcp: "over TCP",
  to: "target",
  trimPath: "path prefix removed from requests",
  uidBase: "first uid",
  uplinks: "links to routers",
  virtualenv: "Python environment",
  waf: "WAF",
  wakeSeconds: "seconds until all has started",
  watchOnly: "watching only",
};

/**
 * The field that names lead to, in words: a limit by its own, another one by its name: `idle seconds` for `idleSeconds`. Names of
 * items and of variables stay as they are.
 */
export function fieldAt(...steps: readonly string[]): FieldWords {
  const [only] = steps;
  return steps.length === 1 ? fieldNamed(only!) : fieldOf(steps);
}

/** A change of all accounts has few fields. */
const fieldNamed = onceByName((name) => fieldOf([name]));

function fieldOf(steps: readonly string[]): FieldWords {
  const limit = limitAt(steps.join("."));
  if (limit) return { words: limitOf(limit).word, unit: limitOf(limit).unit };
  const [, end = ""] = /[a-z](Mb|Gb)$/.exec(steps.at(-1) ?? "") ?? [];
  return { words: steps.map(stepWords).join(" "), unit: units[end] ?? "" };
}

function stepWords(name: string): string {
  if (Object.hasOwn(called, name)) return called[name]!;
  const [, own = name] = /^([a-z]+(?:[A-Z][a-z]+)*)(?:Mb|Gb)$/.exec(name) ?? [];
  return /^[a-z]+([A-Z][a-z]+)+$/.test(own) ? own.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) : own;
}
