import type { Files } from "./edits.ts";
import { all, both, type Loss } from "./plain-files.ts";

// biome-ignore lint/suspicious/noExplicitAny: files as they are written
type Item = any;

/** Who is trusted from now on, and with what. */
export function* trustChanged(before: Files, after: Files): Generator<Loss> {
  const changed = (what: string): Loss => ({ of: "trust", what });
  for (const [name, was, is] of both(all(before, "hosts"), all(after, "hosts"))) {
    for (const key of ["address", "address4", "managementAddress", "asNumber"]) {
      if (was[key] !== is[key]) yield changed(`${key} of ${name}`);
    }
    if (JSON.stringify(was.ssh) !== JSON.stringify(is.ssh)) yield changed(`ssh of ${name}`);
  }
  const [network, nextNetwork] = [before, after].map((files) => files.get("network.yaml")) as [Item, Item];
  for (const [name, was, is] of both(network.routers, nextNetwork.routers)) {
    if (was.address !== is.address) yield changed(`address of ${name}`);
  }
  for (const [name, was, is] of both(network.operators, nextNetwork.operators)) {
    if (was.asNumber !== is.asNumber) yield changed(`asNumber of ${name}`);
  }
  if (network.certificates?.directory !== nextNetwork.certificates?.directory) yield changed("the CA");
  // Where there was none, nobody had a name below it.
  if (network.platformDomain !== undefined && network.platformDomain !== nextNetwork.platformDomain)
    yield changed("the platform's domain");
  const old = all(before, "accounts");
  const keysOf = ({ users = [] }: Item) =>
    new Set<string>(
      users.flatMap(({ name, keys = [], passwordHash, directory = ".", protocols = ["ssh"] }: Item) => [
        ...keys.map((key: string) => `${name} ${key}`),
        ...(passwordHash === undefined ? [] : [`${name} by password ${passwordHash}`]),
        ...protocols.map((protocol: string) => `${name} by ${protocol} to ${directory}`),
      ]),
    );
  for (const [number, was, is] of both(old, all(after, "accounts"), "number")) {
    for (const key of keysOf(is)) if (!keysOf(was).has(key)) yield changed(`account ${number} lets in ${key}`);
  }
  const rules = ({ firewall }: Item) => JSON.stringify(firewall?.map((rule: Item) => ({ protocol: "all", ...rule })));
  for (const folder of ["accounts", "hosts"]) {
    const key = folder === "accounts" ? "number" : "name";
    for (const [name, was, is] of both(all(before, folder), all(after, folder), key))
      if (rules(was) !== rules(is)) yield changed(`firewall of ${name}`);
  }
  for (const [name, was, is] of both(all(before, "plans"), all(after, "plans")))
    if (!was.passwordLogins && is.passwordLogins) yield changed(`plan ${name} allows logins by password`);
  if (sorted(network.controllers) !== sorted(nextNetwork.controllers)) yield changed("where deploys come from");
  const neighbors = ({ operators }: Item): string[] =>
    operators.flatMap(({ name, sessions = [] }: Item) =>
      sessions.map(({ router, neighbor }: Item) => `${router} with ${plainAddress(neighbor)} of ${name}`),
    );
  const known = neighbors(network);
  for (const each of neighbors(nextNetwork)) if (!known.includes(each)) yield changed(`session of ${each}`);
  yield* unlocked(before, after);
  yield* wafLowered(before, after);
  yield* namesTaken(before, after);
}

const sorted = (list: readonly string[] = []) => JSON.stringify([...list].sort());
/** In one spelling, by the WHATWG's rules for URLs. */
const plainAddress = (address: string) => new URL(`http://[${address}]`).hostname;

/** Web sites that visitors see with a password that did not open them, or with none. */
function* unlocked(before: Files, after: Files): Generator<Loss> {
  const open = (was: Item, is: Item) =>
    is.passwords === undefined || Object.entries(is.passwords).some(([name, hash]) => was.passwords[name] !== hash);
  const named = ({ hostnames = [], addresses = [] }: Item): string[] => [...hostnames, ...addresses];
  const served = ({ kind, root }: Item) => (kind === "static" || kind === "php" ? `${root ?? "www"}/` : undefined);
  const shows = (was: Item, is: Item) => {
    const [own, other] = [served(was), served(is)];
    return own !== undefined && other !== undefined && (own.startsWith(other) || other.startsWith(own));
  };
  for (const [number, was, is] of both(all(before, "accounts"), all(after, "accounts"), "number")) {
    for (const locked of (was.httpServers ?? []).filter(({ passwords }: Item) => passwords)) {
      for (const each of is.httpServers ?? []) {
        const old = was.httpServers.find(({ name }: Item) => name === each.name);
        const isNew = !(old && old !== locked && open(locked, old) && shows(locked, old));
        const same = named(each).some((name) => named(locked).includes(name)) || (isNew && shows(locked, each));
        if (same && open(locked, each))
          yield {
            of: "trust",
            what: `${each.name} of account ${number} shows what ${locked.name} kept behind passwords`,
          };
      }
    }
  }
}

/** How much of a WAF stands before a web site. */
const wafOf = ({ waf }: Item): number =>
  waf === undefined || waf.watchOnly ? 0 : ["basic", "strong", "complete"].indexOf(waf.level) + 1;

/** Each name and path that is declared before or after, asked for as a visitor does. */
function* wafLowered(before: Files, after: Files): Generator<Loss> {
  const answers = ({ httpServers = [] }: Item, name: string, path: string): Item => {
    const by = (address: string) =>
      httpServers.find(({ hostnames = [], addresses = [] }: Item) => [...hostnames, ...addresses].includes(address));
    const wide = `*.${name.split(".").slice(1).join(".")}`;
    return (path === "" ? undefined : by(`${name}/${path}`)) ?? by(name) ?? by(wide);
  };
  for (const [number, was, is] of both(all(before, "accounts"), all(after, "accounts"), "number")) {
    const asked = new Set<string>(
      [was, is].flatMap(({ httpServers = [] }: Item) =>
        httpServers.flatMap(({ hostnames = [], addresses = [] }: Item) => [...hostnames, ...addresses]),
      ),
    );
    for (const address of asked) {
      const [name, path = ""] = address.split("/") as [string, string?];
      const [old, now] = [answers(was, name, path), answers(is, name, path)];
      if (old && now && wafOf(now) < wafOf(old)) yield { of: "trust", what: `${address} of ${number} has less WAF` };
    }
    for (const [name, old, now] of both(was.httpServers, is.httpServers)) {
      const more = (now.waf?.exclusions ?? []).filter((each: string) => !old.waf?.exclusions?.includes(each));
      if (old.waf && now.waf && (more.length > 0 || wafOf(now) < wafOf(old)))
        yield { of: "trust", what: `HTTP server ${name} of ${number} has less WAF` };
    }
    const files = ({ kind, root }: Item) => (["static", "php"].includes(kind) ? (root ?? "www") : undefined);
    for (const each of is.httpServers ?? []) {
      const [own, old] = [files(each), (was.httpServers ?? []).find(({ name }: Item) => name === each.name)];
      if (own === undefined || (old && files(old) === own && wafOf(old) <= wafOf(each))) continue;
      for (const other of was.httpServers ?? [])
        if (other.name !== each.name && files(other) === own && wafOf(each) < wafOf(other))
          yield { of: "trust", what: `files of ${other.name} of ${number} have less WAF` };
    }
  }
}

function* namesTaken(before: Files, after: Files): Generator<Loss> {
  const owners = (files: Files): [name: string, account: number][] =>
    all(files, "accounts").flatMap(({ number, name: own, httpServers = [] }) =>
      httpServers.flatMap(({ hostnames = [], addresses = [] }: Item, index: number) => {
        const domain = files.get("network.yaml").platformDomain;
        const platform = index === 0 && domain !== undefined ? [`${own}.${domain}`] : [];
        const paths = addresses.map((address: string) => address.split("/")[0]);
        return [...hostnames, ...paths, ...platform].map((name) => [name, number]);
      }),
    );
  const had = owners(before);
  const core = (name: string) => name.replace("*.", "");
  for (const [name, account] of owners(after)) {
    if (had.some(([other, number]) => other === name && number === account)) continue;
    for (const [other, number] of had) {
      const meet = `.${core(name)}`.endsWith(`.${core(other)}`) || `.${core(other)}`.endsWith(`.${core(name)}`);
      if (number !== account && meet) yield { of: "trust", what: `${name} of ${account} meets ${other} of ${number}` };
    }
  }
}
