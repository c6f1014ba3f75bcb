import {
  type AccountSource,
  type Declaring,
  deliversToRouters,
  type Held,
  identity,
} from "../../components/declaring.ts";
import { isWaivable } from "../../components/registry/fields/schema-walk.ts";
import type { Fleet } from "../../components/registry/files.generated.ts";
import type { Element, Key, KindName } from "../../components/registry/kind.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { allKinds, elementName, nothingDeclared } from "../../components/registry/subject.ts";
import { byKey, found, sortBy } from "../../lib/lists.ts";

/** Options of {@link declare}: the part of the fleet to declare, and the content of its stack. */
export interface DeclareOptions {
  /**
   * Only the hosts of this cell and their accounts; default all. Routers are reached by one stack: where hosts are in several cells, by that of
   * the cell `routers`.
   */
  readonly cell?: string;
  /** Content of the stack after its last run; the part that no list of the fleet contains is declared as vanished. */
  readonly held?: readonly Held[];
}

/**
 * Declares a fleet. Pure, takes milliseconds, and does not depend on the order of the fleet's lists.
 * @throws {RangeError} for an account that {@link loadFleet} would have refused: unknown host, site or plan, a number given
 *   twice, taken by a tombstone, or too large for its site
 */
export function declare(fleet: Fleet, { cell, held = [] }: DeclareOptions = {}): Declaration {
  refuseTakenNumbers(fleet);
  const declaration = declareAll(sourceOf(fleet, cell), fleet.waivers);
  if (held.length === 0) return declaration;
  const whole = cell === undefined ? declaration : declareAll(sourceOf(fleet, undefined), []);
  const vanished = vanishedFrom(held, whole);
  return { ...declaration, registers: declaration.registers.map((register) => ({ ...register, vanished })) };
}

function declareAll(from: Declaring, waivers: Fleet["waivers"]): Declaration {
  const waiversOf = Map.groupBy(waivers, ({ resource }) => resource);
  const declared = allKinds.map((kind): [Key, readonly Element[]] => {
    const elements: readonly Element[] = kind.declare(from);
    if (waiversOf.size === 0 || !isWaivable(kind)) return [kind.key, elements];
    return [kind.key, elements.map((element) => withWaivers(kind.name, kind.key, element, waiversOf))];
  });
  return { ...nothingDeclared, ...Object.fromEntries(declared) };
}

/** An element with its waivers, in the order of the file. */
function withWaivers(
  name: KindName,
  key: Key,
  element: Element,
  waiversOf: ReadonlyMap<string, Fleet["waivers"]>,
): Element {
  const own = waiversOf.get(`${name} ${elementName(key, element as never)}`);
  if (own === undefined) return element;
  const waivers = own.map(({ rule, path, owner, reason, expires }) => {
    return { rule, ...(path !== undefined && { path }), owner, reason, expires };
  });
  return { ...element, waivers } as Element;
}

/** A fleet, or one cell's part of it, with references looked up once for all kinds. */
function sourceOf(fleet: Fleet, cell: string | undefined): Declaring {
  const hosts = sortBy(
    fleet.hosts.filter((host) => cell === undefined || host.cell === cell),
    ({ name }) => name,
  );
  const sites = byKey(
    sortBy(fleet.sites, ({ name }) => name),
    ({ name }) => name,
  );
  const [hostByName, planByName] = [byKey(hosts, ({ name }) => name), byKey(fleet.plans, ({ name }) => name)];
  const elsewhere = new Set(fleet.hosts.filter(({ name }) => !hostByName.has(name)).map(({ name }) => name));
  const accounts = sortBy(fleet.accounts, ({ number }) => number)
    .filter(({ host }) => !elsewhere.has(host))
    .map((account): AccountSource => {
      const host = found(hostByName, account.host, `host of account ${account.number}`);
      const site = found(sites, host.site, `site of host ${host.name}`);
      const plan = found(planByName, account.plan, `plan of account ${account.number}`);
      return { account, site, plan, own: identity(account.number, site, fleet.network.uidBase) };
    });
  const sorted = { ...fleet, sites: [...sites.values()], plans: sortBy(fleet.plans, ({ name }) => name) };
  if (!deliversToRouters(fleet.hosts, cell)) {
    const routers = fleet.network.routers.map(({ ssh: _, ...router }) => router);
    return { fleet: { ...sorted, network: { ...fleet.network, routers } }, hosts, accounts, sites };
  }
  return { fleet: sorted, hosts, accounts, sites };
}

function refuseTakenNumbers({ accounts, tombstones }: Fleet): void {
  const taken = new Set(tombstones.map((tombstone) => tombstone.number));
  for (const { number, name } of accounts) {
    if (taken.has(number)) {
      throw new RangeError(`account number ${number} of ${name} is taken: use the next number that was never used`);
    }
    taken.add(number);
  }
}

/** Content of a stack that was deployed from a declaration: only kinds whose loss is judged. */
export function heldBy(declaration: Declaration): Held[] {
  return allKinds
    .filter(({ retired }) => retired !== "freely")
    .flatMap(({ key, name }) =>
      declaration[key].map((element): Held => {
        const protect = "protect" in element ? element.protect : true;
        return { kind: name, name: elementName(key, element as never), protect };
      }),
    );
}

/** The part of a stack that is neither in the fleet nor listed as deleted or retired. */
function vanishedFrom(held: readonly Held[], whole: Declaration): Held[] {
  const known = new Set([
    ...heldBy(whole).map(({ kind, name }) => `${kind} ${name}`),
    ...whole.registers.flatMap(({ tombstones, retired }) => [
      ...tombstones.map((number) => `account ${number}`),
      ...retired,
    ]),
  ]);
  return sortBy(
    held.filter(({ kind, name }) => !known.has(`${kind} ${name}`)),
    ({ kind, name }) => `${kind} ${name}`,
  ).map(({ kind, name, protect }) => ({ kind, name, protect }));
}
