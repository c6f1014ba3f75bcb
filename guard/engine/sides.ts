import { z } from "zod";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import { subject } from "../../components/registry/subject.ts";
import { deliveryType, isKnownType } from "../../components/registry/types.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { listed } from "../../lib/text.ts";
import { declarationOf, type Element, shapes } from "../../policies/pack/elements.ts";
import { type ReadElement, readElement } from "../../policies/pack/read-element.ts";
import { type Side, sideOf } from "../change/side.ts";
import type { ReviewInput } from "../verdict/review.ts";
import type { DeliveryFacts, EngineStep } from "./engine-step.ts";
import type { ResourceEvent } from "./events.ts";

/** What the engine's preview says, as the guard reviews it: what the state holds against what would be. */
export interface EngineSides extends Pick<ReviewInput, "before" | "after"> {
  readonly engine: readonly EngineStep[];
  readonly also: NonNullable<ReviewInput["also"]>;
  /** What a reader has to know, one sentence each. */
  readonly notes: readonly string[];
  /** The host each resource belongs to, by URN; of a resource that moves both. */
  readonly hostsOf: ReadonlyMap<string, readonly string[]>;
}

const { type: hostType } = kinds.hosts;
const unchanged = new Set(["same", "read", "read-replacement", "refresh"]);
const deleting = new Set(["delete", "delete-replaced", "discard", "discard-replaced"]);

const deliverySchema = z.object({ host: z.string(), digest: z.string(), applier: z.string(), secretEpoch: z.number() });

/**
 * Builds both sides of a review from the engine's steps, one by one as they come. What an older program has left in the state and this
 * one cannot read is named, and judged as if it were not there; where it is deleted, that needs an approval.
 */
export class SidesReader {
  readonly #before = new Half();
  readonly #after = new Half();
  readonly #steps: Pick<ResourceEvent, "op" | "urn" | "type" | "keys">[] = [];
  readonly #also: EngineSides["also"][number][] = [];

  add(event: ResourceEvent): void {
    const { op, urn, type, keys } = event;
    this.#steps.push({ op, urn, type, keys });
    const is = deleting.has(op) ? undefined : stateOf(event, event.new);
    // What stays as it is need not be read twice, nor compared.
    const was = op === "same" && is && event.old ? { ...is, parent: event.old.parent } : stateOf(event, event.old);
    if (is) this.#after.add(event, is);
    const readable = was === undefined || this.#before.add(event, was);
    if (!isKnownType(type)) this.#addUnknown(event);
    else if (deleting.has(op) && !readable) this.#also.push(unreadDeletion(event));
  }

  /** What no rule knows is never let through: its deletion and its change need an approval each. */
  #addUnknown({ op, urn, type }: ResourceEvent): void {
    if (unchanged.has(op)) return;
    const name = nameOf(urn);
    const isGone = deleting.has(op);
    this.#also.push({
      rule: isGone ? "data-kept" : "known-resource-types",
      subject: subject.register({}),
      message: `${isGone ? "Deletes" : "Changes"} ${name} of type ${type}, which this program does not know: what it does cannot be judged.`,
      approval: { action: isGone ? "delete" : "change-unknown", resource: `resource ${name}` },
    });
  }

  /** @throws Error for what this program cannot read of its own */
  sides(): EngineSides {
    const [before, after] = [this.#before, this.#after];
    if (after.unread.size > 0)
      throw new Error(`This program cannot read what it declares itself: ${[...after.unread][0]}`);
    const engine = this.#steps
      .filter(({ op }) => !unchanged.has(op))
      .map(({ op, urn, type, keys }): EngineStep => {
        const host = after.hostOf(urn) ?? before.hostOf(urn);
        return { op, urn, type, name: nameOf(urn), ...(host !== undefined && { host }), replaceKeys: keys ?? [] };
      });
    const hostsOf = new Map(
      this.#steps.map(({ urn }) => [
        urn,
        [...new Set([before.hostOf(urn), after.hostOf(urn)])].filter((host) => host !== undefined),
      ]),
    );
    const notes = before.unread.size === 0 ? [] : [unreadNote([...before.unread])];
    const sides = { before: before.side(), after: after.side() };
    const foreign = markForeign(sides.before, new Set(engine.flatMap(({ host }) => host ?? [])));
    if (foreign.length > 0) {
      notes.push(
        `What lies on ${listed(foreign)} was rendered by another program: files before are shown as today's program renders them.`,
      );
    }
    return { ...sides, engine, also: this.#also, notes, hostsOf };
  }
}

/** A resource on one side, and of a component what it declares. */
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
  readonly #parents = new Map<string, string>();
  readonly #deliveries = new Map<string, DeliveryFacts>();

  /** @returns false for a component that has no readable form here. */
  add({ urn, type }: ResourceEvent, { parent, inputs, read }: State): boolean {
    if (parent) this.#parents.set(urn, parent);
    if (type === deliveryType) {
      const { data } = deliverySchema.safeParse(inputs);
      if (data) this.#deliveries.set(data.host, data);
      else this.unread.add(`${nameOf(urn)} (its inputs are of another form)`);
      return true;
    }
    if (!read) return true;
    if ("element" in read) this.#elements.set(urn, read.element);
    else this.unread.add(`${nameOf(urn)} (${read.problems[0]!.replace(/\.$/, "")})`);
    return "element" in read;
  }

  /** Name of the host that a resource is, or lies under. */
  hostOf(urn: string): string | undefined {
    for (let each: string | undefined = urn; each !== undefined; each = this.#parents.get(each)) {
      if (each.includes(`::${hostType}::`)) return nameOf(each);
    }
    return undefined;
  }

  side(): Side {
    return { ...sideOf(declarationOf([...this.#elements.values()])), deliveries: this.#deliveries };
  }
}

function nameOf(urn: string): string {
  return urn.split("::").slice(3).join("::");
}

function unreadNote(unread: readonly string[]): string {
  return `The state holds what this program cannot read, so it is judged as new: ${listed(unread)}. It was left by another version; look at these by hand.`;
}

function unreadDeletion({ urn }: ResourceEvent): EngineSides["also"][number] {
  const name = nameOf(urn);
  return {
    rule: "data-kept",
    subject: subject.register({}),
    message: `Deletes ${name}, which another version of the program has left and this one cannot read: what is lost with it is not known.`,
    approval: { action: "delete", resource: `resource ${name}` },
  };
}

/**
 * Marks the deliveries of these hosts whose bundle today's program would not render from the same declaration.
 * @returns their hosts
 */
function markForeign({ declaration, deliveries }: Side, hosts: ReadonlySet<string>): string[] {
  const facts = deliveries as Map<string, DeliveryFacts>;
  return [...hosts].sort().filter((host) => {
    const delivered = facts.get(host);
    if (!delivered || renderedDigest(declaration, host) === delivered.digest) return false;
    facts.set(host, { ...delivered, foreign: true });
    return true;
  });
}

function renderedDigest(declaration: Declaration, host: string): string | undefined {
  try {
    return renderBundle(declaration, host).digest;
  } catch (error) {
    // Parts of it could not be read.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
