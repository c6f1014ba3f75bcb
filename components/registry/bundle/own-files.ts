import { once } from "../../../lib/once.ts";
import { whole } from "../../../lib/text/whole.ts";
import { addressInside, boundRule } from "../../account-network/links.ts";
import { filterLines } from "../../firewall/account-rules.ts";
import { namesOf } from "../../http/web-site/web-address.ts";
import { limitNames, limitOf } from "../../plan/each-limit.ts";
import type { Element } from "../kind.ts";
import type { Declaration } from "../kinds.generated.ts";
import { type BundleFolder, folderOf, type OwnFile } from "./bundle-folder.ts";
import { bundleFolders } from "./bundle-folders.generated.ts";
import { changeBetween, type TextChange } from "./text-change.ts";

/** An account with what the declaration gives it. */
export interface Owner {
  readonly account: Element<"accounts">;
  readonly addresses: readonly Element<"addresses">[];
  readonly servers: readonly Element<"httpServers">[];
  readonly services: readonly Element<"services">[];
}

const shared = (bundleFolders as readonly BundleFolder[]).flatMap(({ name, inSandboxes }) =>
  inSandboxes === undefined ? [] : [{ name, inSandboxes }],
);

/** What an account has, by the names that patterns of files use for it. */
const parts: Readonly<Record<string, (owner: Owner) => number | string | readonly string[]>> = {
  number: ({ account }) => account.number,
  /** That of its home too. */
  name: ({ account }) => account.name,
  user: ({ account }) => account.user,
  /** Also of its group. */
  uid: ({ account }) => account.uid,
  host: ({ account }) => account.host,
  standby: ({ account }) => account.standby ?? [],
  backupSite: ({ account: { backup } }) => backup?.site ?? [],
  /** Days that its backups are kept. */
  retention: ({ account: { backup } }) => backup?.retentionDays ?? [],
  /** Days after which a proof of them is too old. */
  proof: ({ account: { backup } }) => backup?.proofDays ?? [],
  /** What it gets back from a backup. */
  restore: ({ account: { number, restore } }) =>
    restore === undefined
      ? []
      : JSON.stringify({ account: number, id: restore.id, snapshot: restore.snapshot, what: restore.what }),
  prefix: ({ addresses }) => addresses.map(({ prefix }) => prefix),
  address: ({ addresses }) => addresses.map(({ address }) => address),
  /** Its addresses in its own network. */
  inside: ({ addresses }) => addresses.map(({ prefix }) => addressInside(prefix)),
  /** Those of services. */
  port: ({ services }) => services.flatMap(({ port }) => (port === undefined ? [] : [`${port}`])),
  /** Those of addresses with a path too: a name belongs to one account, with all below it. */
  hostname: ({ servers }) => servers.flatMap(namesOf),
  /** Folders with files for the sandboxes of all accounts. */
  sharedFolder: () => shared.map(({ name }) => name),
  /** Where these are mounted. */
  place: () => shared.map(({ inSandboxes }) => inSandboxes),
  /** Directives of its limits: `MemoryMax=512M`. */
  limit: ({ account: { limits } }) =>
    limitNames.flatMap((name) => {
      const { slice, service } = limitOf(name);
      return [slice?.(limits[name]), service?.(limits[name])].flatMap((directive) => directive?.join("=") ?? []);
    }),
  /** Rules of its own firewall. */
  filter: ({ account: { firewall } }) => filterLines(firewall, "in", "out"),
  /** Rules of the firewall about its connections. */
  bound: ({ account: { limits } }) =>
    limitNames.flatMap((name) => {
      const { bound } = limitOf(name);
      return bound === undefined ? [] : [boundRule(bound, limits[name])];
    }),
};

/** What parts are taken from that are not of the account itself. */
const sources: Readonly<Record<string, Source>> = {
  prefix: "addresses",
  address: "addresses",
  inside: "addresses",
  port: "services",
  hostname: "servers",
};

/** What an account has, by its number; undefined if it is not declared. */
export function ownerOf(declaration: Declaration, number: number): Owner | undefined {
  return byNumber(declaration).get(number);
}

const byNumber = once(({ accounts, addresses, httpServers, services }: Declaration): ReadonlyMap<number, Owner> => {
  const [ofAddresses, ofServers, ofServices] = [
    Map.groupBy(addresses, ({ account }) => account),
    Map.groupBy(httpServers, ({ account }) => account),
    Map.groupBy(services, ({ account }) => account),
  ];
  const owners = accounts.map((account): [number, Owner] => {
    const { number } = account;
    const lists = { servers: ofServers.get(number) ?? [], services: ofServices.get(number) ?? [] };
    return [number, { account, addresses: ofAddresses.get(number) ?? [], ...lists }];
  });
  return new Map(owners);
});

/** What {@link parts} are taken from, each from one of these alone. */
export type Source = keyof Owner;

/**
 * Names of the {@link parts} in which two owners differ; all of them if one is not declared.
 * @param mayDiffer whether it may differ between the two; a part of what is the same in both is not compared
 */
export function otherParts(
  one: Owner | undefined,
  other: Owner | undefined,
  mayDiffer: (source: Source) => boolean = () => true,
): ReadonlySet<string> {
  if (one === undefined || other === undefined) return one === other ? none : all;
  const names = new Set<string>();
  for (const [source, some] of compared) {
    if (!mayDiffer(source)) continue;
    for (const [name, part] of some) if (!samePart(part(one), part(other))) names.add(name);
  }
  if (names.has("prefix")) names.add("inside");
  const [limits, others] = [one.account.limits, other.account.limits];
  return limitNames.every((name) => limits[name] === others[name]) ? names : names.add("limit").add("bound");
}

const none: ReadonlySet<string> = new Set();
const all: ReadonlySet<string> = new Set(Object.keys(parts));

/** All but what takes long to compute and follows from limits and prefixes, which are compared, and what is the same for all. */
const compared = Map.groupBy(
  Object.entries(parts).filter(([name]) => !["limit", "bound", "inside", "sharedFolder", "place"].includes(name)),
  ([name]) => sources[name] ?? "account",
);

function samePart(one: number | string | readonly string[], other: number | string | readonly string[]): boolean {
  if (typeof one !== "object" || typeof other !== "object") return one === other;
  return one.length === other.length && one.every((text, index) => text === other[index]);
}

/** A file as it was, for an account that may have been another. */
interface Previous {
  readonly text: string;
  /** In what the owner of then differs: {@link otherParts}. */
  readonly others: ReadonlySet<string>;
}

/**
 * What in a file is not an account's own, in words; undefined if all of it is.
 * @param text content of the file, `-> <target>` for a symlink, or `undefined` if it goes while the account stays
 * @param owner the account as it is declared on the side that has the file
 * @param before the file as it was: its lines are nothing new, unless they may say what the owner has otherwise now
 */
export function notOwn(
  path: string,
  text: string | undefined,
  owner: Owner,
  folders: readonly BundleFolder[],
  before?: Previous,
): string | undefined {
  const folder = folderOf(path, folders);
  const forms = mayFit(path, folder);
  const inside = insideOf(path, folder);
  if (text === undefined) {
    const own = forms.filter(({ path }) => fits(path, inside, owner));
    if (own.length === 0) return notOfAccount;
    return own.some(({ stays }) => stays) ? "the account stays" : undefined;
  }
  // Of two forms, the one that the file follows further.
  let most: Wrong | undefined;
  // Mostly the first is the right one, so the others are not looked for.
  for (const form of forms) {
    if (!fits(form.path, inside, owner)) continue;
    const known = before && !form.names.some((name) => before.others.has(name)) ? before.text : undefined;
    if (known === text) return undefined;
    const change = changeBetween(known ?? "", text, folder?.validator === "units");
    const found = form.link ? wrongLink(text, form.link, owner) : wrongIn(change, form, owner);
    if (found === undefined) return undefined;
    if (most === undefined || found.line > most.line) most = found;
  }
  return most?.what ?? notOfAccount;
}

const notOfAccount = "no file of an account";

/**
 * Whether a host's own file is no boundary.
 * @param text its content; `undefined` if it goes: then it follows only if the host that it is about goes, too
 * @param hasHost whether a host is declared afterwards
 */
export function onlyFollows(
  path: string,
  text: string | undefined,
  folders: readonly BundleFolder[],
  hasHost: (name: string) => boolean = () => true,
): boolean {
  const folder = folderOf(path, folders);
  const inside = insideOf(path, folder);
  const form = folder?.follows?.find((each) => whole(each.path).test(inside));
  if (!form) return false;
  if (text === undefined) {
    const about = whole(form.path).exec(inside)?.groups?.host;
    return about !== undefined && !hasHost(about);
  }
  const lines = text.split("\n").filter(Boolean);
  return lines.every((line) => form.lines?.some((allowed) => whole(allowed).test(line)));
}

/** A form of a file, prepared for comparing many files: its patterns are of a whole path, line or target. */
interface Form extends Pick<OwnFile, "path" | "link" | "stays"> {
  /** Names of the account's parts that it asks for. */
  readonly names: readonly string[];
  readonly lines: readonly RegExp[];
  /** All of {@link lines} in one, which is faster, but finds the first that matches alone: another may be the one with the owner's parts. */
  readonly anyLine: RegExp;
  /** Beginnings of lines that it must have, each with what finds it in a file without taking the file apart. */
  readonly needs: readonly { readonly beginning: string; readonly pattern: RegExp }[];
}

/** Directives that a slice must have; their name is the same for every value. */
const neededLimits = limitNames.flatMap((name) => {
  const { slice, sliceDefault } = limitOf(name);
  return slice && sliceDefault === undefined ? [slice(1)[0]] : [];
});

const formsOf = once(({ ofAccount = [] }: BundleFolder): readonly Form[] =>
  ofAccount.map(({ path, lines = [], needs = [], needsLimits, link, stays }) => {
    const names = [path, ...lines, ...(link ? [link] : [])].flatMap(({ source }) =>
      Array.from(source.matchAll(/\(\?<([a-z]\w*)>/gi), ([, name]) => name!),
    );
    const plain = lines.filter(({ flags }) => flags === "").map(({ source }) => `(?:${source})`);
    return {
      path: whole(path),
      names: [...new Set(names)],
      lines: lines.map(whole),
      anyLine: whole(new RegExp(plain.length > 0 ? plain.join("|") : "$^")),
      needs: [...needs, ...(needsLimits ? neededLimits.map((name) => `[${needsLimits}] ${name}=`) : [])].map(needed),
      ...(link && { link: whole(link) }),
      ...(stays && { stays }),
    };
  }),
);

/** Whether the account may have a file of this path, whatever it says. */
export function mayHave(path: string, owner: Owner, folders: readonly BundleFolder[]): boolean {
  const folder = folderOf(path, folders);
  const inside = insideOf(path, folder);
  return mayFit(path, folder).some((form) => fits(form.path, inside, owner));
}

/** Whether a file of an account with this path may have to change with one of these {@link otherParts}. */
export function mayFollow(path: string, others: ReadonlySet<string>, folders: readonly BundleFolder[]): boolean {
  if (others.size === 0) return false;
  const forms = mayFit(path, folderOf(path, folders));
  return forms.length === 0 || forms.some(({ names }) => names.some((name) => others.has(name)));
}

/** Forms that a file of this path may have, if they fit it. */
function mayFit(path: string, folder: BundleFolder | undefined): readonly Form[] {
  return folder === undefined || hidden.test(path) ? [] : formsOf(folder);
}

function insideOf(path: string, folder: BundleFolder | undefined): string {
  return path.slice((folder?.name.length ?? 0) + 1);
}

interface Wrong {
  readonly line: number;
  readonly what: string;
}

function wrongLink(text: string, target: RegExp, owner: Owner): Wrong | undefined {
  const [, link] = /^-> (.*)\n$/.exec(text) ?? [];
  return link !== undefined && !hidden.test(link) && fits(target, link, owner)
    ? undefined
    : { line: 0, what: "another target" };
}

/** The first line that a form of a file does not allow, or one that it misses. */
function wrongIn({ changed, known, text }: TextChange, form: Form, owner: Owner): Wrong | undefined {
  const line = changed.findIndex((each) => !isAllowed(each, form, owner) && !known().has(each));
  // A value may be a secret.
  if (line >= 0) return { line, what: /^(?:\[\w+\] )?\w+ ?=/.exec(changed[line]!)?.[0] ?? "an unknown line" };
  const missing = form.needs.find(({ pattern }) => !pattern.test(text));
  return missing === undefined ? undefined : { line: changed.length, what: `without ${missing.beginning}` };
}

function needed(beginning: string): Form["needs"][number] {
  const [, section, setting] = /^(\[\w+\]) (.+)$/.exec(beginning) ?? [];
  const line = `\\n${escaped(setting ?? beginning)}`;
  // The nearest one: what a file needs stands mostly at the beginning of its section.
  const others = "(?:\\n(?!\\[\\w+\\](?:\\n|$))[^\\n]*)*?";
  const pattern = section === undefined ? `(?:^|${line})` : `(?:^|\\n)${escaped(section)}${others}${line}`;
  return { beginning, pattern: new RegExp(pattern) };
}

function isAllowed(line: string, { lines, anyLine }: Form, owner: Owner): boolean {
  if (hidden.test(line)) return false;
  return fits(anyLine, line, owner) || lines.some((pattern) => fits(pattern, line, owner));
}

/** Finds a text as it is. */
function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}

/** They begin another line for the program that reads the file, or hide the end of this one. */
const hidden = /\p{Cc}|\\$/u;

/** Whether a text without anything {@link hidden} fits a {@link whole} pattern, and each named part of it is what the owner has under that name. */
function fits(pattern: RegExp, text: string, owner: Owner): boolean {
  const match = pattern.exec(text);
  if (match === null) return false;
  for (const name in match.groups) {
    const found = match.groups[name];
    if (found !== undefined && !hasPart(owner, name, found)) return false;
  }
  return true;
}

function hasPart(owner: Owner, name: string, text: string): boolean {
  const own = parts[name]?.(owner);
  return typeof own === "object" ? own.includes(text) : own !== undefined && `${own}` === text;
}
