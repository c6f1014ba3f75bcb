import type { Host } from "../../components/declaring.ts";
import type { Health } from "../../host/inspect/finding.ts";
import { sshTarget } from "../drift/inspect-hosts.ts";
import { SshError, sshRun } from "../drift/ssh.ts";
import type { StackConfig } from "../engine/stack-config.ts";

/** What the inventory says of how to reach a host. */
export type Reachable = Pick<Host, "name" | "ssh">;

/** Looks whether a host serves after a wave. */
export type Gate = (host: string) => Promise<Pick<Health, "healthy" | "problems">>;

const applier = "/usr/local/sbin/fairhost-host";

/** Asks the host itself over one connection: units, front end, and some accounts by a real request. */
export function healthGate(config: StackConfig, hosts: readonly Reachable[]): Gate {
  return async (name) => {
    const host = hosts.find((each) => each.name === name);
    // A host that was given up has nobody to ask.
    if (!host) return { healthy: true, problems: [] };
    try {
      const { stdout, stderr } = await sshRun(sshTarget(config, host), [applier, "health", "--json"]);
      if (!stdout.startsWith("{")) return unhealthy(`${name} could not tell how it is: ${stderr.trim().slice(-1000)}`);
      return JSON.parse(stdout) as Health;
    } catch (error) {
      if (error instanceof SshError) return unhealthy(error.message);
      throw error;
    }
  };
}

function unhealthy(message: string): Awaited<ReturnType<Gate>> {
  return { healthy: false, problems: [{ group: "host", message }] };
}

/** What is wrong on these hosts, all asked at once. */
export async function problemsOn(hosts: readonly string[], gate: Gate): Promise<string[]> {
  const answers = await Promise.all(hosts.map(async (host) => ({ host, ...(await gate(host)) })));
  return answers.flatMap(({ host, healthy, problems }) => {
    if (healthy) return [];
    return problems.length > 0 ? problems.map(({ message }) => `${host}: ${message}`) : [`${host}: not healthy`];
  });
}
