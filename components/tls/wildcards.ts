import { namesOf } from "../http/web-site/web-address.ts";
import type { Declaration, NetworkInputs } from "../registry/kinds.generated.ts";

/** What a host needs to get certificates of wildcards. */
export type Dns = NonNullable<NonNullable<NetworkInputs["certificates"]>["dns"]>;

/** How a host proves in DNS that a wildcard is its own; undefined where it has none, so that it gets no secret that it does not need. */
export function dnsOf({ networks, httpServers }: Declaration, host: string): Dns | undefined {
  const dns = networks[0]?.certificates?.dns;
  if (dns === undefined) return undefined;
  const needed = httpServers.some(
    (server) => server.host === host && server.https === true && namesOf(server).some((name) => name.startsWith("*.")),
  );
  return needed ? dns : undefined;
}
