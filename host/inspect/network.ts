import { existsSync, readFileSync } from "node:fs";
import { network } from "../../components/address/network.host.ts";
import { type Bundle, routeProtocol } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { firewallHash, ourTables } from "../os/nftables.ts";
import { sshAnswersHere } from "../os/ssh.ts";
import { filesOf, readApplied } from "../store/generations.ts";
import { byDeploy, type DeclaredFacts, type Difference } from "./difference.ts";

/** Compares the tables of the bundle with their state when they were loaded, and lists foreign tables. */
export async function lookAtFirewall(machine: Machine, bundle: Bundle): Promise<Difference[]> {
  const differences: Difference[] = [];
  const applied = readApplied(machine);
  const ours = ourTables(bundle);
  const { status, stdout } = await machine.run("nft", ["-j", "list", "tables"]);
  if (status !== 0) return differences;
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
  for (const table of there.filter((table) => !ours.some(same(table)))) {
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

/** Local routes of the accounts' prefixes: without its route an account cannot be reached. */
export async function lookAtRoutes({ run }: Machine, bundle: Bundle): Promise<Difference[]> {
  const wanted = [...filesOf(bundle).values()].filter(({ path }) => path.startsWith("network/accounts/"));
  if (!filesOf(bundle).has(network.entry.file)) return [];
  const show = ["-6", "-j", "route", "show", "table", "local", "proto", `${routeProtocol}`];
  const { status, stdout } = await run("ip", show);
  if (status !== 0) return [];
  const there = new Set((JSON.parse(stdout || "[]") as { dst: string }[]).map(({ dst }) => dst));
  const prefixes = new Map(wanted.map((file) => [(file.content ?? "").trim(), file]));
  return [
    ...[...prefixes].flatMap(([prefix, { group }]): Difference[] => {
      if (there.has(prefix)) return [];
      const message = `the local route of ${prefix} is missing: the account cannot be reached`;
      return [{ group, kind: "route-missing", what: prefix, message, repaired: byDeploy }];
    }),
    ...[...there].flatMap((prefix): Difference[] => {
      if (prefixes.has(prefix)) return [];
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
