import * as pulumi from "@pulumi/pulumi";
import type { Fleet } from "../components/registry/files.generated.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Connection } from "../delivery/commands.ts";
import { pinnedKeyIn, wholeLines } from "../lib/known-hosts.ts";
import type { Settings } from "./settings.ts";

/**
 * How to reach each declared host, and each router that has `ssh`.
 * @throws RunError that names every one without a pinned key that can be used: no command goes to a host with an unknown key.
 */
export function connections(
  { hosts, network }: Pick<Fleet, "hosts" | "network">,
  declaration: Declaration,
  settings: Settings,
): Map<string, Connection> {
  const declared = new Set(declaration.hosts.map(({ name }) => name));
  const found = new Map<string, Connection>();
  const problems: string[] = [];
  const reached = new Set(declaration.routers.flatMap(({ name, ssh }) => (ssh ? name : [])));
  const routers = network.routers.flatMap(({ name, ssh }) => (ssh && reached.has(name) ? { name, ssh } : []));
  for (const { name, ssh } of [...hosts.filter((host) => declared.has(host.name)), ...routers]) {
    const hostKey = hostKeyOf(settings.knownHosts, ssh.address, ssh.port);
    if (typeof hostKey !== "string") {
      const add = `compare the key on the host's console, then add the line of \`ssh-keyscan -p ${ssh.port} -t ed25519 ${ssh.address}\``;
      problems.push(`${name}: ${hostKey.problem}: ${add}`);
      continue;
    }
    const privateKey = settings.privateKey && { privateKey: settings.privateKey };
    found.set(name, { address: ssh.address, port: ssh.port, user: settings.sshUser, hostKey, ...privateKey });
  }
  if (problems.length > 0)
    throw new pulumi.RunError(`Hosts and routers without a usable pinned host key:\n  ${problems.join("\n  ")}`);
  return found;
}

function hostKeyOf(knownHosts: string, address: string, port: number): string | { readonly problem: string } {
  const { key, revoked } = pinnedKeyIn(wholeLines(knownHosts), address, port);
  const where = `${address} port ${port} in the known_hosts file (fairhost:knownHosts)`;
  if (revoked) return { problem: `every key for ${where} is marked @revoked` };
  if (key === undefined) return { problem: `no key for ${where}` };
  // The official command provider asks for the pinned key's type alone; for RSA that is a signature with SHA-1, which OpenSSH has refused
  // to make since 8.8.
  if (key.startsWith("ssh-rsa "))
    return { problem: `only an RSA key for ${where}, which Pulumi's command provider cannot use` };
  return key;
}
