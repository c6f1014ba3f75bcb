import * as pulumi from "@pulumi/pulumi";
import type { Host } from "../components/declaring.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Connection } from "../delivery/host-delivery.ts";
import { pinnedKey } from "../lib/known-hosts.ts";
import type { Settings } from "./settings.ts";

/**
 * How to reach each declared host.
 * @throws RunError that names every host without a pinned key: no command goes to a host with an unknown key.
 */
export function connections(
  hosts: readonly Host[],
  declaration: Declaration,
  settings: Settings,
): Map<string, Connection> {
  const declared = new Set(declaration.hosts.map(({ name }) => name));
  const found = new Map<string, Connection>();
  const problems: string[] = [];
  for (const { name, ssh } of hosts.filter((host) => declared.has(host.name))) {
    const hostKey = pinnedKey(settings.knownHosts, ssh.address, ssh.port);
    if (hostKey === undefined) {
      problems.push(
        `${name}: no key for ${ssh.address} port ${ssh.port} in the known_hosts file (fairhost:knownHosts): compare the key on the host's console, then add the line of \`ssh-keyscan -p ${ssh.port} -t ed25519 ${ssh.address}\``,
      );
      continue;
    }
    const privateKey = settings.privateKey && { privateKey: settings.privateKey };
    found.set(name, { address: ssh.address, port: ssh.port, user: settings.sshUser, hostKey, ...privateKey });
  }
  if (problems.length > 0) throw new pulumi.RunError(`Hosts without a pinned host key:\n  ${problems.join("\n  ")}`);
  return found;
}
