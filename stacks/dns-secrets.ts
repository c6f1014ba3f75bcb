import * as pulumi from "@pulumi/pulumi";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { dnsOf } from "../components/tls/wildcards.ts";
import { type Settings, setDnsSecret } from "./settings.ts";

/** Secrets of the DNS provider for one host: by the names of their variables. */
export type DnsSecrets = pulumi.Output<Record<string, string>>;

/**
 * The secrets of the DNS provider that each host needs, by its name: hosts without wildcards get none.
 * @throws RunError that names all secrets that are not set
 */
export function neededDnsSecrets(
  declaration: Declaration,
  set: Settings["dnsSecrets"],
): ReadonlyMap<string, DnsSecrets> {
  const needed = declaration.hosts.flatMap(({ name }) => {
    const { secrets = [] } = dnsOf(declaration, name) ?? {};
    return secrets.length === 0 ? [] : [[name, secrets] as const];
  });
  const missing = [...new Set(needed.flatMap(([, names]) => names))].filter((name) => set[name] === undefined);
  if (missing.length > 0)
    throw new pulumi.RunError(
      `Secrets of the DNS provider (network.yaml certificates.dns.secrets) are not set; nothing was touched. Run:\n  ${missing.map(setDnsSecret).join("\n  ")}`,
    );
  return new Map(
    needed.map(([host, names]) => [host, pulumi.all(Object.fromEntries(names.map((name) => [name, set[name]!])))]),
  );
}
