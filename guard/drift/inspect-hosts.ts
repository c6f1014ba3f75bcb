import type { Host } from "../../components/declaring.ts";
import { packagesOf, routerTurns } from "../../components/network/router-systems/delivered-routers.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { DeclaredFacts, Difference } from "../../delivery/protocol/inspection.ts";
import { byDeploy } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { usedPackages } from "../../delivery/used-packages.ts";
import { exitStatuses } from "../../lib/user-error.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import { readAnswer } from "./answer.ts";
import { SshError, type SshOptions, type SshTarget, sshRun } from "./ssh.ts";

/** Path of the applier on a host. */
export const applier = "/usr/local/sbin/fairhost-host";

/** The answer of one host or router: its drift, or why it could not be inspected. */
export type HostDrift = Asked & Answered;

type Answered =
  | {
      readonly generation: number;
      readonly differences: readonly Difference[];
      /** Of a router that has not got yet what is declared, where hosts are in several cells: what to do (waiting-routers.ts). */
      readonly waits?: string;
    }
  | { readonly error: string };

interface Asked {
  /** Its name. */
  readonly host: string;
  /** Whether it is a router. */
  readonly router?: true;
}

export interface InspectOptions {
  /** SHA-256 of the applier that the program would install (`loadBootstrap().applier`); without it appliers are not compared. */
  readonly applier?: string;
  /** Whether groups are compared with the declaration, too. Default: true. Without it, it may be incomplete, as that of a state can be. */
  readonly digests?: boolean;
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
 * Compares hosts, and routers that deploys deliver to, with what is declared for them, in parallel and over one connection each. Changes
 * nothing. One that does not answer does not delay the others: it has its own timeout, and its result says why.
 * @returns in the order of `targets`
 */
export function inspectHosts(
  declaration: Declaration,
  targets: readonly SshTarget[],
  options: InspectOptions = {},
): Promise<HostDrift[]> {
  const routers = new Set(declaration.routers.map(({ name }) => name));
  return eachHost(targets, options.parallel ?? 50, async (target): Promise<HostDrift> => {
    const asked: Asked = { host: target.name, ...(routers.has(target.name) && { router: true }) };
    try {
      return { ...asked, ...(await inspectHost(declaration, target, options)) };
    } catch (error) {
      if (error instanceof SshError) return { ...asked, error: error.message };
      throw error;
    }
  });
}

async function inspectHost(declaration: Declaration, target: SshTarget, options: InspectOptions): Promise<Answered> {
  const host = target.name;
  const facts = declaredFacts(declaration, host, options);
  const command = [applier, "inspect", "--json"];
  const { stdout, stderr, exitCode } = await sshRun(target, command, { ...options.ssh, stdin: JSON.stringify(facts) });
  // There is no applier, or one of an older release without this command.
  if (exitCode === 127 || exitCode === 2) return { generation: 0, differences: [withoutApplier(exitCode)] };
  // Appliers of older releases end with 1 if there is drift; so does a Node.js that cannot run one, without an answer.
  const ofOlder = exitCode === 1 && stdout.trim() !== "";
  if (exitCode !== exitStatuses.done && exitCode !== exitStatuses.drift && !ofOlder)
    return { error: `${host} cannot be inspected: ${stderr.trim().slice(-2000) || `exit status ${exitCode}`}` };
  // The applier of 0.1.0 says `findings`.
  const { generation, findings = [], differences = findings } = readAnswer(host, "inspect", stdout);
  return { generation, differences };
}

function withoutApplier(exitCode: number): Difference {
  const message =
    exitCode === 127 ? "there is no applier: nothing was ever deployed" : "the applier is too old for `inspect`";
  return { group: "host", kind: "applier-other", what: applier, message, repaired: byDeploy };
}

/** Declared facts that a host can check itself, or a router that deploys deliver to. */
export function declaredFacts(
  declaration: Declaration,
  name: string,
  { applier, digests = true }: Pick<InspectOptions, "applier" | "digests"> = {},
): DeclaredFacts {
  const host = declaration.hosts.find((each) => each.name === name);
  const bundle = () => (host ? renderBundle(declaration, name) : routerBundles(declaration).get(name)!);
  return {
    ...(digests && { digests: digestsOf(bundle()) }),
    ...(host ? factsOfHost(declaration, host) : factsOfRouter(declaration, name)),
    ...(applier !== undefined && { applier }),
  };
}

function factsOfHost(declaration: Declaration, host: Declaration["hosts"][number]): DeclaredFacts {
  const { disks, mirrors, links, release, runtimes, upgrades } = host;
  const timeServers = declaration.networks[0]?.timeServers;
  return {
    disks: disks.map(({ slot, serial }) => ({ slot, serial })),
    mirrors,
    links: links.map(({ port }) => ({ port })),
    release,
    runtimes,
    packages: usedPackages({ declaration, host }),
    upgrades: { security: upgrades.security },
    ...(timeServers && { timeServers: timeServers.map(({ name }) => name) }),
  };
}

function factsOfRouter(declaration: Declaration, name: string): DeclaredFacts {
  const router = routerTurns(declaration)
    .flat()
    .find((each) => each.name === name)!;
  return { packages: packagesOf(router) };
}

function digestsOf({ groups }: Bundle): NonNullable<DeclaredFacts["digests"]> {
  return Object.fromEntries(Object.entries(groups).map(([group, own]) => [group, own?.digest]));
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
