import type { Files } from "./edits.ts";
import { survived } from "./survived.ts";

/**
 * What a change loses, found in the simplest way on the files' own data: no schema, no declaration, no code of the guard or the proof.
 * It knows no approvals: a change that loses something is not safe unless somebody agrees.
 */
export interface Loss {
  readonly of: "data" | "promise" | "redundancy" | "trust";
  readonly what: string;
}

// biome-ignore lint/suspicious/noExplicitAny: files as they are written
type Item = any;

const all = (files: Files, folder: string): Item[] =>
  [...files].filter(([file]) => file.startsWith(`${folder}/`)).map(([, content]) => content);
const named = (list: readonly Item[], key = "name"): Map<string, Item> =>
  new Map(list.map((each) => [each[key], each]));
/** What both sides have. */
function both(before: readonly Item[], after: readonly Item[], key = "name"): [name: string, was: Item, is: Item][] {
  const next = named(after, key);
  return [...named(before, key)].flatMap(([name, was]): [string, Item, Item][] =>
    next.has(name) ? [[name, was, next.get(name)]] : [],
  );
}
const gone = (before: readonly Item[], after: readonly Item[], key = "name"): string[] =>
  [...named(before, key).keys()].filter((name) => !named(after, key).has(name));

export function losses(before: Files, after: Files): Loss[] {
  return [
    ...dataLost(before, after),
    ...promisesBroken(before, after),
    ...redundancyLost(before, after),
    ...trustChanged(before, after),
  ];
}

function* dataLost(before: Files, after: Files): Generator<Loss> {
  const lost = (what: string): Loss => ({ of: "data", what });
  const [old, next] = [all(before, "accounts"), all(after, "accounts")];
  for (const number of gone(old, next, "number")) yield lost(`account ${number} is gone`);
  for (const [number, was, is] of both(old, next, "number")) {
    if (was.host !== is.host) yield lost(`account ${number} moves`);
    if (was.protect !== false && is.protect === false) yield lost(`account ${number} loses its protection`);
  }
  const [hosts, nextHosts] = [all(before, "hosts"), all(after, "hosts")];
  for (const name of gone(hosts, nextHosts)) yield lost(`host ${name} is gone`);
  for (const [name, was, is] of both(hosts, nextHosts)) {
    if (was.serial !== is.serial) yield lost(`host ${name} is another machine`);
    for (const slot of gone(was.disks, is.disks, "serial")) yield lost(`disk ${slot} of ${name} is gone`);
  }
  for (const [name, was, is] of both(all(before, "sites"), all(after, "sites"))) {
    if (was.backupSite !== undefined && was.backupSite !== is.backupSite)
      yield lost(`the backups of ${name} are elsewhere`);
  }
}

/** Limits of an account, by what they are where its plan does not say. */
const outgoing = { outgoingConnections: 1000, outgoingPerSecond: 50, mailsPerMinute: 60 };
const limits = {
  memoryMaxMb: 0,
  swapMaxMb: 0,
  tasksMax: 0,
  diskGb: 0,
  inodes: 250_000,
  cpuWeight: 100,
  ioWeight: 100,
  ...outgoing,
};

function* promisesBroken(before: Files, after: Files): Generator<Loss> {
  const plans = [named(all(before, "plans")), named(all(after, "plans"))] as const;
  for (const [number, was, is] of both(all(before, "accounts"), all(after, "accounts"), "number")) {
    const [old, next] = [plans[0].get(was.plan), plans[1].get(is.plan)];
    const less = (what: string): Loss => ({ of: "promise", what: `account ${number} has less ${what}` });
    for (const [limit, usual] of Object.entries(limits)) {
      const value = (account: Item, plan: Item): number => account.limits?.[limit] ?? plan[limit] ?? usual;
      if (value(is, next) < value(was, old)) yield less(limit);
    }
    const retention = (account: Item, plan: Item) => Math.max(account.retentionDays ?? 0, plan.retentionDays);
    if (retention(is, next) < retention(was, old)) yield less("retention");
    for (const key of ["cores", "memoryMb"]) {
      if ((next.guaranteed?.[key] ?? 0) < (old.guaranteed?.[key] ?? 0)) yield less(`guaranteed ${key}`);
    }
    for (const failure of old.survives) if (!next.survives.includes(failure)) yield less(`survival of ${failure}`);
  }
}

function* redundancyLost(before: Files, after: Files): Generator<Loss> {
  const lost = (what: string): Loss => ({ of: "redundancy", what });
  const next = survived(after);
  for (const [number, failures] of survived(before)) {
    const kept = next.get(number);
    for (const failure of failures) {
      if (kept && !kept.has(failure)) yield lost(`account ${number} no longer survives ${failure}`);
    }
  }
  const [network, nextNetwork] = [before, after].map((files) => files.get("network.yaml")) as [Item, Item];
  if (nextNetwork.operators.length < network.operators.length) yield lost("an operator less");
  for (const role of ["spare", "backup"]) {
    const number = (files: Files) => all(files, "hosts").filter((host) => host.role === role).length;
    if (number(after) < number(before)) yield lost(`a ${role} host less`);
  }
  for (const [name, was, is] of both(all(before, "hosts"), all(after, "hosts"))) {
    for (const key of ["links", "powerSupplies", "disks"])
      if (is[key].length < was[key].length) yield lost(`${name} has less ${key}`);
    for (const key of ["cores", "memoryMb", "diskGb"])
      if (is.capacity[key] < was.capacity[key]) yield lost(`${name} has less ${key}`);
  }
  for (const list of ["routers", "switches"]) {
    for (const [name, was, is] of both(network[list], nextNetwork[list])) {
      for (const key of ["powerSupplies", "uplinks"]) {
        if ((is[key] ?? []).length < (was[key] ?? []).length) yield lost(`${name} has less ${key}`);
      }
    }
  }
  for (const [name, was, is] of both(all(before, "sites"), all(after, "sites"))) {
    for (const [model, old, now] of both(was.spares, is.spares, "model")) {
      if (now.count < old.count) yield lost(`${name} has less spare ${model}`);
    }
  }
}

function* trustChanged(before: Files, after: Files): Generator<Loss> {
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
  const owners = (files: Files) =>
    new Map<string, number>(
      all(files, "accounts").flatMap(({ number, httpServers = [] }) =>
        httpServers.flatMap(({ hostnames = [] }: Item) => hostnames.map((name: string) => [name, number])),
      ),
    );
  const next = owners(after);
  for (const [name, number] of owners(before)) {
    if (next.has(name) && next.get(name) !== number) yield changed(`${name} leads to another account`);
  }
}
