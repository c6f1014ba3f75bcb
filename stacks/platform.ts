import type * as pulumi from "@pulumi/pulumi";
import { AccountContainer } from "../components/account/account-container.ts";
import { AccountAddress } from "../components/address/account-address.ts";
import type { Declaration } from "../components/declaration.ts";
import { BareMetalHost } from "../components/host/bare-metal-host.ts";
import { FrontEnd } from "../components/http/front-end.ts";
import { HttpServer } from "../components/http/http-server.ts";
import type { Bootstrap } from "../delivery/bootstrap.ts";
import { type Connection, HostDelivery, packBundle } from "../delivery/host-delivery.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { places } from "./places.ts";

export interface PlatformArgs {
  readonly declaration: Declaration;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly bootstrap: Bootstrap;
  readonly secretEpoch: number;
  /** How many times a repair of each host was asked for. */
  readonly repairs: ReadonlyMap<string, number>;
}

/** What a stack exports: each host's last report. */
export type PlatformOutputs = Record<string, HostDelivery["report"]>;

/**
 * How many accounts the program is ahead of the engine. Enough to keep it busy; more only costs memory (1,000 accounts, all at
 * once: a tenth more time).
 */
const accountsAhead = 20;

/** Composes one cell: every component of the declaration, and one delivery a host. Names carry numbers: a renamed account stays itself. */
export async function platform({
  declaration,
  connections,
  bootstrap,
  secretEpoch,
  repairs,
}: PlatformArgs): Promise<PlatformOutputs> {
  places(declaration);
  const hosts = new Map<string, pulumi.Resource>();
  const parentOf = (map: Map<string, pulumi.Resource>, key: string) => ({ parent: map.get(key)! });

  // Not under its site: a resource's parent is part of its identity, and a host that is carried to another site stays itself.
  for (const host of declaration.hosts) hosts.set(host.name, new BareMetalHost(host.name, host));
  for (const frontEnd of declaration.frontEnds) {
    new FrontEnd(`${frontEnd.host}-front-end`, frontEnd, parentOf(hosts, frontEnd.host));
  }
  const addressesOf = Map.groupBy(declaration.addresses, ({ account }) => account);
  const serversOf = Map.groupBy(declaration.httpServers, ({ account }) => account);
  const sent: Promise<void>[] = [];
  for (const [index, account] of declaration.accounts.entries()) {
    await sent[index - accountsAhead];
    const container = new AccountContainer(`account-${account.number}`, account, parentOf(hosts, account.host));
    for (const address of addressesOf.get(account.number) ?? []) {
      new AccountAddress(`account-${account.number}-address`, address, { parent: container });
    }
    for (const server of serversOf.get(account.number) ?? [])
      new HttpServer(server.unit, server, { parent: container });
    sent.push(registered(container));
  }
  // Rendered while the engine takes the last accounts.
  const bundles = declaration.hosts.map(({ name }) => packBundle(renderBundle(declaration, name)));
  await Promise.all(sent.slice(-accountsAhead));

  const reports: PlatformOutputs = {};
  for (const [index, { name, release }] of declaration.hosts.entries()) {
    const repair = repairs.get(name) ?? 0;
    const delivery = new HostDelivery(
      `${name}-delivery`,
      {
        host: name,
        connection: connections.get(name)!,
        bootstrap: bootstrap.for(release, repair),
        bundle: bundles[index]!,
        secretEpoch,
        repair,
      },
      parentOf(hosts, name),
    );
    reports[name] = delivery.report;
  }
  return reports;
}

/** When the engine has taken a resource. */
function registered({ urn }: pulumi.Resource): Promise<void> {
  return new Promise((resolve) => {
    urn.apply(() => resolve());
  });
}
