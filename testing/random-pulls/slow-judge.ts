import type { Files } from "./edits.ts";
import { all, both, gone, type Loss, named } from "./plain-files.ts";
import { fieldsLost } from "./slow-fields.ts";
import { trustChanged } from "./slow-trust.ts";
import { survived } from "./survived.ts";

// biome-ignore lint/suspicious/noExplicitAny: files as they are written
type Item = any;

/**
 * What a change loses, found in the simplest way on the files' own data: no schema, no declaration, no code of the guard or the proof.
 * It knows no approvals: a change that loses something is not safe unless somebody agrees.
 */
export function losses(before: Files, after: Files): Loss[] {
  return [
    ...dataLost(before, after),
    ...promisesBroken(before, after),
    ...serviceLost(before, after),
    ...othersRobbed(before, after),
    ...redundancyLost(before, after),
    ...leftToLost(before, after),
    ...trustChanged(before, after),
    ...fieldsLost(before, after),
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
  const databases = (account: Item) =>
    (account.databases ?? []).map(({ engine, name }: Item) => `${account.number} ${engine} ${name}`);
  const left = new Set(next.flatMap(databases));
  for (const name of old.flatMap(databases)) if (!left.has(name)) yield lost(`database ${name} is gone`);
  const [hosts, nextHosts] = [all(before, "hosts"), all(after, "hosts")];
  for (const name of gone(hosts, nextHosts)) yield lost(`host ${name} is gone`);
  for (const [name, was, is] of both(hosts, nextHosts)) {
    if (was.serial !== is.serial) yield lost(`host ${name} is another machine`);
    if (was.cell !== is.cell) yield lost(`host ${name} is in the stack of another cell`);
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
  openFiles: 524_288,
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
    if (!was.suspended && is.suspended) yield less("than anything: it is suspended");
    for (const { engine, name, connections = 10 } of was.databases ?? []) {
      const own = (is.databases ?? []).find((each: Item) => each.engine === engine && each.name === name);
      if (own && (own.connections ?? 10) < connections) yield less(`connections to ${name}`);
    }
    for (const key of ["cores", "memoryMb"]) {
      if ((next.guaranteed?.[key] ?? 0) < (old.guaranteed?.[key] ?? 0)) yield less(`guaranteed ${key}`);
    }
    for (const failure of old.survives) if (!next.survives.includes(failure)) yield less(`survival of ${failure}`);
  }
}

/** What hosts do for their accounts and for visitors. */
function* serviceLost(before: Files, after: Files): Generator<Loss> {
  const less = (what: string): Loss => ({ of: "promise", what });
  const [network, nextNetwork] = [before, after].map((files) => files.get("network.yaml")) as [Item, Item];
  for (const [name, was, is] of both(all(before, "hosts"), all(after, "hosts"))) {
    const upgraded = (host: Item, fleet: Item) => host.upgrades?.security ?? fleet.upgrades?.security ?? true;
    if (upgraded(was, network) && !upgraded(is, nextNetwork)) yield less(`${name} gets no security upgrades`);
    const left: string[] = is.runtimes ?? nextNetwork.runtimes ?? [];
    for (const each of was.runtimes ?? network.runtimes ?? [])
      if (!left.includes(each)) yield less(`${name} has no ${each}`);
  }
  if (network.shortenAddresses && !nextNetwork.shortenAddresses) yield less("visitors' addresses are kept in full");
}

/** What all accounts of a host share, without a rule that adds it up. */
const shared = ["outgoingConnections", "outgoingPerSecond", "mailsPerMinute", "inodes", "swapMaxMb"] as const;

function* othersRobbed(before: Files, after: Files): Generator<Loss> {
  for (const [name, was, is] of both(all(before, "plans"), all(after, "plans"))) {
    for (const limit of shared) {
      const value = (plan: Item): number => plan[limit] ?? limits[limit];
      if (value(is) > value(was))
        yield { of: "promise", what: `accounts of plan ${name} take more ${limit} from others` };
    }
  }
  for (const [name, was, is] of both(all(before, "hosts"), all(after, "hosts"))) {
    for (const key of ["cores", "memoryMb", "diskGb"]) {
      if (was.serial === is.serial && is.capacity[key] > was.capacity[key])
        yield { of: "promise", what: `${name} has more ${key} on paper` };
    }
  }
}

/** Accounts with fewer hosts that stand than they had, or with one more that does not; new ones with one that does not. */
function* leftToLost(before: Files, after: Files): Generator<Loss> {
  const lostIn = (files: Files) => new Set(all(files, "hosts").flatMap(({ name, lost }) => (lost ? [name] : [])));
  const [old, now] = [lostIn(before), lostIn(after)];
  const was = named(all(before, "accounts"), "number");
  for (const name of new Set([...old, ...now]))
    if (old.has(name) !== now.has(name)) yield { of: "trust", what: `${name} is lost or back` };
  for (const account of all(after, "accounts")) {
    for (const key of ["host", "standby"]) {
      const name = account[key];
      const same = was.get(account.number)?.[key] === name && old.has(name);
      if (now.has(name) && !same) yield { of: "redundancy", what: `${key} of ${account.number} is lost` };
    }
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
  for (const [name, was, is] of both(network.operators, nextNetwork.operators)) {
    const left = new Map<string, Item>((is.sessions ?? []).map((each: Item) => [each.router + each.address, each]));
    for (const { router, address, bfd } of was.sessions ?? []) {
      const same = left.get(router + address);
      if (same === undefined) yield lost(`a session with ${name} less`);
      else if (bfd && !same.bfd) yield lost(`a session with ${name} without BFD`);
    }
  }
  for (const list of ["operators", "routers"]) {
    for (const [name, was, is] of both(network[list], nextNetwork[list]))
      if (!was.gracefulShutdown && is.gracefulShutdown) yield lost(`traffic leaves ${name}`);
  }
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
