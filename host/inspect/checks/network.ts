import { existsSync, readFileSync } from "node:fs";
import { network } from "../../../components/address/network.host.ts";
import { type Bundle, type Group, routeProtocol } from "../../../delivery/protocol/bundle.ts";
import {
  byDeploy,
  type DeclaredFacts,
  type Difference,
  type DifferenceKind,
} from "../../../delivery/protocol/inspection.ts";
import type { Machine } from "../../os/machine.ts";
import { firewallHash, ourTables } from "../../os/network/nftables.ts";
import { sshAnswersHere } from "../../os/ssh/ssh.ts";
import { filesOf, readApplied } from "../../store/generations.ts";
import { routerOf } from "../../store/host-name.ts";

/** Compares the tables of the bundle with their state when they were loaded, and lists foreign tables. */
export async function lookAtFirewall(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  const differences: Difference[] = [];
  const applied = readApplied(machine);
  const ours = ourTables(bundle);
  const words = ["-j", "list", "tables"];
  const { status, stdout, stderr } = await machine.run("nft", words);
  if (status !== 0) return [unanswered("firewall-changed", ["nft", ...words], stderr || `exit status ${status}`)];
  const { nftables } = JSON.parse(stdout) as { nftables: { table?: { family: string; name: string } }[] };
  const there = nftables.flatMap(({ table }) => table ?? []);
  const same = (a: { family: string; name: string }) => (b: { family: string; name: string }) =>
    a.family === b.family && a.name === b.name;
  const missing = ours.filter((table) => !there.some(same(table)));
  for (const { family, name } of missing) {
    const message = `nftables table ${family} ${name} is not loaded`;
    differences.push({
      group: "host",
      kind: "firewall-changed",
      what: `${family} ${name}`,
      message,
      repaired: byDeploy,
    });
  }
  if (missing.length === 0 && applied && (await firewallHash(machine, bundle)) !== applied.firewall) {
    const what = ours.map(({ family, name }) => `${family} ${name}`).join(", ");
    const message = `the rules of ${what || "the firewall"} differ from those that were loaded`;
    differences.push({ group: "host", kind: "firewall-changed", what, message, repaired: byDeploy });
  }
  // A router has rules of whoever set it up.
  const foreign = routerOf(machine) === undefined ? there.filter((table) => !ours.some(same(table))) : [];
  for (const table of foreign) {
    const what = `${table.family} ${table.name}`;
    const repaired = `by hand: \`nft delete table ${what}\` unless it is intended` as const;
    differences.push({
      group: "host",
      kind: "foreign-table",
      what,
      message: `nftables table ${what} does not belong to Fairhost`,
      repaired,
    });
  }
  return differences;
}

/** Local routes of the accounts' prefixes, of their resolver and of the front end's IPv4 address: nobody reaches what has none. */
export async function lookAtRoutes({ run }: Machine, bundle: Bundle): Promise<Difference[]> {
  if (!filesOf(bundle).has(network.entry.file)) return [];
  const listed = (pattern: RegExp) => {
    const files = [...filesOf(bundle).values()].filter(({ path }) => pattern.test(path));
    return new Map(files.map(({ content, group }) => [(content ?? "").trim(), group]));
  };
  const compared = async (family: "-4" | "-6", wanted: ReadonlyMap<string, Group>, effect: string) => {
    const show = [family, "-j", "route", "show", "table", "local", "proto", `${routeProtocol}`];
    const { status, stdout, stderr } = await run("ip", show);
    if (status !== 0) return [unanswered("route-missing", ["ip", ...show], stderr || `exit status ${status}`)];
    const there = (JSON.parse(stdout || "[]") as { dst: string }[]).map(({ dst }) => dst);
    return differencesOf(wanted, there, effect);
  };
  return [
    ...(await compared("-6", listed(/^network\/(accounts\/|resolver$)/), "nobody reaches it")),
    ...(await compared("-4", listed(/^network\/address4$/), "nobody reaches the front end over IPv4")),
  ];
}

/** What cannot be looked at may be anything: it differs, and the rest is still compared. */
function unanswered(kind: DifferenceKind, command: readonly string[], said: string): Difference {
  const [what, message] = [command.join(" "), `\`${command.join(" ")}\` fails: ${said.trim()}`];
  return { group: "host", kind, what, message, repaired: `by hand: run \`${what}\`` };
}

/** @param there destinations of routes */
function differencesOf(wanted: ReadonlyMap<string, Group>, there: readonly string[], effect: string): Difference[] {
  return [
    ...[...wanted].flatMap(([prefix, group]): Difference[] => {
      if (there.includes(prefix)) return [];
      const message = `the local route of ${prefix} is missing: ${effect}`;
      return [{ group, kind: "route-missing", what: prefix, message, repaired: byDeploy }];
    }),
    ...there.flatMap((prefix): Difference[] => {
      if (wanted.has(prefix)) return [];
      const message = `the local route of ${prefix} belongs to no account of this host`;
      return [{ group: "host", kind: "route-foreign", what: prefix, message, repaired: byDeploy }];
    }),
  ];
}

/** The host's own links, as declared. */
export function lookAtLinks({ layout }: Machine, { links = [] }: DeclaredFacts): Difference[] {
  return links.flatMap(({ port }) => {
    const path = layout.at(`/sys/class/net/${port}`);
    const found = (message: string): Difference[] => {
      const repaired = "by hand: check the link, the switch port and `networkctl`" as const;
      return [{ group: "host", kind: "link-down", what: port, message, repaired }];
    };
    if (!existsSync(path)) return found(`interface ${port} does not exist`);
    return hasCarrier(path) ? [] : found(`interface ${port} has no carrier or is down`);
  });
}

function hasCarrier(path: string): boolean {
  try {
    return readFileSync(`${path}/carrier`, "utf8").trim() === "1";
  } catch {
    // The kernel does not tell while the interface is down.
    return false;
  }
}

export async function lookAtSsh(machine: Machine): Promise<Difference[]> {
  if (await sshAnswersHere(machine)) return [];
  const repaired = "by hand: see `systemctl status ssh`" as const;
  const message = "no SSH server answers on the port that the controller uses";
  return [{ group: "host", kind: "ssh-silent", what: "ssh.service", message, repaired }];
}
