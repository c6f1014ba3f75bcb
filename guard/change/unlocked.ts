import { httpPort } from "../../components/http/kinds/server.ts";
import { reaches, within } from "../../components/http/web-site/target.ts";
import { nameIn, wildcardOf } from "../../components/http/web-site/web-address.ts";
import { fieldChanges } from "../../components/registry/fields/field-changes.ts";
import { type HttpServerInputs, kinds } from "../../components/registry/kinds.generated.ts";
import { elementName } from "../../components/registry/subject.ts";
import { listed } from "../../lib/text/text.ts";
import type { Context } from "../rule.ts";
import type { Side } from "./side.ts";

/** What a web site keeps visitors away from. */
type Protection = "passwords" | "waf";

/** What visitors saw only behind a protection of another HTTP server of the account, and this one shows without it, or with less. */
interface Unlocked {
  readonly server: HttpServerInputs;
  /** In words, after `visitors`. */
  readonly what: string;
}

/** Whether one has less of a protection than the other. */
const less: Readonly<Record<Protection, (was: HttpServerInputs, is: HttpServerInputs) => boolean>> = {
  passwords: ({ passwords: was }, { passwords: is }) =>
    was !== undefined && (is === undefined || Object.entries(is).some(([visitor, hash]) => was[visitor] !== hash)),
  waf: ({ waf: was }, { waf: is }) =>
    was !== undefined &&
    (is === undefined ||
      fieldChanges(kinds.httpServers.inputs, { waf: was }, { waf: is }).some(
        ({ steps, weaker }) => steps[0] === "waf" && weaker,
      )),
};

const words: Readonly<Record<Protection, string>> = { passwords: "the passwords", waf: "all of the WAF" };

/**
 * HTTP servers that show what another one of the account kept behind passwords or the WAF: requests that went to that one go to them from
 * now on, or they serve its files, run its program or pass requests on to it. A server that changes its own protection is not among them: that
 * is a change of a field.
 * @param before HTTP servers of an account
 * @param after those of the same account
 */
function unlocked(
  before: readonly HttpServerInputs[],
  after: readonly HttpServerInputs[],
  protection: Protection,
): Unlocked[] {
  const [old, next] = [routesOf(before), routesOf(after)];
  const led = [...new Set([...old.keys(), ...next.keys()])].map((address) => ({
    address,
    was: answering(old, address),
    is: answering(next, address),
  }));
  const weaker = less[protection];
  const closed = before.filter((was) => was[protection] !== undefined);
  return closed.flatMap((was) =>
    after.flatMap((server): Unlocked[] => {
      if (server.name === was.name || !weaker(was, server)) return [];
      const names = led.filter((each) => each.was === was && each.is === server).map(({ address }) => address);
      const same = before.find(({ name }) => name === server.name);
      const shows = shown(was, server);
      const isNew = !(same && weaker(was, same) && shown(was, same) !== undefined);
      const seen = [...names.sort(), ...(shows !== undefined && isNew ? [shows] : [])];
      if (seen.length === 0) return [];
      const name = elementName("httpServers", was);
      return [{ server, what: `see ${listed(seen)} without ${words[protection]} of HTTP server ${name}` }];
    }),
  );
}

/** What a change leaves {@link unlocked}: only accounts are looked at whose HTTP servers change, and that had the protection. */
export function* unprotected(
  changes: Pick<Context["changes"], "httpServers">,
  before: Side,
  after: Side,
  protection: Protection,
): Generator<Unlocked> {
  const changed = new Set(changes.httpServers.map((change) => (change.after ?? change.before).account));
  if (changed.size === 0) return;
  const closed = new Set(
    before.declaration.httpServers.flatMap((server) =>
      server[protection] && changed.has(server.account) ? server.account : [],
    ),
  );
  const [had, has] = [before, after].map(({ declaration }) =>
    Map.groupBy(
      declaration.httpServers.filter(({ account }) => closed.has(account)),
      ({ account }) => account,
    ),
  );
  for (const account of closed) yield* unlocked(had!.get(account)!, has!.get(account) ?? [], protection);
}

/** The account's own address: it leads to the server with the lowest number. */
const own = "the account's address";

type Routes = ReadonlyMap<string, HttpServerInputs>;

/** Which server answers for each address, with or without a path, that the account declares. */
function routesOf(servers: readonly HttpServerInputs[]): Routes {
  const routes = new Map<string, HttpServerInputs>();
  let lowest: HttpServerInputs | undefined;
  for (const server of servers) {
    for (const address of [...server.hostnames, ...(server.addresses ?? [])]) routes.set(address.toLowerCase(), server);
    if (lowest === undefined || server.number < lowest.number) lowest = server;
  }
  if (lowest) routes.set(own, lowest);
  return routes;
}

/** Who answers for an address: the longest path of its name wins, then the name, then the wildcard over it. */
function answering(routes: Routes, address: string): HttpServerInputs | undefined {
  if (address === own) return routes.get(own);
  for (let part = address; ; part = part.slice(0, part.lastIndexOf("/"))) {
    const server = routes.get(part);
    if (server) return server;
    if (!part.includes("/")) break;
  }
  return routes.get(wildcardOf(nameIn(address)) ?? "");
}

/** What of one server another one shows, in words: its files, its program, or what it answers. */
function shown(was: HttpServerInputs, is: HttpServerInputs): string | undefined {
  if ("root" in was && "root" in is && within(was.root, is.root)) return `files of ${is.root}`;
  if (is.kind === "proxy") {
    const answers = (what: string, at: string) => {
      const found = reaches(at, is.to);
      if (found === false) return undefined;
      return found === true ? `what ${what} answers` : `what ${what} answers, if ${found.ifOwn} leads to the account`;
    };
    const passed = was.kind === "proxy" ? answers(is.to, was.to) : undefined;
    const said = passed ?? answers(`HTTP server ${was.name}`, `http://127.0.0.1:${httpPort(was)}`);
    if (said !== undefined) return said;
  }
  const [first, second] = [programOf(was), programOf(is)];
  return first !== undefined && first === second ? `what ${first} answers` : undefined;
}

/** The program that answers, as it is called; two that differ in this may still be one, which nobody can tell from their names. */
function programOf(server: HttpServerInputs): string | undefined {
  switch (server.kind) {
    case "node":
      return `${server.directory}/${server.main}`;
    case "python":
      return `${server.application} in ${server.directory}`;
    case "program":
      return `${server.command.join(" ")} in ${server.directory}`;
    default:
      return undefined;
  }
}
