import * as pulumi from "@pulumi/pulumi";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import type { Connection } from "../delivery/commands.ts";
import type { HeldCommand } from "../delivery/held-command.ts";
import { resourceName } from "../delivery/protocol/resources.ts";
import type { Holdings } from "./holdings.ts";

type Before = Pick<Holdings, "hosts"> & {
  readonly commands: ReadonlyMap<string, Pick<HeldCommand, "hostKey">>;
  readonly delivered: Pick<Holdings["delivered"], "awaited">;
};

/**
 * Accounts with backups that a host had when it had another SSH host key: it may be a new machine, and then these must not begin empty there (docs/decisions/0128). Told to a host once, they
 * stay in its deliveries, so that the next one without changes is the same; a host that has them does nothing.
 * @param before what the stack holds
 * @param warn says of which accounts that is newly so
 * @returns numbers by host, in order; a host without any is not in it
 */
export function awaitedAccounts(
  { hosts, accounts }: Pick<Declaration, "hosts" | "accounts">,
  connections: ReadonlyMap<string, Pick<Connection, "hostKey">>,
  before: Before,
  warn: (line: string) => unknown = pulumi.log.warn,
): Map<string, readonly number[]> {
  const found = new Map<string, readonly number[]>();
  for (const { name, role, lost } of hosts) {
    if (role === "backup" || lost !== undefined) continue;
    const own = accounts
      .filter(({ host, backup }) => host === name && backup !== undefined)
      .map(({ number }) => number);
    const held = before.commands.get(resourceName(name, "apply"))?.hostKey;
    const isOther = held !== undefined && held !== connections.get(name)?.hostKey;
    const had = isOther ? own.filter((number) => before.hosts.get(number) === name) : [];
    const told = new Set([...(before.delivered.awaited.get(name) ?? []), ...had]);
    const awaited = own.filter((number) => told.has(number)).sort((left, right) => left - right);
    if (awaited.length > 0) found.set(name, awaited);
    if (had.length > 0)
      warn(
        `${name} has another SSH host key than at its last delivery. If it is another machine, accounts are held there until \`fairhost-host restore-host\` on ${name} has restored their newest backups: ${had.join(", ")}.`,
      );
  }
  return found;
}
