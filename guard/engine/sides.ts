import { z } from "zod";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import { isKnownResource } from "../../components/registry/known-resources.ts";
import { subject } from "../../components/registry/subject.ts";
import type { Bundle, Delivery } from "../../delivery/protocol/bundle.ts";
import { decodeBundle } from "../../delivery/protocol/digest.ts";
import {
  commandType,
  deliveryType,
  machineOfDelivery,
  resourceName,
  routerDeliveryType,
  secretTypes,
} from "../../delivery/protocol/resources.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { routerBundles } from "../../delivery/render-router-bundle.ts";
import { listed } from "../../lib/text/text.ts";
import { UserError } from "../../lib/user-error.ts";
import { declarationOf, type Element, shapes } from "../../policies/pack/elements.ts";
import { type ReadElement, readElement } from "../../policies/pack/read-element.ts";
import { type Side, sideOf } from "../change/side.ts";
import type { ReviewInput } from "../verdict/review.ts";
import type { DeliveryFacts, EngineStep } from "./engine-step.ts";
import type { ResourceEvent } from "./events.ts";

/** A preview in the form that the guard reviews: the state before against the state after. */
export interface EngineSides extends Pick<ReviewInput, "before" | "after"> {
  readonly engine: readonly EngineStep[];
  readonly also: NonNullable<ReviewInput["also"]>;
  /** Remarks for the reader, one sentence each. */
  readonly notes: readonly string[];
  /** Hosts of each resource, by URN; two for a resource that moves. Of what delivers to a router, the router. */
  readonly hostsOf: ReadonlyMap<string, readonly string[]>;
  /** URN of the parent of each resource that has one. */
  readonly parents: ReadonlyMap<string, string>;
}

const { type: hostType } = kinds.hosts;
const unchanged = new Set(["same", "read", "read-replacement", "refresh"]);
const deleting = new Set(["delete", "delete-replaced", "discard", "discard-replaced"]);

const facts = { digest: z.string(), applier: z.string() };
const deliverySchemas: Readonly<Record<string, z.ZodType<DeliveryFacts>>> = {
  [deliveryType]: z.object({ host: z.string(), ...facts, secretEpoch: z.number() }),
  [routerDeliveryType]: z
    .object({ router: z.string(), ...facts })
    .transform(({ router: host, digest, applier }) => ({ host, digest, applier })),
};

/**
 * Builds both sides of a review from the engine's steps, one by one as they come. Resources of an older program that this one cannot
 * read are named; their change or deletion needs an approval, since rules see them as new.
 */
export class SidesReader {
  readonly #before = new Half();
  readonly #after = new Half();
  readonly #steps: Pick<ResourceEvent, "op" | "urn" | "type" | "keys">[] = [];
  readonly #also: EngineSides["also"][number][] = [];
  /** Resources whose id is a master secret. */
  readonly #shown = new Set<string>();

  add(event: ResourceEvent): void {
    const { op, urn, type, keys } = event;
    if (type === secretTypes.bytes && isSecretId(event.old?.id)) this.#shown.add(nameOf(urn));
    this.#steps.push({ op, urn, type, keys });
    const is = deleting.has(op) ? undefined : stateOf(event, event.new);
    // An unchanged resource is not read twice, nor compared.
    const was = op === "same" && is && event.old ? { ...is, parent: event.old.parent } : stateOf(event, event.old);
    if (is) this.#after.add(event, is);
    const readable = was === undefined || this.#before.add(event, was);
    if (!isKnownResource(type, nameOf(urn), (is ?? was)?.parent)) this.#addUnknown(event);
    else if (!readable && !unchanged.has(op)) this.#also.push(unreadChange(event, deleting.has(op)));
  }

  /** A resource that this program does not make: its deletion or change needs an approval, since no rule can judge it. */
  #addUnknown({ op, urn, type }: ResourceEvent): void {
    if (unchanged.has(op)) return;
    const name = nameOf(urn);
    const isGone = deleting.has(op);
    this.#also.push({
      rule: isGone ? "data-kept" : "known-resource-types",
      subject: subject.register({}),
      message: `${isGone ? "Deletes" : "Changes"} ${name} of type ${type}. This program makes no such resource, so the effect cannot be judged.`,
      approval: { action: isGone ? "delete" : "change-unknown", resource: `resource ${name}` },
    });
  }

  /** @throws Error for an own resource that this program cannot read */
  sides(): EngineSides {
    const [before, after] = [this.#before, this.#after];
    if (after.unread.size > 0) throw new Error(`This program cannot read its own resource: ${[...after.unread][0]}`);
    const engine = this.#steps
      .filter(({ op }) => !unchanged.has(op))
      .map(({ op, urn, type, keys }): EngineStep => {
        const host = after.hostOf(urn) ?? before.hostOf(urn);
        const router = after.routerOf(urn) ?? before.routerOf(urn);
        return {
          ...{ op, urn, type, name: nameOf(urn), replaceKeys: keys ?? [] },
          ...(host !== undefined && { host }),
          ...(router !== undefined && { router }),
        };
      });
    const hostsOf = new Map(
      this.#steps.map(({ urn }) => [
        urn,
        [...new Set([before, after].flatMap((half) => [half.hostOf(urn), half.routerOf(urn)]))].filter(
          (host) => host !== undefined,
        ),
      ]),
    );
    const notes = before.unread.size === 0 ? [] : [unreadNote([...before.unread])];
    if (this.#shown.size > 0) notes.push(shownNote([...this.#shown].sort()));
    const sides = { before: before.side(), after: after.side() };
    const foreign = markForeign(sides.before, new Set(engine.flatMap(({ host, router }) => host ?? router ?? [])));
    if (foreign.length > 0) {
      notes.push(
        `The files on ${listed(foreign)} were rendered by another version of the program. The old files are shown as today's program renders them.`,
      );
    }
    return {
      ...sides,
      engine,
      also: this.#also,
      notes,
      hostsOf,
      parents: new Map([...before.parents, ...after.parents]),
    };
  }
}

/** A resource on one side; for a component with its inputs. */
interface State {
  readonly parent?: string | null | undefined;
  readonly inputs: Readonly<Record<string, unknown>>;
  readonly read?: ReadElement | undefined;
}

function stateOf({ type }: ResourceEvent, state: ResourceEvent["old"]): State | undefined {
  if (!state) return undefined;
  const { parent, inputs } = state;
  const shape = shapes.get(type);
  return { parent, inputs: inputs ?? {}, read: shape && readElement(shape, inputs ?? {}) };
}

/** One side's resources. */
class Half {
  readonly unread = new Set<string>();
  readonly #elements = new Map<string, Element>();
  readonly parents = new Map<string, string>();
  readonly #deliveries = new Map<string, DeliveryFacts>();
  /** Standard inputs of the commands that deliver to routers. */
  readonly #toRouters = new Map<string, string>();

  /** @returns false for a component that cannot be read here. */
  add({ urn, type }: ResourceEvent, { parent, inputs, read }: State): boolean {
    if (parent) this.parents.set(urn, parent);
    const schema = deliverySchemas[type];
    if (schema) {
      const { data } = schema.safeParse(inputs);
      if (data) this.#deliveries.set(data.host, data);
      else this.unread.add(`${nameOf(urn)} (its inputs have another form)`);
      return true;
    }
    if (type === commandType && urn.includes(`$${routerDeliveryType}$`) && typeof inputs.stdin === "string")
      this.#toRouters.set(nameOf(urn), inputs.stdin);
    if (!read) return true;
    if ("element" in read) this.#elements.set(urn, read.element);
    else this.unread.add(`${nameOf(urn)} (${read.problems[0]!.replace(/\.$/, "")})`);
    return "element" in read;
  }

  /** Name of the host that a resource is, or whose child it is. */
  hostOf(urn: string): string | undefined {
    for (let each: string | undefined = urn; each !== undefined; each = this.parents.get(each)) {
      if (each.includes(`::${hostType}::`)) return nameOf(each);
    }
    return undefined;
  }

  /** Name of the router whose delivery a resource is, or is a part of. */
  routerOf(urn: string): string | undefined {
    for (const each of [urn, this.parents.get(urn)]) {
      if (each?.includes(`$${routerDeliveryType}::`)) return machineOfDelivery(nameOf(each));
    }
    return undefined;
  }

  side(): Side {
    const routerBundle = (router: string) => {
      const stdin = this.#toRouters.get(resourceName(router, "apply"));
      return stdin === undefined ? undefined : (decodeBundle((JSON.parse(stdin) as Delivery).bundle) as Bundle);
    };
    return { ...sideOf(declarationOf([...this.#elements.values()])), deliveries: this.#deliveries, routerBundle };
  }
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function unreadNote(unread: readonly string[]): string {
  return `This program cannot read these resources, which another version has written, and judges them as new: ${listed(unread)}.`;
}

/** The official provider's id is the secret in base64; this project's own is 16 hexadecimal digits. */
function isSecretId(id: string | null | undefined): boolean {
  return id !== undefined && id !== null && id !== "" && !/^[0-9a-f]{16}$/.test(id);
}

function shownNote(names: readonly string[]): string {
  return `The state shows master secrets in plain text, as the id of ${listed(names)}: whoever has read the state, a backup of it or the output of a run may know them. Rotate them: raise fairhost:secretEpoch by one and deploy; then delete old backups and the stack's history.`;
}

function unreadChange({ urn }: ResourceEvent, isGone: boolean): EngineSides["also"][number] {
  const name = nameOf(urn);
  return {
    rule: isGone ? "data-kept" : "known-resource-types",
    subject: subject.register({}),
    message: `${isGone ? "Deletes" : "Changes"} ${name}, which was written by another version of the program. This version cannot read it, so the ${isGone ? "loss" : "effect"} is unknown.`,
    approval: { action: isGone ? "delete" : "change-unknown", resource: `resource ${name}` },
  };
}

/**
 * Marks deliveries of these hosts and routers if today's program would render another bundle from the same declaration.
 * @returns hosts and routers of marked deliveries
 */
function markForeign({ declaration, deliveries, routerBundle }: Side, hosts: ReadonlySet<string>): string[] {
  const facts = deliveries as Map<string, DeliveryFacts>;
  return [...hosts].sort().filter((host) => {
    const delivered = facts.get(host);
    // Of a router the state has the files themselves.
    if (!delivered || routerBundle?.(host) || renderedDigest(declaration, host) === delivered.digest) return false;
    facts.set(host, { ...delivered, foreign: true });
    return true;
  });
}

function renderedDigest(declaration: Declaration, host: string): string | undefined {
  try {
    const isHost = declaration.hosts.some(({ name }) => name === host);
    return (isHost ? renderBundle(declaration, host) : routerBundles(declaration).get(host))?.digest;
  } catch (error) {
    // Parts of it cannot be read.
    if (error instanceof RangeError || error instanceof UserError) return undefined;
    throw error;
  }
}
