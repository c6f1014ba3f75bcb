import type { Fleet } from "../../../components/registry/files.generated.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import { count } from "../../../lib/text/text.ts";
import type { Finding } from "../../rule.ts";

/** A host that only goes from one cell to another, as far as cells are concerned. */
export interface CarriedHost {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  /** How many accounts it has. */
  readonly accounts: number;
}

/** Hosts that both fleets have, in different cells. @param cell only those that come into it or leave it */
export function carriedHosts(before: Fleet | undefined, after: Fleet, cell: string | undefined): CarriedHost[] {
  const cells = new Map(before?.hosts.map((host) => [host.name, host.cell]));
  return after.hosts.flatMap(({ name, cell: to }) => {
    const from = cells.get(name);
    if (from === undefined || from === to || (cell !== undefined && cell !== from && cell !== to)) return [];
    return [{ name, from, to, accounts: after.accounts.filter(({ host }) => host === name).length }];
  });
}

/**
 * Hosts that a stack has and gives up only because the inventory has them in another cell. A stack does not know the cells of others, so
 * of a host that comes nothing shows where from.
 */
export function carriedAway(before: Declaration, after: Declaration, whole: Declaration): CarriedHost[] {
  const stay = new Set(after.hosts.map(({ name }) => name));
  const cells = new Map(whole.hosts.map(({ name, cell }) => [name, cell]));
  return before.hosts.flatMap(({ name, cell: from }) => {
    const to = cells.get(name);
    if (stay.has(name) || to === undefined || to === from) return [];
    return [{ name, from, to, accounts: before.accounts.filter(({ host }) => host === name).length }];
  });
}

/**
 * A fleet whose carried hosts are in the same cell on both sides: the one under review, so that whatever else changes on them shows there,
 * or the one that they come from. For comparing only: that they are carried is a finding of its own ({@link carriedFinding}), and the
 * rules judge the cells as they will be.
 */
export function staying(fleet: Fleet, carried: readonly CarriedHost[], cell: string | undefined): Fleet {
  if (carried.length === 0) return fleet;
  const cells = new Map(carried.map(({ name, from }) => [name, cell ?? from]));
  return { ...fleet, hosts: fleet.hosts.map((host) => ({ ...host, cell: cells.get(host.name) ?? host.cell })) };
}

/** What carrying a host needs: to a stack, the host that goes is deleted and the host that comes is new. */
export function carriedFinding({ name, from, to, accounts }: CarriedHost): Finding & { readonly rule: string } {
  return {
    rule: "moves-planned",
    subject: subject.host({ name }, "cell"),
    message: `Moves host ${name}, with ${count(accounts, "account")} on it, from cell ${from} to cell ${to}. The stack of ${from} would delete its delivery; the stack of ${to} would make it a new master secret. First move its resources from stack to stack (\`pulumi state move\`).`,
    approval: { action: "move", resource: `cell ${to}/${name}` },
  };
}
