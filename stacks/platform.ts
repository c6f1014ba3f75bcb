import { setImmediate } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { AccountContainer } from "../components/account/account-container.ts";
import type { Declaration } from "../components/declaration.ts";
import { BareMetalHost } from "../components/host/bare-metal-host.ts";
import { FrontEnd } from "../components/http/front-end.ts";
import { HttpServer } from "../components/http/http-server.ts";
import { AccountAddress } from "../components/network/account-address.ts";
import { type Connection, HostDelivery } from "../components/remote/host-delivery.ts";
import { encodeBundle, renderBundle } from "../components/remote/render-bundle.ts";
import type { Bootstrap } from "../host/bootstrap.ts";
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
  const accounts = new Map<number, pulumi.Resource>();
  const parentOf = <K>(map: Map<K, pulumi.Resource>, key: K) => ({ parent: map.get(key)! });

  // Not under its site: a resource's parent is part of its identity, and a host that is carried to another site stays itself.
  for (const host of declaration.hosts) hosts.set(host.name, new BareMetalHost(host.name, host));
  for (const frontEnd of declaration.frontEnds) {
    new FrontEnd(`${frontEnd.host}-front-end`, frontEnd, parentOf(hosts, frontEnd.host));
  }
  for (const [index, account] of declaration.accounts.entries()) {
    // Nothing is sent before this turn of the event loop ends: the engine shall not wait until everything is declared.
    if (index % 100 === 99) await setImmediate();
    accounts.set(
      account.number,
      new AccountContainer(`account-${account.number}`, account, parentOf(hosts, account.host)),
    );
  }
  for (const address of declaration.addresses) {
    new AccountAddress(`account-${address.account}-address`, address, parentOf(accounts, address.account));
  }
  for (const server of declaration.httpServers) new HttpServer(server.unit, server, parentOf(accounts, server.account));
  await setImmediate();

  const reports: PlatformOutputs = {};
  for (const { name, release } of declaration.hosts) {
    const bundle = renderBundle(declaration, name);
    const repair = repairs.get(name) ?? 0;
    const delivery = new HostDelivery(
      `${name}-delivery`,
      {
        host: name,
        connection: connections.get(name)!,
        bootstrap: bootstrap.for(release, repair),
        bundle,
        encoded: encodeBundle(bundle),
        secretEpoch,
        repair,
      },
      parentOf(hosts, name),
    );
    reports[name] = delivery.report;
  }
  return reports;
}
