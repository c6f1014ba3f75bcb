import { limitAt, limitNames, limitOf } from "../../components/plan/each-limit.ts";
import type { Change } from "../../components/registry/change.ts";
import {
  classedFields,
  type FieldChange,
  fieldChanges,
  fieldWords,
} from "../../components/registry/fields/field-changes.ts";
import type { Key } from "../../components/registry/kind.ts";
import { type BareMetalHostInputs, kinds, type PlanInputs } from "../../components/registry/kinds.generated.ts";
import { ownerOf, subject } from "../../components/registry/subject.ts";
import { byKey } from "../../lib/lists.ts";
import { moreOnPaper } from "../change/on-paper.ts";
import { unprotected } from "../change/unlocked.ts";
import { weakened } from "../change/weakened.ts";
import type { Finding, GuardRule } from "../rule.ts";

/** Promises to accounts are not taken back by accident. */
export const promisesKept: GuardRule = {
  name: "promises-kept",
  theme: "data",
  description:
    "Suspending an account, and reducing its memory, disk, tasks, weight, retention or redundancy, needs approval. So does anything that leaves less for other accounts: an account above its plan, a more generous plan, a host declared larger than before.",
  reason:
    "Nothing of a suspended account runs, processes above the new limit are killed, and backups older than the new retention are deleted.",
  fix: "If the owners agree or the reduction is intended, add an approval to approvals.yaml.",
  lists: ["promise", "capacity"],
  *find({ changes, before, after }) {
    const plans = new Set<string>();
    for (const change of changes.plans) {
      if (change.op === "create") yield* pressing(change.after, before.declaration.plans);
      if (change.op === "update") yield* sharing(change.before, change.after);
      const less = weakened(change, "promise", "capacity");
      if (less.length === 0) continue;
      plans.add(change.subject.name);
      yield finding(change.subject, `${ownerOf(change.subject)} ${verbOf(less, "promises less")}: ${wordsOf(less)}.`);
    }
    const [old, next] = [before, after].map(({ declaration }) => byKey(declaration.plans, ({ name }) => name));
    for (const change of changes.accounts) {
      // A new fleet has no others from whom it could take.
      if (change.after && before.declaration.networks.length > 0) yield* beyondPlan(change, old!, next!);
      if (change.op !== "update") continue;
      const { before: was, after: is } = change;
      if (!was.suspended && is.suspended) {
        yield {
          subject: subject.account(is, "suspended"),
          message: `Suspends account ${is.number} (${is.name}): ${is.suspended.reason}.`,
          approval: { action: "suspend", resource: `account ${is.number}` },
        };
      }
      // A plan that promises less is one finding, not one for each of its accounts.
      if (was.plan === is.plan && plans.has(is.plan)) continue;
      const less = weakened(change, "promise", "capacity");
      // What only plans say changes with the plan as well.
      if (was.plan !== is.plan) less.push(...betweenPlans(old!.get(was.plan), next!.get(is.plan)));
      if (less.length === 0) continue;
      yield finding(
        subject.account(is),
        `Account ${is.number} (${is.name}) ${verbOf(less, "gets less")}: ${wordsOf(less)}.`,
      );
    }
    const others = (Object.keys(changes) as Key[]).filter((key) => key !== "plans" && key !== "accounts");
    for (const change of others.flatMap((key): readonly Change[] => changes[key])) {
      for (const [of, verb] of [
        ["promise", "promises less"],
        ["capacity", "has less capacity"],
      ] as const) {
        const less = weakened(change, of);
        if (less.length === 0) continue;
        const about = { ...change.subject, path: less[0]!.path.split(".")[0]! };
        yield finding(about, `${ownerOf(change.subject)} ${verb}: ${wordsOf(less)}.`);
      }
    }
    for (const { server, what } of unprotected(changes, before, after, "waf")) {
      const about = subject.httpServer(server, "waf");
      yield finding(about, `${ownerOf(subject.httpServer(server))} promises less: visitors ${what}.`);
    }
    for (const { op, before: was, after: is } of changes.hosts) {
      if (op === "update") yield* onPaper(was, is);
    }
  },
};

/** What is weaker whether it rises or falls is a share: whose share rises has no less, but others have. */
function verbOf(less: readonly FieldChange[], verb: string): string {
  const rises = ({ judged, was, is }: FieldChange) =>
    judged.weaker === "any" && typeof was === "number" && typeof is === "number" && is > was;
  return less.every(rises) ? "takes more from other accounts" : verb;
}

function finding(about: Finding["subject"], message: string): Finding {
  return { subject: about, message, approval: { action: "shrink", resource: `${about.kind} ${about.name}` } };
}

/** What is promised to a host's accounts rests on its size, as on overcommit, and no rule can count cores or memory. */
function* onPaper(was: BareMetalHostInputs, is: BareMetalHostInputs): Generator<Finding> {
  const more = moreOnPaper(was, is);
  if (more.length === 0) return;
  yield {
    subject: subject.host(is, more[0]!.steps[0]),
    message: `Host ${is.name} is declared larger than before, with the same serial number: ${wordsOf(more)}.`,
    approval: { action: "weaken", resource: `host ${is.name}` },
  };
}

type Plans = ReadonlyMap<string, PlanInputs>;

/**
 * An account whose own file gives it more than its plan does, new or from now on: what one account gets beyond its share, the others of
 * its host lose. A weight that changes is judged as each other one.
 */
function* beyondPlan({ before: was, after: is }: Change<"accounts">, old: Plans, next: Plans): Generator<Finding> {
  if (!is) return;
  const [oldPlan, plan] = [was && old.get(was.plan), next.get(is.plan)];
  if (!plan) return;
  const more = limitNames.filter((name) => {
    if (is.limits[name] <= plan[name]) return false;
    if (!was) return true;
    const had = oldPlan !== undefined && was.limits[name] > oldPlan[name] && was.limits[name] >= is.limits[name];
    return !had && (limitOf(name).weaker === undefined || was.limits[name] === is.limits[name]);
  });
  if (more.length === 0) return;
  const words = more.map((name) => fieldWords({ steps: [name], was: plan[name], is: is.limits[name] })).join(", ");
  yield finding(subject.account(is), `Account ${is.number} (${is.name}) gets more than its plan ${is.plan}: ${words}.`);
}

/** What another plan promises less, apart from limits, which the account has itself. */
function betweenPlans(was: PlanInputs | undefined, is: PlanInputs | undefined): FieldChange[] {
  if (!was || !is) return [];
  return fieldChanges(kinds.plans.inputs, was, is).filter(
    ({ judged, weaker, path }) => weaker && judged.class === "promise" && path !== "retentionDays" && !limitAt(path),
  );
}

const shared = limitNames.filter((name) => limitOf(name).shared);

/** What accounts of one plan take from the others if it is more: all that is weaker when it is larger, and what all share. */
const contended = [
  ...classedFields(kinds.plans.inputs).flatMap(({ path, judged }) => (judged?.weaker ? [path] : [])),
  ...shared,
];

function valueAt(plan: PlanInputs, path: string): number {
  return path.split(".").reduce<unknown>((inner, step) => Reflect.get(inner as object, step), plan) as number;
}

/** A plan that from now on gives its accounts more of what all accounts of a host share. */
function* sharing(was: PlanInputs, is: PlanInputs): Generator<Finding> {
  const more = shared.filter((name) => is[name] > was[name]);
  if (more.length === 0) return;
  const words = more.map((name) => fieldWords({ steps: [name], was: was[name], is: is[name] })).join(", ");
  yield finding(
    subject.plan(is),
    `Plan ${is.name} lets its accounts use more of what all accounts of a host share: ${words}.`,
  );
}

/** A new plan whose accounts take more of a full host than those of any plan so far: the others get less. */
function* pressing(plan: PlanInputs, plans: readonly PlanInputs[]): Generator<Finding> {
  if (plans.length === 0) return;
  const more = contended.flatMap((path) => {
    const most = Math.max(...plans.map((each) => valueAt(each, path)));
    const own = valueAt(plan, path);
    return own > most ? [wordsOfOne({ steps: path.split("."), was: most, is: own })] : [];
  });
  if (more.length === 0) return;
  const about = subject.plan(plan);
  yield finding(about, `New plan ${plan.name} takes more than any plan before: ${more.join(", ")}.`);
}

function wordsOf(changes: readonly FieldChange[]): string {
  return changes.map(wordsOfOne).join(", ");
}

function wordsOfOne(change: Pick<FieldChange, "steps" | "was" | "is">): string {
  return fieldWords(change).replace(/^capacity /, "");
}
