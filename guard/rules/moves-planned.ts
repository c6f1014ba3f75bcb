import { namesAbove, namesOf, wildcardOf } from "../../components/http/web-site/web-address.ts";
import { type Change, touches } from "../../components/registry/change.ts";
import { standsInRack } from "../../components/registry/fields/schema-walk.ts";
import type { Declaration, HttpServerInputs } from "../../components/registry/kinds.generated.ts";
import { allKinds, nameOf, subject } from "../../components/registry/subject.ts";
import { byKey } from "../../lib/lists.ts";
import { lazy } from "../../lib/once.ts";
import type { Side } from "../change/side.ts";
import type { Finding, GuardRule } from "../rule.ts";

const inRacks = allKinds.filter(standsInRack).map(({ key }) => key);

/** Moves to another host, rack or account. */
export const movesPlanned: GuardRule = {
  name: "moves-planned",
  theme: "data",
  description: "An account, a host or a device moves, and a host name goes to another account, only with approval.",
  reason:
    "An account is down while the last of its data is copied, a device is offline while it is moved, and a host name given to the wrong account shows visitors the wrong web site.",
  fix: "Tell the people affected, and add an approval to approvals.yaml; copy the data of a suspended account first.",
  *find({ changes, before, after }) {
    const between = lazy(() => betweenCells(before, after));
    for (const change of changes.accounts) {
      const carried = between().get((change.after ?? change.before).number);
      if (carried && (change.op !== "update" || change.before.host !== change.after.host)) {
        yield carried;
        continue;
      }
      if (change.op !== "update" || change.before.host === change.after.host) continue;
      const { number, name, host } = change.after;
      const isSuspended = change.before.suspended !== undefined || change.after.suspended !== undefined;
      const isLost = after.declaration.hosts.some(
        (each) => each.name === change.before.host && each.lost !== undefined,
      );
      const data = isLost
        ? isSuspended
          ? "that host is lost, and the account is suspended, so its data is not restored"
          : `that host is lost, so \`guard deploy\` restores its newest backup; what came later is lost`
        : isSuspended
          ? "it is suspended, so its data is not copied"
          : "`guard deploy` copies its data and stops it for the last part, `pulumi up` copies nothing";
      yield {
        subject: subject.account(change.after, "host"),
        message: `Moves account ${number} (${name}) from ${change.before.host} to ${host}; ${data}.`,
        approval: { action: "move", resource: `account ${number}` },
      };
    }
    for (const kind of inRacks) {
      for (const change of changes[kind] as readonly Change[]) {
        if (change.op !== "update" || !touches(change, "site", "hall", "rack")) continue;
        const { subject: about, before: was, after: is } = change;
        yield {
          subject: about,
          message: `Moves ${nameOf(about)} from ${rackOf(was)} to ${rackOf(is)}.`,
          approval: { action: "move", resource: `${about.kind} ${about.name}` },
        };
      }
    }
    yield* names(before.declaration.httpServers, after.declaration.httpServers);
    yield* namesOfDeleted(changes.accounts, before.declaration, after.declaration);
  },
};

/** Accounts that go to a host of another cell: to the stacks of both cells, one account is deleted and one is new. */
function betweenCells(before: Side, after: Side): ReadonlyMap<number, Finding> {
  const [had, has] = [before, after].map(({ declaration, whole = declaration }) => whole) as [Declaration, Declaration];
  const cells = (of: Declaration) => new Map(of.hosts.map(({ name, cell }) => [name, cell]));
  const [was, is] = [cells(had), cells(has)];
  const accounts = byKey(had.accounts, ({ number }) => number);
  return new Map(
    has.accounts.flatMap((account): [number, Finding][] => {
      const { number, name, host } = account;
      const old = accounts.get(number)?.host;
      // What is in another cell now because its host was carried there stays where it is.
      if (old === undefined || old === host || was.get(old) === is.get(host)) return [];
      const [from, to] = [was.get(old), is.get(host)];
      const message = `Moves account ${number} (${name}) from ${old} in cell ${from} to ${host} in cell ${to}. No deploy copies data between cells: the stack of ${from} would delete the account, and the stack of ${to} would begin it empty. Choose a host in cell ${from}, or restore its backup there by hand.`;
      const approval = { action: "move", resource: `account ${number}` } as const;
      return [[number, { subject: subject.account(account, "host"), message, approval }]];
    }),
  );
}

type Servers = readonly HttpServerInputs[];

/**
 * Host names that an account has from now on and that lead into what another one had: the name itself, a wildcard over it, or a name
 * above or below it, which shares its cookies (RFC 6265, section 5.3).
 */
function* names(before: Servers, after: Servers): Generator<Finding> {
  const owners = new Map<string, number>();
  for (const server of before) for (const name of namesOf(server)) owners.set(name, server.account);
  // Most changes give nobody a new name.
  const below = lazy(() =>
    Map.groupBy(
      [...owners.keys()].flatMap((name) => namesAbove(name).map((parent) => ({ parent, name }))),
      ({ parent }) => parent,
    ),
  );
  const told = new Set<string>();
  for (const server of after) {
    for (const hostname of namesOf(server)) {
      if (owners.get(hostname) === server.account || told.has(hostname)) continue;
      const of = (name: string | undefined) => {
        const owner = name === undefined ? undefined : owners.get(name);
        return owner !== undefined && owner !== server.account;
      };
      const inner = below()
        .get(hostname.replace(/^\*\./, ""))
        ?.find(({ name }) => of(name))?.name;
      const taken = [
        hostname,
        wildcardOf(hostname),
        ...namesAbove(hostname).flatMap((name) => [name, `*.${name}`]),
        inner,
      ].find(of);
      if (taken === undefined) continue;
      told.add(hostname);
      const [from, to] = [owners.get(taken), server.account];
      yield {
        subject: subject.httpServer(server, server.hostnames.includes(hostname) ? "hostnames" : "addresses"),
        message: message(hostname, taken, `from account ${from} to account ${to}`, `account ${to}`, `account ${from}`),
        approval: { action: "hand-over", resource: `hostname ${hostname}` },
      };
    }
  }
}

/** Host names below the platform's domain that a deleted account had: they follow from an account's name. */
function* namesOfDeleted(
  accounts: readonly Change<"accounts">[],
  { registers, httpServers }: Declaration,
  { networks: [network] }: Declaration,
): Generator<Finding> {
  if (network?.platformDomain === undefined) return;
  const deleted = new Set(registers.flatMap((register) => register.deletedNames ?? []));
  const known = lazy(() => new Set(httpServers.flatMap(namesOf)));
  for (const { before, after } of accounts) {
    if (after === undefined || before?.name === after.name || !deleted.has(after.name)) continue;
    const hostname = `${after.name}.${network.platformDomain}`;
    // Then it is told as any other that moves.
    if (known().has(hostname)) continue;
    yield {
      subject: subject.account(after, "name"),
      message: `Gives account ${after.number} host name ${hostname}, which a deleted account had.`,
      approval: { action: "hand-over", resource: `hostname ${hostname}` },
    };
  }
}

function message(name: string, taken: string, moves: string, to: string, from: string): string {
  if (taken === name) return `Moves host name ${name} ${moves}.`;
  if (taken === wildcardOf(name)) return `Moves host name ${name} (of ${taken}) ${moves}.`;
  if (name === wildcardOf(taken)) return `Moves host name ${name} (with ${taken}) ${moves}.`;
  return `Gives ${to} host name ${name}, ${namesAbove(name).includes(taken.replace(/^\*\./, "")) ? "below" : "above"} ${taken} of ${from}.`;
}

function rackOf(element: object): string {
  const { site, hall, rack } = element as { readonly site: string; readonly hall: string; readonly rack: string };
  return `${rack} of ${hall} at ${site}`;
}
