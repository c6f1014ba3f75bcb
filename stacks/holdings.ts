import * as pulumi from "@pulumi/pulumi";
import type { Held } from "../components/declaring.ts";
import { kinds } from "../components/registry/kinds.generated.ts";
import { allKinds, elementName } from "../components/registry/subject.ts";
import { type HeldCommand, heldCommand, unmarked } from "../delivery/held-command.ts";
import type { HeldSecrets } from "../delivery/master-secret.ts";
import { commandType, deliveryType, routerDeliveryType, secretTypes } from "../delivery/protocol/resources.ts";
import { type HeldDeliveries, heldDeliveries } from "./held-deliveries.ts";

/** Kinds whose disappearance is judged, by type token. */
const judged = new Map(
  allKinds.filter(({ retired }) => retired !== "freely").map((kind) => [kind.type as string, kind]),
);

interface HeldResource {
  readonly type: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

/** What this stack holds from its last run. */
export interface Holdings {
  /** Elements whose disappearance is judged. */
  readonly held: readonly Held[];
  /** Number of requested repairs of each host and router. */
  readonly repairs: ReadonlyMap<string, number>;
  /** Uid of each account, by number. */
  readonly uids: ReadonlyMap<number, number>;
  /** Host of each account, by number. */
  readonly hosts: ReadonlyMap<number, string>;
  /** Epochs of master secrets, by the name of their resource. */
  readonly secrets: ReadonlyMap<string, HeldSecrets>;
  /** Commands on hosts, by the name of their resource. */
  readonly commands: ReadonlyMap<string, HeldCommand>;
  readonly delivered: HeldDeliveries;
  /** Standard inputs of commands, by the name of their resource. */
  readonly sent: readonly (readonly [string, string])[];
}

type Resources = Readonly<Record<string, HeldResource>>;

/**
 * Reads the stack's own state. A policy pack sees only what is declared now, so vanished elements are found here
 * (docs/decisions/0010). Empty on the first run.
 */
export async function holdings(): Promise<Holdings> {
  const byUrn = await resourcesOf(pulumi.getStack());
  const resources = Object.values(byUrn);
  const held = resources.flatMap(({ type, outputs }): Held[] => {
    const kind = judged.get(type);
    if (kind === undefined || kind.identity.some((input) => outputs[input] === undefined)) return [];
    return [{ kind: kind.name, name: elementName(kind.key, outputs as never), protect: outputs.protect === true }];
  });
  const commands = Object.entries(byUrn).filter(([, { type }]) => type === commandType);
  const sent = sentBy(byUrn);
  const deliveries = resources.filter(({ type }) => type === deliveryType || type === routerDeliveryType);
  // After a kill a component may be there without what it registers.
  const accounts = resources.filter(({ type, outputs: { uid } }) => type === kinds.accounts.type && uid !== undefined);
  return {
    held,
    secrets: secretsIn(byUrn),
    commands: new Map(
      commands.flatMap(([urn, { outputs }]) => {
        const held = heldCommand(outputs);
        return held === undefined ? [] : [[urn.split("::").at(-1)!, held] as const];
      }),
    ),
    delivered: heldDeliveries(sent),
    sent,
    uids: new Map(accounts.map(({ outputs }) => [Number(outputs.number), Number(outputs.uid)])),
    hosts: new Map(accounts.map(({ outputs }) => [Number(outputs.number), String(outputs.host)])),
    repairs: new Map(
      deliveries.map(({ outputs }) => [String(outputs.host ?? outputs.router), Number(outputs.repair ?? 0)]),
    ),
  };
}

/** What another stack of this project holds, as far as routers are told of it. */
export interface HeldElsewhere extends Pick<Holdings, "sent"> {
  /** Site of each host. */
  readonly sites: ReadonlyMap<string, string>;
}

/**
 * Reads the state of another stack of this project.
 * @throws RunError if there is no such stack, or this stack's secrets provider cannot open it
 */
export async function heldElsewhere(stack: string): Promise<HeldElsewhere> {
  const byUrn = await resourcesOf(stack).catch((error: unknown) => {
    throw new pulumi.RunError(
      `The state of stack ${stack} cannot be read, which says what hosts of another cell announce or what routers take; nothing was touched. It has to be in the same backend as this stack (\`pulumi stack init ${stack}\` if it is new), and to be opened by the same passphrase or key: ${(error as Error).message}`,
    );
  });
  const hosts = Object.values(byUrn).filter(({ type, outputs }) => type === kinds.hosts.type && outputs.site);
  return { sent: sentBy(byUrn), sites: new Map(hosts.map(({ outputs }) => [`${outputs.name}`, `${outputs.site}`])) };
}

async function resourcesOf(stack: string): Promise<Resources> {
  const stackName = `${pulumi.getOrganization()}/${pulumi.getProject()}/${stack}`;
  const result = await pulumi.runtime.invoke("pulumi:pulumi:readStackResourceOutputs", { stackName });
  return result.outputs as Resources;
}

function sentBy(resources: Resources): [string, string][] {
  return Object.entries(resources).flatMap(([urn, { type, outputs }]): [string, string][] => {
    const stdin = type === commandType ? unmarked(outputs.stdin) : undefined;
    return typeof stdin === "string" ? [[urn.split("::").at(-1)!, stdin]] : [];
  });
}

function secretsIn(resources: Resources): Map<string, HeldSecrets> {
  const found = new Map<string, HeldSecrets>();
  for (const [urn, { type, outputs }] of Object.entries(resources)) {
    const holder = (["password", "bytes"] as const).find((each) => secretTypes[each] === type);
    if (holder === undefined) continue;
    const name = urn.split("::").at(-1)!;
    const { epoch } = (outputs.keepers ?? {}) as { readonly epoch?: string };
    found.set(name, { ...found.get(name), [holder]: Number(epoch ?? 0) });
  }
  return found;
}
