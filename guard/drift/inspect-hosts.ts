import type { Host } from "../../components/declaring.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { usedPackages } from "../../delivery/used-packages.ts";
import type { DeclaredFacts, Difference } from "../../host/inspect/difference.ts";
import { byDeploy } from "../../host/inspect/difference.ts";
import { exitStatuses } from "../../lib/user-error.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import { readAnswer } from "./answer.ts";
import { SshError, type SshOptions, type SshTarget, sshRun } from "./ssh.ts";

/** Path of the applier on a host. */
export const applier = "/usr/local/sbin/fairhost-host";

/** One host's answer: its drift, or why it could not be inspected. */
export type HostDrift =
  | { readonly host: string; readonly generation: number; readonly differences: readonly Difference[] }
  | { readonly host: string; readonly error: string };

export interface InspectOptions {
  /** SHA-256 of the applier that the program would install (`loadBootstrap().applier`); without it appliers are not compared. */
  readonly applier?: string;
  /** Hosts inspected in parallel. Default 50. */
  readonly parallel?: number;
  readonly ssh?: Omit<SshOptions, "stdin">;
}

/** How the stack reaches a host of its fleet. */
export function sshTarget(config: StackConfig, { name, ssh }: Pick<Host, "name" | "ssh">): SshTarget {
  const { knownHosts, sshUser: user, sshPrivateKeyFile } = config;
  const key = sshPrivateKeyFile === undefined ? {} : { privateKeyFile: sshPrivateKeyFile };
  return { name, address: ssh.address, port: ssh.port, user, knownHosts, ...key };
}

/**
 * Compares hosts with what is declared for them, in parallel and over one connection each. Changes nothing. A host that does not
 * answer does not delay the others: it has its own timeout, and its result says why.
 * @returns in the order of `targets`
 */
export function inspectHosts(
  declaration: Declaration,
  targets: readonly SshTarget[],
  options: InspectOptions = {},
): Promise<HostDrift[]> {
  return eachHost(targets, options.parallel ?? 50, async (target): Promise<HostDrift> => {
    try {
      return await inspectHost(declaration, target, options);
    } catch (error) {
      if (error instanceof SshError) return { host: target.name, error: error.message };
      throw error;
    }
  });
}

async function inspectHost(declaration: Declaration, target: SshTarget, options: InspectOptions): Promise<HostDrift> {
  const host = target.name;
  const facts = declaredFacts(declaration, host, options.applier);
  const command = [applier, "inspect", "--json"];
  const { stdout, stderr, exitCode } = await sshRun(target, command, { ...options.ssh, stdin: JSON.stringify(facts) });
  // There is no applier, or one of an older release without this command.
  if (exitCode === 127 || exitCode === 2) return { host, generation: 0, differences: [withoutApplier(exitCode)] };
  // Appliers of older releases end with 1 if there is drift; so does a Node.js that cannot run one, without an answer.
  const ofOlder = exitCode === 1 && stdout.trim() !== "";
  if (exitCode !== exitStatuses.done && exitCode !== exitStatuses.drift && !ofOlder)
    return { host, error: `${host} cannot be inspected: ${stderr.trim().slice(-2000) || `exit status ${exitCode}`}` };
  // The applier of 0.1.0 says `findings`.
  const { generation, findings = [], differences = findings } = readAnswer(host, "inspect", stdout);
  return { host, generation, differences };
}

function withoutApplier(exitCode: number): Difference {
  const message =
    exitCode === 127 ? "there is no applier: nothing was ever deployed" : "the applier is too old for `inspect`";
  return { group: "host", kind: "applier-other", what: applier, message, repaired: byDeploy };
}

/** Declared facts that a host can check itself. */
export function declaredFacts(declaration: Declaration, name: string, applier?: string): DeclaredFacts {
  const { groups } = renderBundle(declaration, name);
  const host = declaration.hosts.find((each) => each.name === name)!;
  const { disks, mirrors, links, release, runtimes, upgrades } = host;
  const timeServers = declaration.networks[0]?.timeServers;
  return {
    digests: Object.fromEntries(Object.entries(groups).map(([group, own]) => [group, own?.digest])),
    disks: disks.map(({ slot, serial }) => ({ slot, serial })),
    mirrors,
    links: links.map(({ port }) => ({ port })),
    release,
    runtimes,
    packages: usedPackages({ declaration, host }),
    upgrades: { security: upgrades.security },
    ...(timeServers && { timeServers: timeServers.map(({ name }) => name) }),
    ...(applier !== undefined && { applier }),
  };
}

/** Calls a function for every host, at most `parallel` at once. @returns results in the same order */
export async function eachHost<T, R>(
  hosts: readonly T[],
  parallel: number,
  work: (host: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(hosts.length);
  const queue = hosts.entries();
  const worker = async () => {
    for (const [index, host] of queue) results[index] = await work(host);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, hosts.length) }, worker));
  return results;
}
