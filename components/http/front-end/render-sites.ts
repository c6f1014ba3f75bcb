import type { BundleFile } from "../../../delivery/protocol/bundle.ts";
import { plain, plainAddress } from "../../../lib/systemd/unit-file.ts";
import type { Hostless } from "../../registry/kind.ts";
import { securedNames } from "../../tls/secured-names.ts";
import { socketOf } from "../kinds/server.ts";
import { kindOf } from "../render-http-server.ts";
import { choicesOf } from "../render-settings.ts";
import { keptMark } from "./kept-connections.ts";

const plainHostName = plain(/(?:\*\.)?[a-z0-9.-]+/, "host name");
const plainSiteAddress = plain(/[a-z0-9.-]+(?:\/[\w.~-]+){1,3}/, "address of a web site");

/**
 * A file for each name of an account, which the front end reads when somebody asks for the name (sites.lua): all that it says is in force at once. A name belongs to
 * one account with all below it. Lines begin with a path, and then with where it leads: `<account>/unix:<socket>`, with `kept/` before `unix:` if its kind takes request after
 * request on a connection, or what its kind says of a server without a socket, and behind a space the path that is taken away from requests; all paths of
 * a suspended account lead to `<account>/suspended`. Other lines begin with the socket of a server and say what that has chosen, or are about HTTPS.
 * The account's address, for requests by literal address, leads to the lowest-numbered server.
 */
export function renderSites(
  account: Pick<Hostless<"accounts">, "number" | "limits" | "suspended">,
  { address }: Pick<Hostless<"addresses">, "address">,
  servers: readonly Hostless<"httpServers">[],
): BundleFile[] {
  const [first] = servers;
  if (!first) return [];
  const isSuspended = account.suspended !== undefined;
  const names = new Map<string, Set<string>>();
  const add = (name: string, lines: readonly string[]) => {
    const known = names.get(name);
    if (known) for (const line of lines) known.add(line);
    else names.set(name, new Set(lines));
  };
  for (const server of servers) {
    const { inFrontEnd, keepsConnections } = kindOf(server);
    // A redirect has no socket, and chooses nothing.
    const socket = isSuspended || inFrontEnd ? undefined : `unix:${socketOf(server)}`;
    const reached = isSuspended
      ? "suspended"
      : (inFrontEnd?.(server) ?? `${keepsConnections ? keptMark : ""}${socket}`);
    const to = `${account.number}/${reached}`;
    const choices = socket === undefined ? [] : choicesOf(account, server).map((choice) => `${socket} ${choice}`);
    const lead = (name: string, path: string, taken = "") =>
      add(name, [`${path.toLowerCase()} ${to}${taken}`, ...choices]);
    if (server === first) lead(plainAddress(address), "/");
    for (const name of server.hostnames.toSorted()) lead(plainHostName(name), "/");
    for (const each of (server.addresses ?? []).toSorted()) {
      const [name, ...parts] = plainSiteAddress(each).split("/");
      const path = `/${parts.join("/")}`;
      lead(name!, path, server.trimPath === true && !isSuspended ? ` ${path}` : "");
    }
  }
  for (const [name, lines] of securedNames(servers)) add(plainHostName(name), lines);
  return [...names].map(([name, lines]) => ({
    path: `sites/names/${name}`,
    content: [...lines, ""].join("\n"),
  }));
}
