import { once } from "../../lib/once.ts";
import { addressInside, boundRule } from "../account-network/links.ts";
import { limitNames, limitOf } from "../plan/each-limit.ts";
import { type BundleFolder, folderOf, type OwnFile } from "./bundle-folder.ts";
import type { Element } from "./kind.ts";
import type { Declaration } from "./kinds.generated.ts";

/** What the declaration gives an account, by the names that patterns of files use for it. */
export type Owner = Readonly<
  Record<
    // `name` is that of its home too, `uid` that of its group; `limit` is a directive of a limit, `MemoryMax=512M`; `inside` is its address in
    // its own network, `port` that of a service, `bound` a rule of the firewall about its connections.
    "number" | "name" | "user" | "uid" | "prefix" | "address" | "inside" | "port" | "hostname" | "limit" | "bound",
    readonly string[]
  >
>;

/** What an account has, by its number; undefined if it is not declared. */
export function ownerOf(declaration: Declaration, number: number): Owner | undefined {
  const { accounts, addresses, servers, services } = byNumber(declaration);
  const account = accounts.get(number);
  const own = addresses.get(number) ?? [];
  return (
    account && {
      number: [`${number}`],
      name: [account.name],
      user: [account.user],
      uid: [`${account.uid}`],
      prefix: own.map(({ prefix }) => prefix),
      address: own.map(({ address }) => address),
      inside: own.map(({ prefix }) => addressInside(prefix)),
      port: (services.get(number) ?? []).flatMap(({ port }) => (port === undefined ? [] : [`${port}`])),
      hostname: (servers.get(number) ?? []).flatMap(({ hostnames, addresses = [] }) => [...hostnames, ...addresses]),
      limit: directivesOf(account),
      bound: boundsOf(account),
    }
  );
}

const byNumber = once(({ accounts, addresses, httpServers, services }: Declaration) => ({
  accounts: new Map(accounts.map((account) => [account.number, account])),
  addresses: Map.groupBy(addresses, ({ account }) => account),
  servers: Map.groupBy(httpServers, ({ account }) => account),
  services: Map.groupBy(services, ({ account }) => account),
}));

function directivesOf({ limits }: Element<"accounts">): string[] {
  return limitNames.flatMap((name) => limitOf(name).slice?.(limits[name]).join("=") ?? []);
}

function boundsOf({ limits }: Element<"accounts">): string[] {
  return limitNames.flatMap((name) => {
    const { bound } = limitOf(name);
    return bound === undefined ? [] : [boundRule(bound, limits[name])];
  });
}

/**
 * What in a file is not an account's own, in words; undefined if all of it is.
 * @param text content of the file, `-> <target>` for a symlink, or `undefined` if it goes while the account stays
 * @param owner the account as it is declared on the side that has the file
 * @param before the file as it was for the same owner: its lines are nothing new
 */
export function notOwn(
  path: string,
  text: string | undefined,
  owner: Owner,
  folders: readonly BundleFolder[],
  before = "",
): string | undefined {
  const folder = folderOf(path, folders);
  const inside = path.slice((folder?.name.length ?? 0) + 1);
  const forms = (folder?.ofAccount ?? []).filter((form) => fits(form.path, inside, owner));
  if (forms.length === 0) return "no file of an account";
  if (text === undefined) return forms.some(({ stays }) => stays) ? "the account stays" : undefined;
  const inSections = folder?.validator === "units";
  const lines = statements(text, inSections);
  const known = new Set(before === "" ? [] : statements(before, inSections));
  const wrong = forms.map((form) =>
    form.link ? wrongLink(text, form.link, owner) : wrongIn(lines, form, owner, known),
  );
  if (wrong.includes(undefined)) return undefined;
  // Of two forms, the one that the file follows further.
  return wrong.reduce((most, each) => (each!.line > most!.line ? each : most))!.what;
}

interface Wrong {
  readonly line: number;
  readonly what: string;
}

function wrongLink(text: string, target: RegExp, owner: Owner): Wrong | undefined {
  const [, link] = /^-> (.*)\n$/.exec(text) ?? [];
  return link !== undefined && fits(target, link, owner) ? undefined : { line: 0, what: "another target" };
}

/** The first line that a form of a file does not allow, or one that it misses. */
function wrongIn(lines: readonly string[], form: OwnFile, owner: Owner, known: ReadonlySet<string>): Wrong | undefined {
  const { lines: allowed = [], needs = [] } = form;
  const line = lines.findIndex(
    (each) =>
      !known.has(each) &&
      !fits(together(allowed), each, owner) &&
      !allowed.some((pattern) => fits(pattern, each, owner)),
  );
  // A value may be a secret.
  if (line >= 0) return { line, what: /^(?:\[\w+\] )?\w+ ?=/.exec(lines[line]!)?.[0] ?? "an unknown line" };
  const missing = needs.find((beginning) => !lines.some((each) => each.startsWith(beginning)));
  return missing === undefined ? undefined : { line: lines.length, what: `without ${missing}` };
}

/** Lines of a file; in a file of systemd each after its section, and a word of a list of paths on its own. */
function statements(text: string, inSections: boolean): string[] {
  const lines = text.split("\n").filter((line) => line !== "");
  if (!inSections) return lines;
  let section = "";
  return lines.flatMap((line) => {
    if (/^\[\w+\]$/.test(line)) {
      section = line;
      return [];
    }
    const [, setting, words] = /^(Bind(?:ReadOnly)?Paths=)(.+)$/.exec(line) ?? [];
    return (words?.split(" ").map((word) => `${setting}${word}`) ?? [line]).map((each) => `${section} ${each}`);
  });
}

/** All patterns in one, which is faster, but finds the first that matches alone: another may be the one with the owner's parts. */
const together = once((patterns: readonly RegExp[]) => {
  const plain = patterns.filter(({ flags }) => flags === "");
  return new RegExp(plain.length > 0 ? plain.map(({ source }) => `(?:${source})`).join("|") : "$^");
});
const whole = once((pattern: RegExp) => new RegExp(`^(?:${pattern.source})$`, pattern.flags));
/** They begin another line for the program that reads the file, or hide the end of this one. */
const hidden = /\p{Cc}|\\$/u;

/** Whether a text fits a pattern as a whole, and each named part of it is what the owner has under that name. */
function fits(pattern: RegExp, text: string, owner: Owner): boolean {
  const match = hidden.test(text) ? null : whole(pattern).exec(text);
  return (
    match !== null &&
    Object.entries(match.groups ?? {}).every(
      ([name, part]: [string, string | undefined]) =>
        part === undefined || (owner as Readonly<Partial<Record<string, readonly string[]>>>)[name]?.includes(part),
    )
  );
}
