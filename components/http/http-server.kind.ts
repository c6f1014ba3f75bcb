import { z } from "zod";
import { sortBy } from "../../lib/lists.ts";
import { once } from "../../lib/once.ts";
import { listed } from "../../lib/text.ts";
import { type Change, type Describe, differences, effect } from "../change.ts";
import { type Element, inAccount, type Kind } from "../kind.ts";
import { httpPort } from "./server.ts";
import { serverEntries, serverInputs } from "./servers.generated.ts";

export const inputs = z.discriminatedUnion("kind", serverInputs);

/** The list in an account's file. */
export const entries = z
  .array(z.discriminatedUnion("kind", serverEntries))
  .max(50)
  .default([])
  .describe("HTTP servers of the account: its web sites and programs.");

/** An account's own HTTP server, behind the front end. Paths are relative to the account's home. */
export const kind: Kind<"httpServers"> = {
  key: "httpServers",
  name: "httpServer",
  words: ["HTTP server", "HTTP servers"],
  type: "fairhost:http:HttpServer",
  identity: ["account", "name"],
  inputs,
  resourceName: ({ unit }) => unit,
  parent: ({ account }) => ["account", String(account)],
  concerns: "host",
  hostOf: ({ host }) => host,
  accountOf: ({ account }) => account,
  retired: "freely",
  deletion: "free",
  declare: ({ accounts }) =>
    accounts.flatMap(({ account, own }) =>
      sortBy(account.httpServers, ({ number }) => number).map(
        (server) =>
          ({
            ...server,
            account: account.number,
            host: account.host,
            listen: { address: own.address, port: httpPort(server) },
            unit: `account-${account.number}-http-${server.name}`,
          }) satisfies Element<"httpServers">,
      ),
    ),
  place: inAccount("httpServers"),
  describe: (change, { changes }) => describeServer(change, byNumber(changes.accounts)),
};

const byNumber = once((all: readonly Change<"accounts">[]) => new Map(all.map((each) => [each.subject.name, each])));

function describeServer(
  change: Change<"httpServers">,
  accounts: ReadonlyMap<string, Change<"accounts">>,
): ReturnType<Describe<"httpServers">> {
  const { op, subject } = change;
  const server = change.after ?? change.before;
  const own = [server.account];
  const of = `${server.name} of account ${server.account}`;
  // A server that is created, deleted or moved with its account is described with the account.
  const its = accounts.get(String(server.account));
  const withAccount =
    its !== undefined && (its.op === op || (its.op === "update" && its.before.host !== its.after.host));
  const answering = server.hostnames.length === 0 ? "" : `, which answers for ${listed(server.hostnames)}`;
  if (op === "create") return withAccount ? [] : [effect(subject, `Adds HTTP server ${of}${answering}.`, own)];
  if (op === "delete") {
    return withAccount ? [] : [effect(subject, `Removes HTTP server ${of}${answering}; its files stay.`, own)];
  }
  const rest = change.paths.filter((path) => !(withAccount && path === "host"));
  return rest.length === 0 ? [] : [effect(subject, `Changes HTTP server ${of}: ${differences(change, rest)}.`, own)];
}
