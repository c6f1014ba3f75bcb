import { namesOf } from "../http/web-site/web-address.ts";
import type { Hostless } from "../registry/kind.ts";

/** Base name of the file with a name's certificate: `_.example.org` of a wildcard. */
export function certificateOf(name: string): string {
  return name.replace(/^\*/, "_");
}

const none: ReadonlyMap<string, readonly string[]> = new Map();

/**
 * What the front end knows of the names of an account with HTTPS: the certificate, and how a name answers without HTTPS. `-` is a name that answers as it does
 * with it, also below a wildcard that does not.
 * @returns lines of the file of each name (front-end/sites.lua)
 */
export function securedNames(servers: readonly Hostless<"httpServers">[]): ReadonlyMap<string, readonly string[]> {
  if (!servers.some(({ https }) => https === true)) return none;
  const seconds = new Map<string, number | undefined>();
  for (const { https, httpsOnly, hstsSeconds = 0, ...server } of servers) {
    if (https !== true) continue;
    for (const name of namesOf(server))
      seconds.set(name, httpsOnly === true ? Math.max(hstsSeconds, seconds.get(name) ?? 0) : seconds.get(name));
  }
  return new Map(
    [...seconds].map(([name, only]) => [
      name,
      [`certificate ${name}`, `https_only ${only === undefined ? "-" : `${name} ${only}`}`],
    ]),
  );
}
