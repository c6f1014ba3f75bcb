import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { nameIn, namesOf, wildcardOf } from "../web-site/web-address.ts";

export const namesOfOneAccount = defineRule({
  name: "names-of-one-account",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description:
    "A host name belongs to one account, with all its paths, and a wildcard with all names that it covers; below the platform's domain an account may use only its own name.",
  reason:
    "Web sites that share a host name share cookies and stored data in browsers: an account could read what visitors of another account have there.",
  fix: "Find out whose the host name is, and remove it from the other account.",
  *find({ httpServers, accounts, networks }) {
    const owners = new Map<string, (typeof httpServers)[number]>();
    const domains = networks.flatMap(({ platformDomain }) => platformDomain ?? []);
    let isCovered = false;
    let isShared = false;
    let isBelowDomain = false;
    for (const server of httpServers) {
      for (const name of namesOf(server)) {
        const owner = owners.get(name);
        if (owner === undefined) owners.set(name, server);
        else isShared ||= owner.account !== server.account;
        isCovered ||= name.startsWith("*.");
        isBelowDomain ||= domains.some((domain) => isBelow(name, domain));
      }
    }
    if (!isCovered && !isShared && !isBelowDomain) return;
    const accountNames = new Map(accounts.map(({ number, name }) => [number, name]));
    for (const server of httpServers) {
      for (const [address, path] of addressesOf(server)) {
        const name = nameIn(address);
        const answers = () => `HTTP server ${server.account}/${server.name} answers for ${address}`;
        for (const taken of isCovered ? [name, wildcardOf(name)] : [name]) {
          const owner = taken === undefined ? undefined : owners.get(taken);
          if (owner === undefined || owner.account === server.account) continue;
          yield {
            subject: subject.httpServer(server, path()),
            message: `${answers()}; ${taken} belongs to account ${owner.account} (HTTP server ${owner.account}/${owner.name}).`,
          };
        }
        for (const domain of domains) {
          if (!isBelow(name, domain)) continue;
          const own = `${accountNames.get(server.account)}.${domain}`;
          if (isBelow(name, own)) continue;
          yield {
            subject: subject.httpServer(server, path()),
            message: `${answers()}, below the platform's domain ${domain}; of it account ${server.account} has ${own} alone.`,
          };
        }
      }
    }
  },
});

function isBelow(name: string, domain: string): boolean {
  return name.endsWith(domain) && (name.length === domain.length || name.at(-1 - domain.length) === ".");
}

/** Addresses of a server, each with its place: told only of those that are wrong. */
function* addressesOf({
  hostnames,
  addresses = [],
}: {
  readonly hostnames: readonly string[];
  readonly addresses?: readonly string[];
}): Generator<readonly [address: string, path: () => string]> {
  for (const [index, address] of hostnames.entries()) yield [address, () => `hostnames.${index}`];
  for (const [index, address] of addresses.entries()) yield [address, () => `addresses.${index}`];
}
