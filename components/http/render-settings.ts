import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import { cacheGroup, cacheUpstream } from "../cache/front-end-cache.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { wafLevels } from "../waf/waf.ts";
import { choiceOf, headerVariable } from "./front-end/front-end-limits.ts";
import { placesOf } from "./front-end/places.ts";
import { type ServerKind, socketOf } from "./kinds/server.ts";
import { servers as kinds } from "./kinds/servers.generated.ts";
import { headerNames, headerValue, passwordHash } from "./web-site/web-site.ts";

const plainValue = plain(headerValue, "header");
const plainLevel = plain(new RegExp(wafLevels.join("|")), "level of the web application firewall");
const plainName = plain(/[a-z][a-z0-9-]*/, "name of an HTTP server");
const plainVisitor = plain(/[A-Za-z0-9._@-]+/, "name of a visitor");
const plainHash = plain(passwordHash, "hash of a password");

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofElements: ({ account, own }) => ({ files: renderSettings(account, own.httpServers) }),
};

/** Files of passwords of the web sites of one account, and the caches that nginx has to know. */
function renderSettings(
  { number: account }: Pick<Hostless<"accounts">, "number">,
  servers: readonly Hostless<"httpServers">[],
): BundleFile[] {
  // Most have none of both, and this is rendered with each change of an account.
  if (!servers.some(({ cache, passwords }) => cache || passwords)) return [];
  const caches = servers.flatMap((server) =>
    server.cache ? [`${cacheUpstream(cacheGroup(server), account, `unix:${socketOf(server)}`)}\n`] : [],
  );
  return [
    ...(caches.length === 0 ? [] : [{ path: `nginx/settings/${account}.upstreams`, content: caches.join("") }]),
    ...servers.flatMap(({ name, passwords }) =>
      passwords === undefined ? [] : [{ path: `sites/passwords/${account}-${name}`, content: hashes(passwords) }],
    ),
  ];
}

function hashes(passwords: Readonly<Record<string, string>>): string {
  const visitors = Object.keys(passwords).sort();
  return visitors.map((visitor) => `${plainVisitor(visitor)}:${plainHash(passwords[visitor]!)}\n`).join("");
}

/**
 * What a web site has chosen, and no more: who chooses nothing pays nothing.
 * @returns variables of the front end with their values, each a line of the file of the web site's name (front-end/sites.lua)
 */
export function choicesOf(
  { number: account, limits }: Pick<Hostless<"accounts">, "number" | "limits">,
  server: Hostless<"httpServers">,
): string[] {
  const { headers, passwords, waf, cache, logFormat, bodyMaxMb, answerSeconds } = server;
  const places = placesOf(kinds[server.kind] as ServerKind, server, limits.tasksMax);
  const choice = choiceOf({ waf, bodyMaxMb, answerSeconds, headers, workers: places !== undefined });
  return [
    ...(choice === usualChoice ? [] : [`choice ${choice}`]),
    ...(places === undefined ? [] : [`places ${places.share} ${places.all}`]),
    ...(cache ? [`cache ${cacheGroup(server)}`] : []),
    ...(waf
      ? [`waf ${plainLevel(waf.level)};${waf.watchOnly === true ? "watch" : "block"};${account};${server.name}`]
      : []),
    ...(logFormat === undefined ? [] : [`log_file ${plainName(server.name)}-${logFormat}`]),
    ...(passwords === undefined ? [] : [`passwords ${account}-${server.name}`]),
    ...(headers === undefined ? [] : headerLines(headers)),
  ];
}

const usualChoice = choiceOf({});

function headerLines(headers: NonNullable<Hostless<"httpServers">["headers"]>): string[] {
  return headerNames.flatMap((name) => {
    const value = headers[name];
    return value === undefined ? [] : [`${headerVariable(name)} ${plainValue(value)}`];
  });
}
