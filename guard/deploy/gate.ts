import type { Host } from "../../components/declaring.ts";
import type { Health } from "../../host/inspect/difference.ts";
import { sshTarget } from "../drift/inspect-hosts.ts";
import { SshError, sshRun } from "../drift/ssh.ts";
import type { StackConfig } from "../engine/stack-config.ts";

/** How to reach a host, according to the inventory. */
export type Reachable = Pick<Host, "name" | "ssh">;

/** Checks the health of a host after a wave. */
export type Gate = (host: string) => Promise<Pick<Health, "healthy" | "problems">>;

const applier = "/usr/local/sbin/fairhost-host";

/** Lets the host check itself, over one connection: units, front end, and some accounts by a real request. */
export function healthGate(config: StackConfig, hosts: readonly Reachable[]): Gate {
  return async (name) => {
    const host = hosts.find((each) => each.name === name);
    // A removed host cannot be checked.
    if (!host) return { healthy: true, problems: [] };
    try {
      const { stdout, stderr } = await sshRun(sshTarget(config, host), [applier, "health", "--json"]);
      if (!stdout.startsWith("{"))
        return unhealthy(`the health check of ${name} returned no result: ${stderr.trim().slice(-1000)}`);
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

/** Problems of these hosts, which are checked in parallel. */
export async function problemsOn(hosts: readonly string[], gate: Gate): Promise<string[]> {
  const answers = await Promise.all(hosts.map(async (host) => ({ host, ...(await gate(host)) })));
  return answers.flatMap(({ host, healthy, problems }) => {
    if (healthy) return [];
    return problems.length > 0 ? problems.map(({ message }) => `${host}: ${message}`) : [`${host}: not healthy`];
  });
}
