import { existsSync, readFileSync } from "node:fs";
import { network } from "../../components/address/network.host.ts";
import { type Bundle, routeProtocol } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { firewallHash, ourTables, sshAnswers } from "../os/nftables.ts";
import { filesOf, readApplied } from "../store/generations.ts";
import { byDeploy, type DeclaredFacts, type Finding } from "./finding.ts";

/** Our tables against what was seen when they were loaded, and tables of others. */
export async function lookAtFirewall(machine: Machine, bundle: Bundle): Promise<Finding[]> {
  const findings: Finding[] = [];
  const applied = readApplied(machine);
  const ours = ourTables(bundle);
  const { status, stdout } = await machine.run("nft", ["-j", "list", "tables"]);
  if (status !== 0) return findings;
  const { nftables } = JSON.parse(stdout) as { nftables: { table?: { family: string; name: string } }[] };
  const there = nftables.flatMap(({ table }) => table ?? []);
  const same = (a: { family: string; name: string }) => (b: { family: string; name: string }) =>
    a.family === b.family && a.name === b.name;
  const missing = ours.filter((table) => !there.some(same(table)));
  for (const { family, name } of missing) {
    const message = `the table ${family} ${name} of the packet filter is not loaded`;
    findings.push({ group: "host", kind: "firewall-changed", what: `${family} ${name}`, message, repaired: byDeploy });
  }
  if (missing.length === 0 && applied && (await firewallHash(machine, bundle)) !== applied.firewall) {
    const what = ours.map(({ family, name }) => `${family} ${name}`).join(", ");
    const message = `the rules of ${what || "the packet filter"} are not those that were loaded`;
    findings.push({ group: "host", kind: "firewall-changed", what, message, repaired: byDeploy });
  }
  for (const table of there.filter((table) => !ours.some(same(table)))) {
    const what = `${table.family} ${table.name}`;
    const repaired = `by hand: \`nft delete table ${what}\` unless it is meant` as const;
    findings.push({
      group: "host",
      kind: "foreign-table",
      what,
      message: `the table ${what} of the packet filter is not ours`,
      repaired,
    });
  }
  return findings;
}

/** Local routes of the accounts' prefixes: a missing one cuts its account off. */
export async function lookAtRoutes({ run }: Machine, bundle: Bundle): Promise<Finding[]> {
  const wanted = [...filesOf(bundle).values()].filter(({ path }) => path.startsWith("network/accounts/"));
  if (!filesOf(bundle).has(network.entry.file)) return [];
  const show = ["-6", "-j", "route", "show", "table", "local", "proto", `${routeProtocol}`];
  const { status, stdout } = await run("ip", show);
  if (status !== 0) return [];
  const there = new Set((JSON.parse(stdout || "[]") as { dst: string }[]).map(({ dst }) => dst));
  const prefixes = new Map(wanted.map((file) => [(file.content ?? "").trim(), file]));
  return [
    ...[...prefixes].flatMap(([prefix, { group }]): Finding[] => {
      if (there.has(prefix)) return [];
      const message = `the local route of ${prefix} is missing: nobody reaches the account`;
      return [{ group, kind: "route-missing", what: prefix, message, repaired: byDeploy }];
    }),
    ...[...there].flatMap((prefix): Finding[] => {
      if (prefixes.has(prefix)) return [];
      const message = `the local route of ${prefix} is of no account of this host`;
      return [{ group: "host", kind: "route-foreign", what: prefix, message, repaired: byDeploy }];
    }),
  ];
}

/** The host's own links, as declared. */
export function lookAtLinks({ layout }: Machine, { links = [] }: DeclaredFacts): Finding[] {
  return links.flatMap(({ port }) => {
    const path = layout.at(`/sys/class/net/${port}`);
    const found = (message: string): Finding[] => {
      const repaired = "by hand: look at the cable, the switch port and `networkctl`" as const;
      return [{ group: "host", kind: "link-down", what: port, message, repaired }];
    };
    if (!existsSync(path)) return found(`there is no interface ${port}`);
    return hasCarrier(path) ? [] : found(`${port} has no carrier or is switched off`);
  });
}

function hasCarrier(path: string): boolean {
  try {
    return readFileSync(`${path}/carrier`, "utf8").trim() === "1";
  } catch {
    // The kernel refuses to say while the interface is switched off.
    return false;
  }
}

export async function lookAtSsh(): Promise<Finding[]> {
  if (await sshAnswers()) return [];
  const repaired = "by hand: see `systemctl status ssh`" as const;
  const message = "no SSH server greets on the port the controller uses";
  return [{ group: "host", kind: "ssh-silent", what: "ssh.service", message, repaired }];
}
