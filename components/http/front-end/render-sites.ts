import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { plain, plainAddress } from "../../../lib/systemd/unit-file.ts";
import type { AccountAddressInputs, HttpServerInputs } from "../../registry/kinds.generated.ts";
import { socketOf } from "../kinds/server.ts";
import { kindOf } from "../render-http-server.ts";
import { keptMark } from "./kept-connections.ts";

const plainHostName = plain(/(?:\*\.)?[a-z0-9.-]+/, "host name");
const plainSiteAddress = plain(/[a-z0-9.-]+(?:\/[\w.~-]+){1,3}/, "address of a web site");

/**
 * Maps addresses to HTTP servers, files for each account: invalid data of one account does not affect others. The value is
 * `<account>/unix:<socket>`, with `kept/` before `unix:` if its kind takes request after request on a connection, or what its kind says of a server without a socket, and behind a space the path that is taken away from
 * requests; all addresses of a suspended account lead to `<account>/suspended`. The account's address, for requests by literal address, leads to the lowest-numbered server. Wildcards, and paths by the
 * number of their parts, have maps of their own: only who has them pays for them.
 */
export function renderSites(
  address: AccountAddressInputs,
  servers: readonly HttpServerInputs[],
  suspended = false,
): BundleFile[] {
  const [first] = servers;
  if (!first) return [];
  const backend = (server: HttpServerInputs) => {
    const { inFrontEnd, keepsConnections } = kindOf(server);
    const reached = () => inFrontEnd?.(server) ?? `${keepsConnections ? keptMark : ""}unix:${socketOf(server)}`;
    return `${address.account}/${suspended ? "suspended" : reached()}`;
  };
  const lines = servers.flatMap((server) => [
    ...server.hostnames.toSorted().map((name) => ({
      map: name.startsWith("*.") ? "wildcards" : "map",
      line: `${plainHostName(name)} ${backend(server)};`,
    })),
    ...(server.addresses ?? []).toSorted().map((name) => {
      const [, ...parts] = plainSiteAddress(name).split("/");
      const site =
        server.trimPath === true && !suspended ? `"${backend(server)} /${parts.join("/")}"` : backend(server);
      return { map: `paths${parts.length}`, line: `${name} ${site};` };
    }),
  ]);
  const maps = Map.groupBy(
    [{ map: "map", line: `${plainAddress(address.address)} ${backend(first)};` }, ...lines],
    ({ map }) => map,
  );
  return [...maps].map(([map, own]) => ({
    path: `nginx/accounts/${address.account}.${map}`,
    content: own.map(({ line }) => `${line}\n`).join(""),
  }));
}
