import { accountSchema, tombstonesSchema } from "../../components/account/account.schema.ts";
import { hostSchema } from "../../components/host/host.schema.ts";
import { networkSchema } from "../../components/network/network.schema.ts";
import { planSchema } from "../../components/plan/plan.schema.ts";
import type { Subject } from "../../components/rule.ts";
import { canonicalPrefix } from "../../components/schema.ts";
import { siteSchema } from "../../components/site/site.schema.ts";
import { checkAccounts } from "../check/accounts.ts";
import { checkPlaces } from "../check/places.ts";
import type { Entries } from "../check/references.ts";
import { checkApprovals, checkWaivers } from "../check/waivers.ts";
import { approvalsSchema } from "../schemas/approval.ts";
import type { Fleet } from "../schemas/index.ts";
import { defaultLimits, limitsSchema } from "../schemas/limits.ts";
import { retiredListSchema } from "../schemas/retired.ts";
import { waiversSchema } from "../schemas/waiver.ts";
import { InventoryError, type Path, type Problem } from "./problem.ts";
import { type FileKind, readFleet } from "./read-fleet.ts";
import type { Source } from "./source.ts";
import { type Entry, validate } from "./validate.ts";

export { formatProblems, InventoryError } from "./problem.ts";

/** What can be looked up with {@link Loaded.where}: the subjects of rules. */
type Kind = Subject["kind"];

/** A sound inventory. */
export interface Loaded {
  /** Plain data, frozen, sorted by name or number: the same for every order and naming of account files. */
  readonly fleet: Fleet;
  /**
   * File and line of something, relative to the fleet's directory: `accounts/1204-alice.yaml:7`.
   * @param kind of the subject; `address` is an account's, `frontEnd` a host's
   * @param name as in {@link Subject}
   * @param path property path, for example `powerSupplies.1.chain`; what is not in the file is shown at its nearest parent
   * @returns `undefined` if there is nothing of this kind and name
   */
  where(kind: Kind, name: string, path?: string): string | undefined;
}

/**
 * Reads a whole inventory: `network.yaml`, `tombstones.yaml`, `retired.yaml`, `waivers.yaml`, `approvals.yaml` and `limits.yaml` (optional) and the YAML files of `sites/`, `hosts/`, `plans/`
 * and `accounts/`. Writes nothing.
 * @throws {InventoryError} with every problem at once
 */
export async function loadFleet(directory: string): Promise<Loaded> {
  const read = readFleet(directory);
  const problems: Problem[] = [...read.problems];
  const of = (kind: FileKind): Source[] =>
    read.sources.filter((entry) => entry.kind === kind).map((entry) => entry.source);
  const checked = <T>(check: { entry: Entry<T>; problems: Problem[] }): Entry<T> => {
    problems.push(...check.problems);
    return check.entry;
  };

  const entries = {
    network: of("network").map((source) => checked(validate(networkSchema, source)))[0],
    tombstones: of("tombstones").map((source) => checked(validate(tombstonesSchema, source)))[0],
    retired: of("retired").map((source) => checked(validate(retiredListSchema, source)))[0],
    waivers: of("waivers").map((source) => checked(validate(waiversSchema, source)))[0],
    approvals: of("approvals").map((source) => checked(validate(approvalsSchema, source)))[0],
    limits: of("limits").map((source) => checked(validate(limitsSchema, source)))[0],
    sites: of("site").map((source) => checked(validate(siteSchema, source))),
    hosts: of("host").map((source) => checked(validate(hostSchema, source))),
    plans: of("plan").map((source) => checked(validate(planSchema, source))),
    accounts: of("account").map((source) => checked(validate(accountSchema, source))),
  } satisfies Entries;
  problems.push(
    ...checkPlaces(entries),
    ...checkAccounts(entries),
    ...checkWaivers(entries),
    ...checkApprovals(entries),
  );
  if (problems.length > 0) throw new InventoryError(directory, problems);

  const fleet = freeze({
    network: entries.network!.whole!,
    sites: wholes(entries.sites).sort(byName),
    hosts: wholes(entries.hosts).sort(byName),
    plans: wholes(entries.plans).sort(byName),
    accounts: wholes(entries.accounts).sort(byNumber),
    tombstones: [...(entries.tombstones?.whole ?? [])].sort(byNumber),
    retired: entries.retired?.whole ?? [],
    waivers: entries.waivers?.whole ?? [],
    approvals: entries.approvals?.whole ?? [],
    limits: entries.limits?.whole ?? defaultLimits,
  });
  return { fleet, where: finder(entries) };
}

function wholes<T>(entries: readonly Entry<T>[]): T[] {
  return entries.map((entry) => entry.whole!);
}

function byName(a: { name: string }, b: { name: string }): number {
  return a.name < b.name ? -1 : 1;
}

function byNumber(a: { number: number }, b: { number: number }): number {
  return a.number - b.number;
}

function finder(entries: Entries): Loaded["where"] {
  const index = new Map<string, Source>();
  for (const { source, whole } of entries.sites) index.set(`site ${whole!.name}`, source);
  for (const { source, whole } of entries.hosts) index.set(`host ${whole!.name}`, source);
  for (const { source, whole } of entries.plans) index.set(`plan ${whole!.name}`, source);
  const accounts = new Map(
    entries.accounts.map(({ source, whole }) => [String(whole!.number), { source, whole: whole! }]),
  );

  return (kind, name, path) => {
    const parts = (path ?? "").split(".").filter((part) => part !== "");
    const waiver = /^waivers\.(\d+)$/.exec(path ?? "")?.[1];
    if (kind === "register") return undefined;
    if (waiver !== undefined) return ofWaiver(entries, `${kind} ${name}`, Number(waiver));
    let found: { source: Source; path: Path } | undefined;
    if (kind === "account" || kind === "address" || kind === "httpServer") {
      const [number, server] = name.split("/") as [string, string | undefined];
      const account = accounts.get(number);
      if (account === undefined) return undefined;
      if (kind === "httpServer") {
        const position = account.whole.httpServers.findIndex((candidate) => candidate.name === server);
        if (position < 0) return undefined;
        found = { source: account.source, path: ["httpServers", position, ...numbered(parts)] };
      } else found = { source: account.source, path: numbered(parts) };
    } else if (kind === "network" || kind === "range" || kind === "router" || kind === "switch") {
      found = inNetwork(entries, kind, name, numbered(parts));
      if (found === undefined) return undefined;
    } else {
      const source = index.get(`${kind === "frontEnd" ? "host" : kind} ${name}`);
      if (source === undefined) return undefined;
      found = { source, path: numbered(parts) };
    }
    return `${found.source.file}:${found.source.at(found.path, "key").line}`;
  };
}

/** The place of a resource's waiver, counted among its own. */
function ofWaiver({ waivers }: Entries, resource: string, index: number): string | undefined {
  const own = [...(waivers?.whole ?? []).entries()].filter(([, waiver]) => waiver.resource === resource);
  const position = own[index]?.[0];
  return position === undefined ? undefined : `${waivers!.source.file}:${waivers!.source.at([position], "key").line}`;
}

/** A place in network.yaml; a site's range is in the site's file. */
function inNetwork(
  { network, sites }: Entries,
  kind: "network" | "range" | "router" | "switch",
  name: string,
  path: Path,
): { source: Source; path: Path } | undefined {
  const { source, whole } = network!;
  if (kind === "network") return { source, path };
  if (kind === "range") {
    for (const key of ["prefixes", "prefixes4"] as const) {
      const position = whole![key].findIndex((prefix) => same(prefix, name));
      if (position >= 0) return { source, path: [key, position] };
    }
    for (const { source: file, whole: site } of sites) {
      for (const key of ["prefix", "prefix4"] as const) {
        const prefix = site![key];
        if (prefix !== undefined && same(prefix, name)) return { source: file, path: [key] };
      }
    }
    return undefined;
  }
  const list = kind === "router" ? "routers" : "switches";
  const position = whole![list].findIndex((device) => device.name === name);
  return position < 0 ? undefined : { source, path: [list, position, ...path] };
}

function same(prefix: string, canonical: string): boolean {
  return prefix === canonical || (prefix.includes(":") && canonicalPrefix(prefix) === canonical);
}

function numbered(parts: readonly string[]): Path {
  return parts.map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === "object" && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) freeze(inner);
    Object.freeze(value);
  }
  return value;
}
