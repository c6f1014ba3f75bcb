import { getDomain } from "tldts";
import { namesOf } from "../../../components/http/web-site/web-address.ts";
import { type Effect, effect } from "../../../components/registry/change.ts";
import type { Declaration, HttpServerInputs } from "../../../components/registry/kinds.generated.ts";
import { subject } from "../../../components/registry/subject.ts";
import { caLimits } from "../../../components/tls/ca-limits.ts";

const { ordersAnHour, newOfDomainAWeek } = caLimits;

/**
 * New host names that have to wait for a certificate: more on one host than it asks for in an hour, or more below one registered domain than the CA
 * gives in a week, whichever hosts they are on. Names that had one before are renewals, which the CA does not count by domain.
 */
export function newCertificates(before: Declaration, after: Declaration): Effect[] {
  const network = after.networks[0];
  if (network?.certificates === undefined) return [];
  const known = wanted(before);
  const fresh = [...wanted(after)].filter(([name]) => !known.has(name));
  if (fresh.length <= newOfDomainAWeek) return [];
  const effects: Effect[] = [];
  const say = (sentence: string, servers: typeof fresh) =>
    effects.push(
      effect(
        subject.network(network),
        sentence,
        [...new Set(servers.map(([, { account }]) => account))].sort((left, right) => left - right),
      ),
    );
  for (const [host, servers] of groupBy(fresh, ([, server]) => server.host)) {
    const hours = Math.ceil(servers.length / ordersAnHour) - 1;
    if (hours > 0)
      say(
        `Gets ${servers.length} certificates on ${host}: at ${ordersAnHour} an hour the last ones come about ${hours} h after the first.`,
        servers,
      );
  }
  for (const [domain, servers] of groupBy(fresh, ([name]) => registeredDomain(name))) {
    const weeks = Math.ceil(servers.length / newOfDomainAWeek) - 1;
    if (weeks > 0)
      say(
        `Gets ${servers.length} certificates for names below ${domain}: Let's Encrypt gives ${newOfDomainAWeek} a week of one registered domain, so the last ones come about ${weeks} weeks after the first. ` +
          `A wildcard (*.${domain}) needs one for all.`,
        servers,
      );
  }
  return effects;
}

/** The names that the CA is asked for, each with the web site that has it. */
function wanted({ httpServers }: Declaration): Map<string, HttpServerInputs> {
  return new Map(
    httpServers.flatMap((server) =>
      server.https === true && server.certificate === undefined
        ? namesOf(server).map((name) => [name, server] as const)
        : [],
    ),
  );
}

/** The part of a name that somebody has registered, by the Public Suffix List: CAs count by it. */
function registeredDomain(name: string): string {
  return getDomain(name.replace(/^\*\./, ""), { allowPrivateDomains: true }) ?? name;
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): [string, T[]][] {
  return [...Map.groupBy(items, keyOf)].sort(([left], [right]) => (left < right ? -1 : 1));
}
