import type { Host } from "../../../components/declaring.ts";
import { reachedNames } from "../../../components/network/router-systems/delivered-routers.ts";
import type { Fleet } from "../../../components/registry/files.generated.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import type { Group } from "../../../delivery/protocol/bundle.ts";
import type { Health } from "../../../delivery/protocol/inspection.ts";
import { sampleOf } from "../../../lib/sample.ts";
import { readAnswer } from "../../drift/answer.ts";
import { applier, sshTarget } from "../../drift/inspect-hosts.ts";
import { SshError, sshRun } from "../../drift/ssh.ts";
import type { StackConfig } from "../../engine/stack-config.ts";

/** How to reach a host, according to the inventory. */
export type Reachable = Pick<Host, "name" | "ssh">;

/** Routers of a fleet that deploys deliver to. */
export function reachedRouters({ network }: { readonly network?: Fleet["network"] }): Reachable[] {
  return network?.routers.flatMap(({ name, ssh }) => (ssh ? { name, ssh } : [])) ?? [];
}

/** What one look at a host's health shows. */
export type Look = Pick<Health, "healthy" | "problems" | "woken" | "notes" | "sessions">;

/** Looks at the health of a host, and asks these of its accounts for a page. */
export type Gate = (host: string, accounts: readonly number[]) => Promise<Look>;

/** Accounts that are asked on each host, before and after its wave. */
const asked = 5;

/** Answers of the front end in the place of an account's server. An account can give them too: they only count together. */
const notAnswering = [0, 502, 503, 504];

/** Lets the host check itself, over one connection: units, front end, and some accounts by a real request. */
export function healthGate(config: StackConfig, hosts: readonly Reachable[]): Gate {
  return async (name, accounts) => {
    const host = hosts.find((each) => each.name === name);
    // A removed host cannot be checked.
    if (!host) return { healthy: true, problems: [], woken: [] };
    try {
      const { stdout, stderr } = await sshRun(sshTarget(config, host), [
        applier,
        "health",
        "--json",
        ...accounts.map(String),
      ]);
      if (stdout.trim() === "")
        return unhealthy(`the health check of ${name} returned no result: ${stderr.trim().slice(-1000)}`);
      return readAnswer(name, "health", stdout);
    } catch (error) {
      if (error instanceof SshError) return unhealthy(error.message);
      throw error;
    }
  };
}

function unhealthy(message: string): Look {
  return { healthy: false, problems: [{ group: "host", message }], woken: [] };
}

/** A wave's hosts as they were before it. */
export type Before = ReadonlyMap<string, { readonly accounts: readonly number[]; readonly look: Look | undefined }>;

/**
 * Looks at hosts before their wave, in parallel, and chooses the accounts to ask on each: among those with an HTTP server on it before
 * and after, anew for each wave. An account that hangs costs the wave about a minute, here and afterwards.
 */
export async function lookBefore(hosts: readonly string[], sides: Sides, gate: Gate): Promise<Before> {
  const { declaration } = sides.before;
  const known = new Set(reachedNames(declaration));
  const looks = hosts.map(async (host) => {
    const later = serving(sides.after, host);
    const accounts = sampleOf(
      [...serving(sides.before, host)].filter((account) => later.has(account)),
      asked,
    );
    return [host, { accounts, look: known.has(host) ? await gate(host, accounts) : undefined }] as const;
  });
  return new Map(await Promise.all(looks));
}

/** Both sides of a change, as far as they say which accounts serve visitors on which host. */
export type Sides = Readonly<
  Record<
    "before" | "after",
    { readonly declaration: Pick<Declaration, "accounts" | "hosts" | "httpServers" | "routers"> }
  >
>;

function serving({ declaration }: Sides["before"], name: string): ReadonlySet<number> {
  const suspended = new Set(declaration.accounts.flatMap(({ number, suspended: since }) => (since ? [number] : [])));
  return new Set(
    declaration.httpServers.flatMap(({ account, host }) => (host === name && !suspended.has(account) ? [account] : [])),
  );
}

/**
 * Looks at the hosts again after their wave. `problems` stop the deploy: what is wrong with a host itself, what is newly wrong with the
 * units of an account, and that all accounts that answered before are silent now, if those were at least two. One account alone
 * never stops a deploy, as what it answers is up to it: that is in `notes`. Of a router, a session that is lost stops it.
 */
export async function compareAfter(
  before: Before,
  gate: Gate,
): Promise<{ readonly problems: string[]; readonly notes: string[] }> {
  const results = await Promise.all(
    [...before].map(async ([host, { accounts, look }]) => compare(host, look, await gate(host, accounts))),
  );
  return { problems: results.flatMap(({ problems }) => problems), notes: results.flatMap(({ notes }) => notes) };
}

function compare(host: string, before: Look | undefined, after: Look): { problems: string[]; notes: string[] } {
  const wasWrong = new Set<Group>(before?.problems.map(({ group }) => group).filter((group) => group !== "host"));
  const [old, fresh] = [true, false].map((known) =>
    after.problems.filter(({ group }) => wasWrong.has(group) === known).map(({ message }) => `${host}: ${message}`),
  );
  const statuses = new Map(after.woken.map(({ account, status }) => [account, status]));
  const answered = (before?.woken ?? []).filter(
    ({ account, status }) => !notAnswering.includes(status) && statuses.has(account),
  );
  const silent = answered.filter(({ account }) => notAnswering.includes(statuses.get(account)!));
  const lines = silent.map(({ account, status }) => {
    return `account ${account} answered ${status} before and ${statuses.get(account) || "nothing"} now`;
  });
  const all = silent.length >= 2 && silent.length === answered.length;
  const lost = Object.entries(before?.sessions ?? {}).flatMap(([name, established]) =>
    established && after.sessions?.[name] === false ? name : [],
  );
  return {
    problems: [
      ...(lost.length > 0 ? [`${host}: BGP sessions that were established are not any more: ${lost.join(", ")}`] : []),
      ...(after.healthy || after.problems.length > 0 ? [] : [`${host}: not healthy`]),
      ...fresh!,
      ...(all ? [`${host}: none of the accounts asked answers any more: ${lines.join(", ")}`] : []),
    ],
    notes: [...old!, ...[...(all ? [] : lines), ...(after.notes ?? [])].map((line) => `${host}: ${line}`)],
  };
}
