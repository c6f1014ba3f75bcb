import { lstatSync } from "node:fs";
import { chrony } from "../../../components/time/chrony.host.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import type { DeclaredFacts, Difference } from "../../../delivery/protocol/inspection.ts";
import type { Machine } from "../../os/machine.ts";
import { filesOf } from "../../store/generations.ts";

/** Hours without a believed answer after which a clock runs alone. Servers are asked every 17 minutes at the latest, one that has lost its keys anew. */
const alone = 3;

/** Written by chronyd when it starts. */
const pidFile = "/run/chrony/chronyd.pid";

/**
 * Whether the clock follows a server. With servers that the inventory names it must; public ones, which hosts ask without any named, a host may not
 * reach by intention, so that is a note. A daemon that does not run is found as a unit.
 */
export async function lookAtClock(
  machine: Machine,
  bundle: Bundle,
  { timeServers }: DeclaredFacts,
  now = Date.now(),
): Promise<Difference[]> {
  if (!filesOf(bundle).has(chrony.entry.file)) return [];
  const started = lstatSync(machine.layout.at(pidFile), { throwIfNoEntry: false })?.mtimeMs;
  if (started === undefined) return [];
  const { status, stdout, stderr } = await machine.run("chronyc", ["-n", "-c", "tracking"], { timeout: 20_000 });
  const problem = { group: "host", kind: "clock-alone", what: chrony.entry.unit } as const;
  // Reference, address, stratum, and the time of the last believed answer in seconds.
  const [, last] = /^[^,]*,[^,]*,\d+,(\d+(?:\.\d+)?),/.exec(stdout) ?? [];
  if (status !== 0 || last === undefined) {
    const message = `\`chronyc tracking\` does not say which server the clock follows: ${(stderr || stdout).trim()}`;
    return [{ ...problem, message, repaired: "by hand: see `systemctl status chrony`" }];
  }
  const since = Math.max(Number(last) * 1000, started);
  if (now - since <= alone * 3_600_000) return [];
  const those = timeServers === undefined ? "public" : "declared";
  const what = Number(last) === 0 ? "has never followed a server" : "follows no server";
  const message = `the clock ${what} since ${new Date(since).toISOString()}: none of the ${those} ones (${servers(bundle).join(", ")}) gives an answer that chrony accepts`;
  const repaired =
    `by hand: see \`chronyc -N sources\` and \`chronyc -N authdata\`${those === "public" ? ", or name servers that the host reaches in `time` of network.yaml" : ""}` as const;
  return [{ ...problem, message, repaired, ...(those === "public" && { note: true }) }];
}

function servers(bundle: Bundle): string[] {
  const { content = "" } = filesOf(bundle).get(chrony.entry.file) ?? {};
  return [...content.matchAll(/^(?:server|pool) (\S+)/gm)].map(([, name]) => name!);
}
