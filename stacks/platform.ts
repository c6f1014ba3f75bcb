import type * as pulumi from "@pulumi/pulumi";
import { type DeliveredRouter, routerTurns } from "../components/network/router-systems/delivered-routers.ts";
import { routerPlans } from "../components/network/router-systems/router-plan.ts";
import type { Declaration } from "../components/registry/kinds.generated.ts";
import { allKinds } from "../components/registry/subject.ts";
import type { Bootstrap } from "../delivery/bootstrap.ts";
import type { Connection, HeldCommands } from "../delivery/commands.ts";
import type { HeldCommand } from "../delivery/held-command.ts";
import { HostDelivery, packBundle } from "../delivery/host-delivery.ts";
import type { HeldSecrets } from "../delivery/master-secret.ts";
import type { AnswerStamp } from "../delivery/protocol/answers.ts";
import { resourceName } from "../delivery/protocol/resources.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { RouterDelivery } from "../delivery/router-delivery.ts";
import { byKey } from "../lib/lists.ts";
import { Components } from "./components.ts";
import type { DnsSecrets } from "./dns-secrets.ts";

export interface PlatformArgs {
  readonly declaration: Declaration;
  /** Of the whole fleet, which routers are told of. */
  readonly whole: Declaration;
  /** In the stack of the routers of several cells: those to which something may be delivered now. Without it, all. */
  readonly due?: ReadonlySet<string> | undefined;
  readonly connections: ReadonlyMap<string, Connection>;
  readonly bootstrap: Pick<Bootstrap, "for" | "forRouter">;
  readonly secretEpoch: number;
  /** Secrets of the DNS provider, of each host that needs them. */
  readonly dnsSecrets: ReadonlyMap<string, DnsSecrets>;
  /** Number of requested repairs of each host. */
  readonly repairs: ReadonlyMap<string, number>;
  /** Epochs of the master secrets that the stack holds, by the name of their resource. */
  readonly secrets: ReadonlyMap<string, HeldSecrets>;
  /** Commands that the stack holds, by the name of their resource. */
  readonly commands: ReadonlyMap<string, HeldCommand>;
  /** Stamps of answers to hosts (components/backup/stamps.ts). */
  readonly stamps: ReadonlyMap<string, AnswerStamp>;
  /** Accounts that a host has to wait for, because it may be another machine than before (awaited-accounts.ts), by host. */
  readonly awaited: ReadonlyMap<string, readonly number[]>;
}

/** Outputs of a stack: the last report of each host, and of each router that it delivers to; undefined if there is none. */
export interface PlatformOutputs {
  readonly hosts: Readonly<Record<string, HostDelivery["report"]>>;
  readonly routers: Readonly<Record<string, RouterDelivery["report"]>> | undefined;
}

/**
 * Number of resources by which the program is ahead of the engine. This keeps the engine busy; more only costs memory (1,000 accounts, all
 * at once: a tenth more time).
 */
const ahead = 60;

/** Composes one cell: every component of the declaration, one delivery for each host, and one for each router that has `ssh`. */
export async function platform({
  declaration,
  whole,
  due,
  connections,
  bootstrap,
  secretEpoch,
  dnsSecrets,
  repairs,
  secrets,
  commands,
  stamps,
  awaited,
}: PlatformArgs): Promise<PlatformOutputs> {
  const components = new Components();
  const sent: Promise<void>[] = [];
  // Parents come first in the registry.
  for (const kind of allKinds) {
    for (const element of declaration[kind.key]) {
      await sent[sent.length - ahead];
      sent.push(registered(components.add(kind, element)));
    }
  }
  // Bundles are rendered while the engine registers the last accounts.
  const bundles = declaration.hosts.map(({ name }) => packBundle(renderBundle(declaration, name)));
  await Promise.all(sent.slice(-ahead));

  // To delete a delivery means to take its host out of service, which a protected account must survive.
  const holdsProtected = new Set(declaration.accounts.flatMap(({ host, protect }) => (protect ? host : [])));
  const answers = stamps.size > 0 ? Object.fromEntries(stamps) : undefined;
  const reports: Record<string, HostDelivery["report"]> = {};
  const ofRouters: Record<string, RouterDelivery["report"]> = {};
  const plans = byKey(routerPlans(whole), ({ name }) => name);
  const held = (name: string): HeldCommands => {
    const [bootstrap, apply] = (["bootstrap", "apply"] as const).map((role) => commands.get(resourceName(name, role)));
    return { ...(bootstrap && { bootstrap }), ...(apply && { apply }) };
  };
  const deliverTo = (routers: readonly DeliveredRouter[], after: readonly pulumi.Resource[]) =>
    routers.flatMap((router) => {
      const { name } = router;
      const repair = repairs.get(name) ?? 0;
      const heldCommands = held(name);
      const waits = due !== undefined && !due.has(name);
      // Nothing was ever delivered to it.
      if (waits && heldCommands.apply === undefined) return [];
      const args = {
        ...{ router, plan: plans.get(name)!, connection: connections.get(name)!, heldCommands },
        ...{ bootstrap: bootstrap.forRouter(router, repair), repair, after, keepsTakes: due !== undefined, waits },
      };
      const delivery = new RouterDelivery(args, { parent: components.get("router", name)! });
      ofRouters[name] = delivery.report;
      return delivery.end;
    });
  const [first = [], ...further] = routerTurns(declaration);
  const firsts = deliverTo(first, []);
  const ends: pulumi.Resource[] = [...firsts];
  for (const [index, host] of declaration.hosts.entries()) {
    const { name, lost } = host;
    const heldSecrets = secrets.get(resourceName(name, "master-secret")) ?? {};
    const heldEpoch = heldSecrets.password ?? heldSecrets.bytes;
    // Nothing was ever delivered to it.
    if (lost !== undefined && heldEpoch === undefined) continue;
    const repair = repairs.get(name) ?? 0;
    const stamp = stamps.get(name);
    const ofDns = dnsSecrets.get(name);
    const waits = awaited.get(name);
    const delivery = new HostDelivery(
      {
        host: name,
        connection: connections.get(name)!,
        bootstrap: bootstrap.for({ declaration, host }, repair),
        bundle: bundles[index]!,
        // The secret that opens its backups stays.
        secretEpoch: lost === undefined ? secretEpoch : heldEpoch!,
        heldSecrets,
        heldCommands: held(name),
        after: firsts,
        ...(ofDns && { dnsSecrets: ofDns }),
        ...(waits && { awaited: waits }),
        ...(host.role === "backup" ? answers && { answers } : stamp && { answered: stamp.number }),
        repair,
        lost: lost !== undefined,
      },
      { parent: components.get("host", name)!, protect: holdsProtected.has(name) },
    );
    reports[name] = delivery.report;
    ends.push(delivery.end);
  }
  // Each turn waits for all before it.
  for (const turn of further) ends.push(...deliverTo(turn, [...ends]));
  return { hosts: reports, routers: further.length + first.length > 0 ? ofRouters : undefined };
}

/** Resolves when the engine has registered a resource. */
function registered({ urn }: pulumi.Resource): Promise<void> {
  return new Promise((resolve) => {
    urn.apply(() => resolve());
  });
}
