import { existsSync, readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { bird as folder } from "../../../components/network/bird.host.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { routerOf } from "../../store/host-name.ts";
import type { Daemon } from "../daemons.ts";
import type { Machine } from "../machine.ts";
import { controllerHears } from "../ssh/ssh.ts";
import { watchSessions } from "./router-sessions.ts";

/** Seconds until all that worked before must work again, and until BIRD takes the old configuration by itself, whatever becomes of the applier. */
const [patience, deadMan] = [20, 35] as const;

/** Milliseconds until a router's neighbours have told anew what a new filter decides about (route refresh). Before, all seems to work. */
const refreshed = 3000;

/** What of the routing worked at a moment. */
interface Routing {
  /** By name, each BGP session of the configuration. */
  readonly sessions: ReadonlyMap<string, Session>;
  /** IP versions for which the kernel has a way out from BIRD. */
  readonly waysOut: readonly string[];
}

interface Session {
  readonly established: boolean;
  /** Prefixes that the other end hears. */
  readonly exported: readonly string[];
  /** Default routes that it tells. */
  readonly defaults: readonly string[];
}

/**
 * `birdc configure` reports whether the new configuration is in use; a reload by systemd does not. The new one stays only if all that
 * worked before works again, and the controller still hears the host: otherwise BIRD takes the old one, by itself if nobody says so.
 */
export const bird: Daemon = {
  async reload(machine) {
    const { run } = machine;
    const birdc = (...words: readonly string[]) => run("birdc", words);
    // Of an applier that has ended: what is in force now is not what last worked.
    if ((await birdc("configure", "status")).stdout.includes("unconfirmed")) {
      await birdc("configure", "undo");
      const comesBack = async () => {
        const { sessions } = await routingOf(machine);
        const ready = (await birdc("show", "status")).stdout.includes("Daemon is up and running");
        return ready && [...sessions.values()].every(({ established }) => established) ? undefined : "not yet";
      };
      await within(10, comesBack);
    }
    const watched = await watch(machine);
    const file = `"${currentGeneration}/${folder.entry.file}"`;
    const { stdout, stderr } = await birdc("configure", file, "timeout", `${deadMan}`);
    if (!/^(Reconfigured|Reconfiguration in progress)/m.test(stdout)) return `${stdout}${stderr}`.trim();
    const pause = routerOf(machine) === undefined ? 0 : refreshed;
    await sleep(pause);
    const wrong = (await within(patience - pause / 1000, watched.wrong)) ?? (await controllerHears(machine));
    if (wrong === undefined) {
      const confirmed = await birdc("configure", "confirm");
      if (/^Reconfiguration confirmed/m.test(confirmed.stdout)) return undefined;
      return `the new routing was not confirmed within ${deadMan} s, so BIRD has taken the old one: deploy again`;
    }
    const undone = await birdc("configure", "undo");
    if (!/^(Undo requested|Reconfigured|Reconfiguration in progress|Undo scheduled)/m.test(undone.stdout))
      return `${wrong}; the old routing could NOT be restored (${`${undone.stdout}${undone.stderr}`.trim()}), BIRD tries again within ${deadMan} s`;
    const still = await within(patience, watched.still);
    return `${wrong}; the old routing is restored${still === undefined ? "" : `, but ${still}`}`;
  },
  /** BIRD reports it to the second or better, in the host's local time. */
  async lastRead({ run }) {
    const { stdout } = await run("birdc", ["show", "status"]);
    const [, time] = /^Last reconfiguration on (\S+ \S+)$/m.exec(stdout) ?? [];
    const at = time === undefined ? Number.NaN : Date.parse(time.replace(" ", "T"));
    return Number.isNaN(at) ? undefined : at + 1000;
  },
};

/**
 * Notes what of the routing works now.
 * @returns looks at what does not work as declared, once a configuration is new, and at what does not work as before
 */
async function watch(machine: Machine): Promise<Record<"wrong" | "still", () => Promise<string | undefined>>> {
  if (routerOf(machine) !== undefined) {
    const lost = await watchSessions(machine);
    return { wrong: lost, still: lost };
  }
  const before = await routingOf(machine);
  return {
    wrong: async () => missingIn(await routingOf(machine), before, announcedIn(machine)),
    still: async () => missingIn(await routingOf(machine), before),
  };
}

/** Notes what of the routing works now. @returns a look at what of it does not work any more, if anything */
export async function watchRouting(machine: Machine): Promise<() => Promise<string | undefined>> {
  return (await watch(machine)).still;
}

/** Asks again until nothing is wrong, or the time is over. @returns what is wrong then */
export async function within(seconds: number, look: () => Promise<string | undefined>): Promise<string | undefined> {
  const end = performance.now() + seconds * 1000;
  for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
    const wrong = await look();
    if (wrong === undefined || performance.now() >= end) return wrong;
    await sleep(pause);
  }
}

async function routingOf({ run }: Machine): Promise<Routing> {
  const { stdout } = await run("birdc", ["show", "protocols"]);
  const sessions = new Map<string, Session>();
  for (const [, name, state] of stdout.matchAll(/^(\w+) +BGP +\S+ +\S+ +\S+ +(.*)$/gm)) {
    const established = /\bEstablished\b/.test(state!);
    const routes = async (which: string) =>
      established ? prefixesIn(await run("birdc", ["show", "route", which, name!])) : [];
    const defaults = (await routes("protocol")).filter((prefix) => prefix.endsWith("/0"));
    sessions.set(name!, { established, exported: await routes("export"), defaults });
  }
  const waysOut: string[] = [];
  for (const family of ["-6", "-4"]) {
    const shown = await run("ip", [family, "route", "show", "default", "proto", "bird"]);
    if (shown.stdout.trim() !== "") waysOut.push(family === "-6" ? "IPv6" : "IPv4");
  }
  return { sessions, waysOut };
}

function prefixesIn({ stdout }: { readonly stdout: string }): string[] {
  return [...stdout.matchAll(/^([0-9a-f.:]+\/\d+)\s/gm)].map(([, prefix]) => prefix!);
}

/** What the generation in force announces, by its text. */
function announcedIn({ layout }: Machine): readonly string[] {
  const directory = layout.at(`${currentGeneration}/${folder.name}`);
  const paths = existsSync(directory) ? readdirSync(directory, { recursive: true, encoding: "utf8" }) : [];
  return paths
    .filter((path) => path.endsWith(".conf"))
    .flatMap((path) => [...readFileSync(`${directory}/${path}`, "utf8").matchAll(/^\s*route (\S+) unreachable;/gm)])
    .map(([, prefix]) => prefix!);
}

/**
 * What worked before and does not now. Sessions that are not declared any more may go, but not the last one.
 * @param declared what neighbours must hear: no prefix more, and of IPv6 none less; without it, what they heard before
 */
function missingIn(now: Routing, before: Routing, declared?: readonly string[]): string | undefined {
  // A host that gives up its IPv4 address has no way out by IPv4 any more.
  const isDue = (prefix: string) => prefix.includes(":") || declared?.some((each) => !each.includes(":")) !== false;
  const worked = [...before.sessions].filter(([, { established }]) => established);
  for (const [name, then] of worked) {
    const session = now.sessions.get(name);
    if (session === undefined) continue;
    if (!session.established) return `the session with ${name} is not established any more`;
    const wanted = declared ?? then.exported;
    const foreign = session.exported.filter((prefix) => !wanted.includes(prefix));
    if (foreign.length > 0) return `${name} is told of ${listed(foreign)}, which this host does not announce`;
    // A router that takes no IPv4 over IPv6 has never heard of it.
    const due = wanted.filter((prefix) => prefix.includes(":") || then.exported.includes(prefix));
    const silent = due.filter((prefix) => !session.exported.includes(prefix));
    if (silent.length > 0) return `${name} does not get routes ${listed(silent)} from this host`;
    const lost = then.defaults.filter((prefix) => isDue(prefix) && !session.defaults.includes(prefix));
    if (lost.length > 0) return `the default route of ${name} (${lost.join(", ")}) is not taken any more`;
  }
  if (worked.length > 0 && ![...now.sessions.values()].some(({ established }) => established))
    return "no session with a router is left";
  const closed = before.waysOut.filter(
    (family) => isDue(family === "IPv6" ? "::/0" : "0.0.0.0/0") && !now.waysOut.includes(family),
  );
  return closed.length === 0 ? undefined : `the host has no default route for ${closed.join(" and ")} any more`;
}

function listed(prefixes: readonly string[]): string {
  return prefixes.length <= 3 ? prefixes.join(", ") : `${prefixes[0]} and ${prefixes.length - 1} more`;
}
