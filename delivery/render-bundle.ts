import { isDeepStrictEqual } from "node:util";
import { folderOf } from "../components/registry/bundle/bundle-folder.ts";
import { bundleFolders } from "../components/registry/bundle/bundle-folders.generated.ts";
import type { Part, WholeAccount } from "../components/registry/bundle/renderer.ts";
import { renderers } from "../components/registry/bundle/renderers.generated.ts";
import type { Element, Key } from "../components/registry/kind.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds, elementName } from "../components/registry/subject.ts";
import { inOrder } from "../lib/in-order.ts";
import { sortBy } from "../lib/lists.ts";
import { once, onceByName } from "../lib/once.ts";
import { isTemplate } from "../lib/systemd/unit-name.ts";
import type { Bundle, BundleAccount, BundleFile, BundleGroup, BundleUnit, Group } from "./protocol/bundle.ts";
import { sealBundle, sealGroup } from "./protocol/digest.ts";

/**
 * Accounts by number, and the part of each that is rendered: `whole`, or only what follows from these of its elements ({@link partName}).
 * The host's part is always rendered as a whole.
 */
export type Extract = ReadonlyMap<number, "whole" | ReadonlySet<string>>;

/** What was rendered of whole accounts, by number: who compares two declarations hands it to both, since a move changes nothing of what an account has. */
export type Rendered = Map<number, { readonly of: WholeAccount; readonly group: BundleGroup }>;

/** An element of an account in an extract. */
export function partName(kind: Key, name: string): string {
  return `${kind} ${name}`;
}

/**
 * Whether elements of a kind may be rendered one by one: what follows from all elements together is in every extract. Not so a kind of
 * which only that follows: units of other kinds can depend on it, as all do on the mounts of databases.
 */
export const rendersAlone: (kind: Key) => boolean = onceByName((kind) => {
  const own = renderers.filter(({ key }) => key === kind);
  return own.some(({ ofElement }) => ofElement) && !own.some(({ ofAccount }) => ofAccount);
});

/**
 * Every file and unit that one host must have, from the declaration: pure, linear in its accounts, independent of the order of the
 * declaration's lists.
 * @param only an extract, if the caller compares two declarations and knows that the rest is the same in both
 * @param rendered whole accounts that were rendered before; those of this host are added
 * @throws {RangeError} for a host, address or front end that is not declared, or for text that must not be in a configuration
 *   (the inventory's schemas refuse both with file and line)
 */
export function renderBundle(declaration: Declaration, name: string, only?: Extract, rendered?: Rendered): Bundle {
  const host = declaration.hosts.find((entry) => entry.name === name);
  if (!host) throw new RangeError(`host ${name} is not declared`);
  const on = { declaration, host };
  const context = { ...on, openPorts: renderers.flatMap(({ opens }) => opens?.(on) ?? []), ownPorts };
  const groups: Partial<Record<Group, BundleGroup>> = {
    host: assemble(renderers.flatMap(({ ofHost }) => ofHost?.(context) ?? [])),
  };
  const { on: accounts, whole } = byHost(declaration);
  for (const account of accounts.get(name) ?? []) {
    const part = only ? only.get(account.number) : "whole";
    if (part === undefined) continue;
    const group =
      part === "whole" && rendered ? renderOnce(whole(account), rendered) : renderAccountGroup(whole(account), part);
    groups[`account-${account.number}`] = group;
  }
  for (const account of host.role === "backup" ? (bySite(declaration).get(host.site) ?? []) : []) {
    if (only && !only.has(account.number)) continue;
    groups[`account-${account.number}`] = keptGroup(account);
  }
  return sealBundle(name, groups);
}

const ownPorts = renderers.flatMap(({ opensForSome }) => opensForSome ?? []);

/** Accounts by the site that their backups go to. Every backup host of the site has all of them: which one is used, the account's host chooses. */
const bySite = once(({ accounts }: Declaration) =>
  Map.groupBy(
    sortBy(
      accounts.filter(({ backup }) => backup),
      ({ number }) => number,
    ),
    ({ backup }) => backup!.site,
  ),
);

/** What every backup host of the site has of an account: rendered once for all of them. */
const keptGroup = once((account: Element<"accounts">) => assemble(ofKept.map((render) => render(account))));
const ofKept = renderers.flatMap((renderer) => renderer.ofKept ?? []);

/**
 * The accounts of each host, and an account with its elements. Computed once for all hosts, so that not every host goes through the whole fleet;
 * most changes ask for few accounts.
 */
const byHost = once((declaration: Declaration) => {
  const own = allKinds
    .filter(({ accountOf }) => accountOf)
    .map(({ key, accountOf }) => {
      const elements = declaration[key] as readonly Element[];
      return [key, Map.groupBy(elements, (element) => accountOf!(element as never))] as const;
    });
  const none = Object.fromEntries(allKinds.map(({ key }) => [key, []]));
  const addresses = new Map(
    declaration.addresses.map((address) => [`${address.account} ${address.host}`, address] as const).reverse(),
  );
  const addressOf = (account: Element<"accounts">) =>
    addresses.get(`${account.number} ${account.host}`) ?? missing(account);
  const accounts = sortBy(declaration.accounts, ({ number }) => number);
  accounts.forEach(addressOf);
  const whole = (account: Element<"accounts">): WholeAccount => {
    const lists: Record<string, readonly Element[]> = { ...none };
    for (const [key, of] of own) {
      const some = of.get(account.number);
      if (some) lists[key] = some.length > 1 ? sortBy(some, orderOf(key)) : some;
    }
    const elements = lists as unknown as WholeAccount["own"];
    const opens = ownPorts.flatMap(({ name, of }) => (of(elements) ? name : []));
    return { account, own: elements, address: addressOf(account), opens };
  };
  return { on: Map.groupBy(accounts, ({ host }) => host), whole };
});

/** By number if the kind has one, else by name. */
function orderOf(key: Key): (element: Element) => string | number {
  return (element) => ("number" in element ? element.number : elementName(key, element as never));
}

function missing({ number, host }: Element<"accounts">): never {
  throw new RangeError(`account ${number} has no address on ${host}`);
}

/**
 * The renderers of accounts' files, by what each is called with: a fleet has thousands of accounts, and most of them have elements of few
 * kinds.
 */
const ofAccounts = [true, false].map((suspended) => {
  const all = renderers.filter(({ whileSuspended }) => !suspended || whileSuspended);
  return {
    account: all.flatMap(({ ofAccount }) => ofAccount ?? []),
    elements: all.flatMap(({ ofElements }) => ofElements ?? []),
    element: all.flatMap(({ key, ofElement }) => (ofElement ? { key, ofElement } : [])),
  };
});

/** The group of a whole account, not rendered again if nothing of it differs but its host. */
function renderOnce(whole: WholeAccount, rendered: Rendered): BundleGroup {
  const known = rendered.get(whole.account.number);
  if (known && sameButHost(known.of, whole)) return known.group;
  const group = renderAccountGroup(whole, "whole");
  rendered.set(whole.account.number, { of: whole, group });
  return group;
}

/** Whether all that renderers of accounts see is the same: their elements are {@link Hostless}. */
function sameButHost(one: WholeAccount, other: WholeAccount): boolean {
  if (!sameElement(one.account, other.account) || !sameElement(one.address, other.address)) return false;
  return allKinds.every(({ key }) => {
    const [was, is] = [one.own[key], other.own[key]];
    return was.length === is.length && was.every((element, index) => sameElement(element, is[index]!));
  });
}

function sameElement(one: object, other: object): boolean {
  const members = Object.keys(one);
  return (
    members.length === Object.keys(other).length &&
    members.every((name) => {
      const [was, is]: unknown[] = [Reflect.get(one, name), Reflect.get(other, name)];
      return was === is || name === "host" || isDeepStrictEqual(was, is);
    })
  );
}

function renderAccountGroup(context: WholeAccount, part: "whole" | ReadonlySet<string>): BundleGroup {
  const of = ofAccounts[context.account.suspended ? 0 : 1]!;
  const parts: Part[] = of.elements.map((render) => render(context));
  if (part === "whole") for (const render of of.account) parts.push(render(context));
  for (const { key, ofElement } of of.element) {
    const elements = context.own[key] as readonly Element[];
    if (elements.length === 0) continue;
    for (const element of elements) {
      const asked = part === "whole" || part.has(partName(key, elementName(key, element as never)));
      if (asked) parts.push(ofElement(element as never, context));
    }
  }
  const group = assemble(parts);
  const [runs] = context.account.suspended ? group.units : [];
  if (runs) throw new RangeError(`${runs.name} would run while account ${context.account.number} is suspended`);
  return group;
}

/** Assembles one group from its parts, sorted by path and name. */
function assemble(parts: readonly Part[]): BundleGroup {
  const files: BundleFile[] = [];
  const units: BundleUnit[] = [];
  let account: BundleAccount | undefined;
  for (const part of parts) {
    files.push(...part.files);
    if (part.units) units.push(...part.units);
    account ??= part.account;
  }
  const sorted = inOrder(files, ({ path }) => path);
  // Most paths are in the folder of the one before.
  let last: string | undefined;
  const stray = sorted.find(({ path }) => {
    if (last !== undefined && path[last.length] === "/" && path.startsWith(last)) return false;
    last = folderOf(path, bundleFolders)?.name;
    return last === undefined;
  });
  if (stray) throw new RangeError(`${stray.path} is not in a registered folder: declare the folder in a *.host.ts`);
  const template = units.find(({ name, want }) => want === "start" && isTemplate(name));
  if (template) throw new RangeError(`${template.name} is a template, which cannot be started: want must be on-demand`);
  return sealGroup({ files: sorted, units: inOrder(units, ({ name }) => name), ...(account && { account }) });
}
