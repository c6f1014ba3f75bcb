import { harmfulForAccounts, harmlessForAccounts } from "./account-edits.ts";
import { anotherValue } from "./field-edits.ts";
import { harmfulForPlatform, harmlessForPlatform } from "./platform-edits.ts";
import { harmfulForShape, harmlessForShape, renames } from "./shape-edits.ts";

/** Edits that people make in pull requests, at random places of plain inventory data. */

/** Content of every file of a fleet, by its path. */
// biome-ignore lint/suspicious/noExplicitAny: files as they are written, before any schema
export type Files = Map<string, any>;

/** Chooses a position below a limit. */
export type Pick = (below: number) => number;

type Edit = (files: Files, pick: Pick) => void;

// biome-ignore lint/suspicious/noExplicitAny: one item of such a file
type Item = any;

const network = (files: Files): Item => files.get("network.yaml");
const inFolder = (files: Files, folder: string): [string, Item][] =>
  [...files].filter(([file]) => file.startsWith(`${folder}/`)).sort();
const one = <T>(list: readonly T[], pick: Pick): T => list[pick(list.length)]!;
const some = (files: Files, folder: string, pick: Pick): Item => one(inFolder(files, folder), pick)[1];
const account = (files: Files, pick: Pick) => some(files, "accounts", pick);
const host = (files: Files, pick: Pick) => some(files, "hosts", pick);
const place = (list: Item[], pick: Pick) => pick(list.length);
const device = (files: Files, pick: Pick) =>
  one<Item>(
    [...network(files).routers, ...network(files).switches, ...inFolder(files, "hosts").map(([, each]) => each)],
    pick,
  );

/** The host that {@link withLostHost} loses. */
const lostHost = "par1-web3";

/** A host without an account on it, lost. */
export function withLostHost(files: Files): Files {
  const of = (name: string) => inFolder(files, "hosts").find(([, each]) => each.name === name)![1];
  of(lostHost).lost = "2026-11-20";
  for (const [, each] of inFolder(files, "accounts")) if (each.host === lostHost) each.host = "par1-web4";
  return files;
}

function swap(one: Item, other: Item, key: string): void {
  [one[key], other[key]] = [other[key], one[key]];
}

function bury(files: Files, file: string): void {
  const { number, name } = files.get(file);
  files.delete(file);
  files.get("tombstones.yaml").push({ number, name, deleted: "2026-11-20" });
}

/** What loses nothing by itself. */
export const harmless: Readonly<Record<string, Edit>> = {
  ...harmlessForAccounts,
  ...harmlessForPlatform,
  ...harmlessForShape,
  "an account added": (files, pick) => {
    const number = 1100 + pick(9000);
    const server = { name: "site", number: 1, kind: "static", hostnames: [`n${number}.example.org`] };
    const home = one(
      inFolder(files, "hosts").filter(([, { role = "accounts" }]) => role === "accounts"),
      pick,
    )[1].name;
    files.set(`accounts/${number}-new.yaml`, {
      number,
      name: `new-${number}`,
      plan: "small",
      host: home,
      httpServers: [server],
    });
  },
  "a host name added": (files, pick) => {
    const { httpServers } = account(files, pick);
    if (httpServers?.[0]) httpServers[0].hostnames = [...(httpServers[0].hostnames ?? []), `x${pick(1e6)}.example.org`];
  },
  "an account renamed": (files, pick) => {
    account(files, pick).name = `renamed-${pick(1e6)}`;
  },
  "an account's file renamed": (files, pick) => {
    const [file, content] = one(inFolder(files, "accounts"), pick);
    files.delete(file);
    files.set(`accounts/${content.number}-moved.yaml`, content);
  },
  "an idle time": (files, pick) => {
    const { httpServers } = account(files, pick);
    if (httpServers?.[0]) httpServers[0].idleSeconds = pick(900);
  },
  "an operator added": (files, pick) => {
    const { operators, routers } = network(files);
    operators.push({
      name: `transit-${10 + pick(1000)}`,
      asNumber: 65000 + pick(500),
      routers: [one<Item>(routers, pick).name],
    });
  },
  "spare parts added": (files, pick) => {
    one<Item>(some(files, "sites", pick).spares, pick).count += 1;
  },
  "a list in another order": (files, pick) => {
    const [, content] = one([...files], pick);
    for (const value of Object.values(content)) if (Array.isArray(value)) value.reverse();
  },
  "hardware of another model": (files, pick) => {
    host(files, pick).model = `X-${pick(100)}`;
  },
};

/** What can lose something, as a slip or a hurry does it. */
export const harmful: Readonly<Record<string, Edit>> = {
  ...harmfulForAccounts,
  ...harmfulForPlatform,
  ...harmfulForShape,
  "another value of a field": anotherValue,
  "a host lost or back": (files, pick) => {
    const each = host(files, pick);
    if (each.lost) delete each.lost;
    else each.lost = "2026-11-20";
  },
  "a new account on a host that is lost": (files, pick) => {
    const number = 1100 + pick(9000);
    files.set(`accounts/${number}-lost.yaml`, { number, name: `lost-${number}`, plan: "small", host: lostHost });
  },
  "a standby on a host that is lost": (files, pick) => {
    account(files, pick).standby = lostHost;
  },
  // Data
  "an account deleted": (files, pick) => bury(files, one(inFolder(files, "accounts"), pick)[0]),
  "an account's file lost": (files, pick) => void files.delete(one(inFolder(files, "accounts"), pick)[0]),
  "an account moved": (files, pick) => {
    account(files, pick).host = host(files, pick).name;
  },
  "two accounts exchanged": (files, pick) => swap(account(files, pick), account(files, pick), "host"),
  "two accounts' numbers exchanged": (files, pick) => swap(account(files, pick), account(files, pick), "number"),
  "an account's number": (files, pick) => {
    account(files, pick).number += 200;
  },
  "a protection taken away": (files, pick) => {
    account(files, pick).protect = false;
  },
  "a disk changed": (files, pick) => {
    one<Item>(host(files, pick).disks, pick).serial = `NEW-${pick(1e6)}`;
  },
  "the disks of two hosts exchanged": (files, pick) => swap(host(files, pick), host(files, pick), "disks"),
  "a chassis changed": (files, pick) => {
    host(files, pick).serial = `NEW-${pick(1e6)}`;
  },
  "a host's file lost": (files, pick) => void files.delete(one(inFolder(files, "hosts"), pick)[0]),
  "a host renamed": (files, pick) => {
    const [file, content] = one(inFolder(files, "hosts"), pick);
    const name = `${content.name}x`;
    for (const [, each] of inFolder(files, "accounts")) {
      for (const key of ["host", "standby"]) if (each[key] === content.name) each[key] = name;
    }
    files.delete(file);
    files.set(`hosts/${name}.yaml`, { ...content, name });
  },
  "a backup site": (files, pick) => {
    some(files, "sites", pick).backupSite = one(inFolder(files, "sites"), pick)[1].name;
  },

  // Promises
  "another plan": (files, pick) => {
    account(files, pick).plan = some(files, "plans", pick).name;
  },
  "a limit of a plan": (files, pick) => {
    const plan = some(files, "plans", pick);
    const key = one(["memoryMaxMb", "tasksMax", "diskGb", "retentionDays", "cpuWeight"], pick);
    plan[key] = key === "retentionDays" ? one([7, 20, 30, 60], pick) : Math.round(plan[key] * one([0.5, 1.5, 2], pick));
  },
  "an account's own limit": (files, pick) => {
    const key = one(["memoryMaxMb", "tasksMax", "diskGb", "inodes", "swapMaxMb"], pick);
    const each = account(files, pick);
    each.limits = { ...each.limits, [key]: one([64, 1000, 300_000], pick) };
  },
  "what a plan guarantees": (files, pick) => {
    const { guaranteed } = some(files, "plans", pick);
    guaranteed.cores *= one([0.5, 2], pick);
  },
  "what a plan survives": (files, pick) => {
    const { survives } = some(files, "plans", pick);
    survives.splice(place(survives, pick), 1);
  },
  "an account's own retention": (files, pick) => {
    account(files, pick).retentionDays = 20 + pick(60);
  },

  // Redundancy
  "a standby": (files, pick) => {
    const each = account(files, pick);
    if (pick(2) === 0) delete each.standby;
    else each.standby = host(files, pick).name;
  },
  "an operator taken away": (files, pick) => {
    const { operators } = network(files);
    operators.splice(place(operators, pick), 1);
  },
  "a power supply at another chain": (files, pick) => {
    const supplies = device(files, pick).powerSupplies;
    one<Item>(supplies, pick).chain = one<Item>(supplies, pick).chain;
  },
  "a feed": (files, pick) => {
    const chains = some(files, "sites", pick).halls[0].chains;
    one<Item>(chains, pick).feed = one<Item>(chains, pick).feed;
  },
  "a power supply taken away": (files, pick) => {
    const { powerSupplies } = device(files, pick);
    powerSupplies.splice(place(powerSupplies, pick), 1);
  },
  "a link of a host": (files, pick) => {
    const { links } = host(files, pick);
    if (pick(2) === 0) links.splice(place(links, pick), 1);
    else one<Item>(links, pick).switch = one<Item>(network(files).switches, pick).name;
  },
  "an uplink": (files, pick) => {
    const { uplinks } = one<Item>(network(files).switches, pick);
    uplinks.splice(place(uplinks, pick), 1);
  },
  "a role": (files, pick) => {
    host(files, pick).role = one(["accounts", "spare", "backup"], pick);
  },
  "a host's capacity": (files, pick) => {
    const { capacity } = host(files, pick);
    const key = one(["cores", "memoryMb", "diskGb"], pick);
    capacity[key] = Math.round(capacity[key] * one([0.5, 0.9, 1.1], pick));
  },
  "spare parts used": (files, pick) => {
    const part = one<Item>(some(files, "sites", pick).spares, pick);
    part.count = Math.max(0, part.count - 1);
  },

  // Trust
  "where a host name leads": (files, pick) => {
    const [from, to] = [account(files, pick), account(files, pick)];
    if (from.httpServers?.[0] && to.httpServers?.[0]) swap(from.httpServers[0], to.httpServers[0], "hostnames");
  },
  "a host's SSH address": (files, pick) => {
    host(files, pick).ssh = { address: `2a00:b6e0:100::${pick(9000)}` };
  },
  "a host's AS number": (files, pick) => {
    host(files, pick).asNumber = 4_200_009_000 + pick(900);
  },
  "an operator's AS number": (files, pick) => {
    one<Item>(network(files).operators, pick).asNumber = 65_000 + pick(400);
  },
  "an address of a router": (files, pick) => {
    const router = one<Item>(network(files).routers, pick);
    router.address = router.address.replace(/[0-9a-f]*$/, `${100 + pick(400)}`);
  },
  "an IPv4 address": (files, pick) => {
    const each = host(files, pick);
    if (each.address4) each.address4 = each.address4.replace(/\d+$/, `${30 + pick(30)}`);
  },
};

/** What another part makes up for in the example fleet, unless more changes with it. */
const rewiring: Readonly<Record<string, Edit>> = {
  ...renames,
  "an operator at another router": (files, pick) => {
    one<Item>(network(files).operators, pick).routers = [one<Item>(network(files).routers, pick).name];
  },
  "operators exchanged": (files, pick) => {
    const { operators } = network(files);
    swap(one<Item>(operators, pick), one<Item>(operators, pick), "routers");
  },
  "chains exchanged": (files, pick) => {
    const [first, second] = device(files, pick).powerSupplies;
    if (second) swap(first, second, "chain");
  },
  "links exchanged": (files, pick) => {
    const [first, second] = host(files, pick).links;
    if (second) swap(first, second, "switchPort");
  },
  "a link between routers": (files, pick) => {
    const router = one<Item>(network(files).routers, pick);
    const links = router.links ?? [];
    if (links.length > 0) links.splice(place(links, pick), 1);
  },
  "another rack": (files, pick) => {
    const each = device(files, pick);
    const site = inFolder(files, "sites").find(([, { name }]) => name === each.site)![1];
    each.rack = one<Item>(site.halls[0].racks, pick).name;
  },
};

export const edits = { ...harmless, ...harmful, ...rewiring };
