import { isDeepStrictEqual } from "node:util";
import { swappedDisks } from "../../components/host/hardware/disks.ts";
import { type Change, touches } from "../../components/registry/change.ts";
import { hasMember, valuesOf } from "../../components/registry/fields/schema-walk.ts";
import type { Kind } from "../../components/registry/kind.ts";
import type { BareMetalHostInputs } from "../../components/registry/kinds.generated.ts";
import { allKinds, kindNamed, subject } from "../../components/registry/subject.ts";
import { count } from "../../lib/text/text.ts";
import { touchesHost } from "../change/effects/host-change.ts";
import { type Renames, siteRenames } from "../change/site-renames.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Kinds of which each one may name the other one of its pair. */
const paired = (allKinds as readonly Kind[]).filter(({ inputs }) => hasMember(inputs, "pair"));

/** While one member of a pair is changed, the other one must carry the load. */
export const pairsApart: GuardRule = {
  name: "pairs-apart",
  theme: "redundancy",
  description: "One update never changes both members of a redundant pair.",
  reason: "While one member is changed, the other carries the whole load; if both change at once, nothing does.",
  fix: "Change one member, deploy, check that it carries load again, then change the other.",
  *find({ changes, waves, hosts, after, limits }) {
    const renames = siteRenames(changes.sites);
    for (const kind of paired) yield* devices(kind, changes[kind.key], renames);
    for (const change of changes.hosts) {
      if (change.op !== "update") continue;
      yield* insideHost(ownOf("host", renames.element(change.before)), ownOf("host", change.after));
    }
    for (const change of changes.sites) {
      if (change.op === "update") yield* feeds(change, renames);
    }
    // Waves keep a host and its standby apart; without waves they would change together.
    if (limits.deployment === "in-waves" || waves.length < 2) return;
    const own = new Set(hosts.filter(touchesHost).map(({ host }) => host));
    const told = new Set<string>();
    for (const account of after.declaration.accounts) {
      const pair = [account.host, account.standby ?? ""].sort().join(" and ");
      if (!own.has(account.host) || !own.has(account.standby ?? "") || told.has(pair)) continue;
      told.add(pair);
      yield {
        subject: subject.host({ name: account.host }),
        message: `Hosts ${pair} both change in one update, and one is the standby of the other.`,
      };
    }
  },
};

/** An element without waivers and without what follows from other elements: a change of these is no work on it. */
function ownOf<E extends object>(kind: string, element: E): E {
  const own = structuredClone(element);
  for (const { path } of valuesOf(kindNamed(kind)!.inputs, element, "derived")) {
    const steps = path.split(".");
    const parent = steps.slice(0, -1).reduce<object>((inner, step) => Reflect.get(inner, step), own);
    Reflect.deleteProperty(parent, steps.at(-1)!);
  }
  Reflect.deleteProperty(own, "waivers");
  return own;
}

function* devices(
  { name: kind, words: [, many] }: Kind,
  changes: readonly Change[],
  renames: Renames,
): Generator<Finding> {
  const isWork = ({ op, before, after }: Change) =>
    op === "delete" ||
    (op === "update" && !isDeepStrictEqual(ownOf(kind, renames.element(before)), ownOf(kind, after)));
  const worked = new Map(changes.filter(isWork).map((change) => [change.subject.name, change]));
  for (const [name, change] of worked) {
    const { pair } = (change.before ?? {}) as { readonly pair?: string };
    if (pair === undefined || !worked.has(pair) || name > pair) continue;
    yield {
      subject: change.subject,
      message: `Both ${many} of a pair change at once: ${name} and ${pair}.`,
    };
  }
}

function* insideHost(was: BareMetalHostInputs, is: BareMetalHostInputs): Generator<Finding> {
  const swapped = new Set(swappedDisks(was, is).map(({ slot }) => slot));
  // nothing-replaced judges another machine.
  if (was.serial !== is.serial) return;
  for (const [index, mirror] of was.mirrors.entries()) {
    if (swapped.size < 2 || !mirror.disks.every((slot) => swapped.has(slot))) continue;
    yield {
      subject: subject.host(is, `mirrors.${index}`),
      message: `Swaps every disk of mirror ${mirror.name} of ${is.name} at once: ${mirror.disks.join(", ")}.`,
    };
  }
  for (const [part, [one, many]] of [
    ["powerSupplies", ["power supply", "power supplies"]],
    ["links", ["link", "links"]],
  ] as const) {
    const key = (each: { name?: string; port?: string }) => each.name ?? each.port;
    const next = new Map<unknown, unknown>(is[part].map((each) => [key(each), each]));
    const worked = was[part].filter((each) => JSON.stringify(next.get(key(each))) !== JSON.stringify(each));
    if (was[part].length < 2 || worked.length < was[part].length) continue;
    yield {
      subject: subject.host(is, part),
      message: `All ${count(worked.length, one, many)} of ${is.name} change at once.`,
    };
  }
}

function* feeds(change: Change<"sites"> & { op: "update" }, renames: Renames): Generator<Finding> {
  if (!touches(change, "halls")) return;
  for (const hall of renames.halls(change.before)) {
    const next = change.after.halls.find(({ name }) => name === hall.name);
    if (!next) continue;
    const worked = hall.chains.filter(
      ({ name, feed }) => next.chains.find((chain) => chain.name === name)?.feed !== feed,
    );
    if (hall.chains.length < 2 || worked.length < hall.chains.length) continue;
    yield {
      subject: change.subject,
      message: `All chains of hall ${hall.name} at ${change.after.name} change at once: ${worked.map(({ name }) => name).join(", ")}.`,
    };
  }
}
