import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { plain } from "../../lib/systemd/unit-file.ts";
import { cacheGroup, cacheUpstream } from "../cache/front-end-cache.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Element } from "../registry/kind.ts";
import type { HttpServerInputs } from "../registry/kinds.generated.ts";
import { wafLevels } from "../waf/waf.ts";
import { choiceOf, headerFile } from "./front-end/front-end-limits.ts";
import { placesOf } from "./front-end/places.ts";
import { type ServerKind, socketOf } from "./kinds/server.ts";
import { servers as kinds } from "./kinds/servers.generated.ts";
import { headerNames, headerValue, passwordHash } from "./web-site/web-site.ts";

const plainValue = plain(headerValue, "header");
const plainLevel = plain(new RegExp(wafLevels.join("|")), "level of the web application firewall");
const plainVisitor = plain(/[A-Za-z0-9._@-]+/, "name of a visitor");
const plainHash = plain(passwordHash, "hash of a password");

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofElements: ({ account, own }) => ({ files: renderSettings(account, own.httpServers) }),
};

/**
 * What the web sites of one account choose: maps that the front end includes, by socket, and files of passwords. In folders of their own:
 * nginx looks at every name of a folder for each kind of file, and few accounts choose anything.
 */
export function renderSettings(
  { number: account, limits }: Pick<Element<"accounts">, "number" | "limits">,
  servers: readonly HttpServerInputs[],
): BundleFile[] {
  const files = new Map<string, string>();
  const add = (path: string, line: string) => files.set(path, `${files.get(path) ?? ""}${line}\n`);
  for (const server of servers) {
    const socket = `unix:${socketOf(server)}`;
    const { headers = {}, passwords } = server;
    const places = placesOf(kinds[server.kind] as ServerKind, server, limits.tasksMax);
    const choice = choiceOf({ ...server, workers: places !== undefined });
    if (server.cache) {
      const group = cacheGroup(server);
      add(`nginx/settings/${account}.caches`, `${socket} ${group};`);
      add(`nginx/settings/${account}.upstreams`, cacheUpstream(group, account, socket));
    }
    if (server.waf) {
      const { level, watchOnly = false } = server.waf;
      add(
        `nginx/settings/${account}.wafs`,
        `${socket} "${plainLevel(level)};${watchOnly ? "watch" : "block"};${account};${server.name}";`,
      );
    }
    if (places !== undefined) add(`nginx/settings/${account}.places`, `${socket} "${places.share} ${places.all}";`);
    if (choice !== choiceOf({})) add(`nginx/settings/${account}.choice`, `${socket} ${choice};`);
    for (const name of headerNames) {
      const value = headers[name];
      if (value === undefined) continue;
      const quoted = plainValue(value).replaceAll('"', '\\"');
      add(`nginx/settings/${account}.${headerFile(name)}`, `${socket} "${quoted}";`);
    }
    if (passwords === undefined) continue;
    const own = `${account}-${server.name}`;
    add(`nginx/settings/${account}.passwords`, `${socket} ${own};`);
    for (const visitor of Object.keys(passwords).sort())
      add(`nginx/passwords/${own}`, `${plainVisitor(visitor)}:${plainHash(passwords[visitor]!)}`);
  }
  return [...files].map(([path, content]) => ({ path, content }));
}
