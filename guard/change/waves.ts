import type { Change } from "../../components/registry/change.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Limits } from "../../components/review/limits.file.ts";
import { type HostChange, touchesHost, touchesResidents } from "./effects/host-change.ts";

/** One of the updates into which a change is split. */
export interface Wave {
  /** Hosts it touches, sorted. */
  readonly hosts: readonly string[];
  /** Accounts it touches: those whose files change, and all of a host whose own files change. */
  readonly accounts: number;
  /** Per cent of the fleet's cores on hosts whose own files change. */
  readonly capacityPercent: number;
  /** It exceeds the limits and cannot be split further. */
  readonly overLimit: boolean;
}

/** Hosts that must be updated together, and the accounts that this touches. */
interface Unit {
  readonly hosts: readonly string[];
  /** Hosts whose own files change. */
  readonly own: readonly string[];
  readonly accounts: number;
  readonly cores: number;
}

/**
 * Splits a change into updates within the limits. Hosts between which an account moves stay together: otherwise the account would be
 * announced twice, or nowhere, in between. A host and the standby of its accounts never change their own files in the same update, and
 * with several waves no wave has all hosts of one role at a site.
 * The first wave is the smallest, so that a fault shows there first.
 */
export function splitIntoWaves(
  hosts: readonly HostChange[],
  accountChanges: readonly Change<"accounts">[],
  after: Declaration,
  limits: Limits,
): Wave[] {
  const units = coupled(hosts, accountChanges).map((group) => unitOf(group, after));
  const fleetCores = after.hosts.reduce((sum, { capacity }) => sum + capacity.cores, 0) || 1;
  const apart = standbys(after);
  const purposes = Object.values(Object.groupBy(after.hosts, ({ site, role }) => `${site} ${role}`))
    .map((group) => group!.map(({ name }) => name))
    .filter((group) => group.length > 1);
  const isWhole = ({ own }: Unit): boolean =>
    limits.deployment === "in-waves" && purposes.some((group) => group.every((host) => own.includes(host)));
  const waves: Unit[] = [];
  const fits = (unit: Unit): boolean =>
    unit.own.length <= limits.hosts && unit.accounts <= limits.accounts && percent(unit) <= limits.capacityPercent;
  const percent = (unit: Unit): number => (unit.own.length <= 1 ? 0 : (100 * unit.cores) / fleetCores);
  for (const unit of units.sort((a, b) => a.own.length - b.own.length || a.accounts - b.accounts)) {
    const index = waves.findIndex(
      (wave) =>
        fits(joined(wave, unit)) &&
        !isWhole(joined(wave, unit)) &&
        !wave.own.some((host) => unit.own.some((other) => apart.get(host)?.has(other))),
    );
    if (index >= 0) waves[index] = joined(waves[index]!, unit);
    else waves.push(unit);
  }
  return waves.map((unit) => ({
    hosts: unit.hosts.toSorted(),
    accounts: unit.accounts,
    capacityPercent: Math.round((100 * unit.cores) / fleetCores),
    overLimit: !fits(unit),
  }));
}

function joined(left: Unit, right: Unit): Unit {
  return {
    hosts: [...left.hosts, ...right.hosts],
    own: [...left.own, ...right.own],
    accounts: left.accounts + right.accounts,
    cores: left.cores + right.cores,
  };
}

/** Groups of hosts: hosts between which an account moves are in one group. */
function coupled(hosts: readonly HostChange[], accountChanges: readonly Change<"accounts">[]): HostChange[][] {
  const leader = new Map(hosts.map(({ host }) => [host, host]));
  const find = (host: string): string => {
    const next = leader.get(host) ?? host;
    return next === host ? host : find(next);
  };
  for (const { before, after } of accountChanges) {
    if (before && after && before.host !== after.host) leader.set(find(before.host), find(after.host));
  }
  return [...Map.groupBy(hosts, ({ host }) => find(host)).values()];
}

function unitOf(group: readonly HostChange[], { accounts, hosts }: Declaration): Unit {
  const own = group.filter(touchesHost).map(({ host }) => host);
  const cores = hosts.filter(({ name }) => own.includes(name)).reduce((sum, { capacity }) => sum + capacity.cores, 0);
  const touched = group.map((change) =>
    touchesResidents(change)
      ? Math.max(accounts.filter(({ host }) => host === change.host).length, accountsOf(change))
      : accountsOf(change),
  );
  return { hosts: group.map(({ host }) => host), own, accounts: touched.reduce((sum, count) => sum + count, 0), cores };
}

function accountsOf({ groups }: HostChange): number {
  return groups.filter(({ group }) => group !== "host").length;
}

/** For each host, its standbys and the hosts whose standby it is. */
function standbys({ accounts }: Declaration): Map<string, Set<string>> {
  const apart = new Map<string, Set<string>>();
  const add = (from: string, to: string) => apart.set(from, (apart.get(from) ?? new Set()).add(to));
  for (const { host, standby } of accounts) {
    if (standby === undefined) continue;
    add(host, standby);
    add(standby, host);
  }
  return apart;
}
