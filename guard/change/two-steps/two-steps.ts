import { join } from "node:path";
import { namesAbove, namesOf } from "../../components/http/web-site/web-address.ts";
import { fieldChanges } from "../../components/registry/fields/field-changes.ts";
import type { FileKind } from "../../components/registry/file.ts";
import { type Fleet, fileKinds } from "../../components/registry/files.generated.ts";
import type { Kind } from "../../components/registry/kind.ts";
import { type Declaration, kinds } from "../../components/registry/kinds.generated.ts";
import type { Approval } from "../../components/review/approvals.file.ts";
import { type Limits, schema as limitsSchema } from "../../components/review/limits.file.ts";
import { sealBundle } from "../../delivery/protocol/digest.ts";
import { readSource } from "../../fleet/load/source.ts";
import { lazy, onceByName } from "../../lib/once.ts";
import { UserError } from "../../lib/user-error.ts";
import { guardRules } from "../rules.generated.ts";
import { type Review, type ReviewInput, review } from "../verdict/review.ts";
import { levels, type Weighed } from "../verdict/weigh.ts";
import { type ApprovalsUsed, approvalsUsed } from "./approvals-used.ts";
import { checkout, type History } from "./base/base.ts";
import { sameFleetAt } from "./base/fleets.ts";
import { authorsOf, checkOut, commitsIn, filesRemoved, type Said, sayCommit, textAt } from "./base/git.ts";
import { joinedBy, namesOfPeople, type Person } from "./base/people.ts";
import { ownProgram, type Program } from "./base/program.ts";
import { changesBetween } from "./diff.ts";
import { fileChanges } from "./effects/file-changes.ts";
import { keyOf, leant } from "./leant-waivers.ts";
import { reused } from "./reused.ts";
import { sharedWith } from "./shared-with.ts";
import { type Side, sideOf } from "./side.ts";
import { stricterLimits } from "./stricter-limits.ts";
import { weakerRules } from "./weaker-rules.ts";

/** Days for which a step counts as the first of two: as long as the longest waiver, and longer than any approval. */
const window = 90;

/**
 * Rules that say themselves to split a change: what only both steps together break is no attack then. Size is asked for apart, with
 * the limits of before the first step.
 */
const splittable = new Set([
  "pairs-apart",
  ...guardRules.filter(({ theme }) => theme === "size").map(({ name }) => name),
]);

interface Step extends Pick<ReviewInput, "before" | "after" | "approvals" | "limits" | "today"> {
  readonly approvalsBefore: readonly Approval[];
  readonly fleetBefore: Fleet | undefined;
  /** Both sides with every cell. */
  readonly wholes: { readonly before: Declaration; readonly after: Declaration };
  /** Before approvals. */
  readonly result: Review;
  /** Directory of the new side's fleet. */
  readonly head: string;
  /** The base's. */
  readonly program: Program;
}

/** What a change owes to earlier ones. */
export interface TwoSteps {
  readonly notices: readonly string[];
  readonly findings: NonNullable<ReviewInput["also"]>;
  /** What git says of the approvals that a result uses; each is asked about once. */
  readonly approvals: (result: Review) => Promise<ApprovalsUsed>;
}

type Found = NonNullable<ReviewInput["also"]>[number];

/** Earlier states that are compared: the newest before commits of the files that change, and as many of what the fleet shares. */
const most = 6;

/**
 * Finds what a change may do only because an earlier one allowed it: a protection or a limit taken away, a number or name given free, an
 * approval or a waiver written before. It is said with the earlier commit and its authors. A finding of both steps together that neither
 * has alone becomes a finding of this one. Costs a load of the fleet for each commit of the last 90 days that touched what this change
 * touches, or what the whole fleet shares: at most nineteen, and a few more to name the commit.
 */
export async function twoSteps(history: History, step: Step): Promise<TwoSteps> {
  const { root, commit, place, changed } = history;
  const authors = await authorsOf(root, `${commit}..HEAD`);
  const since = new Date(Date.parse(step.today) - window * 86_400_000).toISOString().slice(0, 10);
  const shared = Object.values(fileKinds).flatMap(({ path, sortedBy }: FileKind) =>
    // Accounts are many; of these only the files that change now matter.
    path.endsWith("/") && sortedBy === "number" ? [] : join(place, path),
  );
  const there = changed.filter((file) => file.startsWith(`${place}/`));
  const own = [...new Set([...there, ...(await formerFiles(history, since, step))])];
  const paths = own.length > 500 ? [place] : [...shared, ...own];
  const elsewhere = await touchingClaimed(history, since, step);
  const say = onceByName(async (of) =>
    words(await sayCommit(root, of, elsewhere.includes(of) ? [place] : paths), authors),
  );
  const findings = [...(await reused(history, step.wholes, say))];

  const ofPaths = await commitsIn(root, commit, since, paths);
  const touched = elsewhere.length > 0 ? await commitsIn(root, commit, since, [place]) : ofPaths;
  const related = new Set([...ofPaths, ...elsewhere]);
  const inWindow = touched.filter((each) => related.has(each));
  /** Of each state also its files: those that judge themselves are in no declaration. */
  const fleets = new Map<Declaration, Fleet>(step.fleetBefore ? [[step.wholes.before, step.fleetBefore]] : []);
  const stateAt = onceByName(async (of) => {
    if (of === commit) return step.wholes.before;
    const state = await read(history, of, step.wholes.before);
    if (state) fleets.set(state.declaration, state.fleet);
    return state?.declaration;
  });
  const ofFiles = (...states: readonly [Declaration, Declaration]) => {
    const [was, is] = states.map((state) => fleets.get(state));
    return was && is ? fileChanges(was, is).findings : [];
  };
  const second = lazy(() => between(step.wholes.before, step.wholes.after, step));
  const jointBefore = onceByName(async (of) => {
    const state = await stateAt(`${of}^`);
    return Map.groupBy(state ? joint(state, second(), step) : [], keyOf);
  });
  // All of them would take long. The oldest shows what held throughout, the newest what did not.
  const ofOwn = own.length > 0 ? await commitsIn(root, commit, since, own.length > 500 ? [place] : own) : [];
  const newest = [...ofOwn.slice(-most), ...elsewhere.slice(-most)].map((each) => inWindow.indexOf(each));
  const asked = new Set([inWindow.length - 1, 0, ...newest]);
  for (let index = inWindow.length - most; index < inWindow.length; index++) asked.add(index);
  const newestFirst = own.length === 0 ? [] : [...asked].filter((index) => index >= 0).sort((a, b) => b - a);
  const told = new Set<string>();
  for (const [at, index] of newestFirst.entries()) {
    for (const [key, [finding]] of await jointBefore(inWindow[index]!)) {
      if (told.has(key)) continue;
      told.add(key);
      // The first step is the last commit before which it would have been found.
      let [low, high] = [index, newestFirst[at - 1] ?? inWindow.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((await jointBefore(inWindow[middle]!)).has(key)) low = middle;
        else high = middle;
      }
      findings.push(said(finding!, await say(inWindow[low]!)));
    }
  }
  findings.push(...(await overLimits(history, since, step, say)));
  findings.push(
    ...(await weakerRules(history, {
      input: step,
      wholes: step.wholes,
      program: step.program,
      result: step.result,
      head: step.head,
      since,
      say: async (of, at) => words(await sayCommit(checkout, of, at), authors),
    })),
  );
  const approvals = approvalsUsed({
    history,
    before: step.approvalsBefore,
    secondPerson: step.limits.secondPerson,
    say,
    stateAt,
    touchedSince: async (of) => {
      const was = await sameFleetAt(root, commit, place, of);
      const moved = was !== undefined && was !== place;
      // A commit that is not in the window is older than all of it.
      const after = moved
        ? await commitsIn(root, commit, since, [place, was], undefined, of)
        : touched.slice(touched.indexOf(of) + 1);
      return after.map((each) => `${each}^`);
    },
    needed: (earlier, later) =>
      [...between(earlier, later, step), ...ofFiles(earlier, later)].flatMap(({ approval }) => approval ?? []),
  });
  return { findings, notices: await leant(history, step, say), approvals };
}

/** Names that the files of accounts of this change had before: a file can be renamed between two steps. */
async function formerFiles({ root, commit, place }: History, since: string, { wholes }: Step): Promise<string[]> {
  const numbers = changesBetween(wholes.before, wholes.after).flatMap(({ kind, before, after }) => {
    const { accountOf }: Kind = kinds[kind];
    return [before, after].flatMap((side) => (side && accountOf?.(side)) ?? []);
  });
  const asked = [...new Set(numbers)].slice(0, mostNames);
  if (asked.length === 0) return [];
  // However the number is written, it stands in a line of the file.
  const pattern = `(^|[^0-9])(${asked.join("|")})([^0-9]|$)`;
  return filesRemoved(root, commit, since, join(place, fileKinds.accounts.path), pattern);
}

/** Most host names that are looked for; of a change that claims more, these show that it does. */
const mostNames = 200;

/**
 * Commits that touched a host name which this change claims, in whatever account's file: the account that had it need not be in this
 * change.
 */
async function touchingClaimed({ root, commit, place }: History, since: string, { wholes }: Step): Promise<string[]> {
  const [had, has] = [wholes.before, wholes.after].map(({ httpServers }) => new Set(httpServers.flatMap(namesOf)));
  const claimed = [...has!].filter((name) => !had!.has(name)).slice(0, mostNames);
  if (claimed.length === 0) return [];
  const pattern = claimed.flatMap((name) => patternsOf(name, wholes.before.networks[0]?.platformDomain)).join("|");
  return commitsIn(root, commit, since, [join(place, fileKinds.accounts.path)], pattern);
}

/** Lines of accounts' files from which a host name, or one that gives an account power over it, follows. */
function patternsOf(name: string, platformDomain: string | undefined): string[] {
  const quoted = (text: string) => text.replaceAll(/[^\w-]/g, "\\$&");
  const own = name.replace(/^\*\./, "");
  const above = namesAbove(own).map(quoted);
  const platform = platformDomain !== undefined && own.endsWith(`.${platformDomain}`);
  return [
    // Itself, a wildcard over it, what is below it; then what is above it.
    quoted(own),
    ...above.map((parent) => `(^|[^a-z0-9.-])(\\*\\.)?${parent}([^a-z0-9.-]|$)`),
    ...(platform
      ? [
          `^name: *["']?${quoted(
            own
              .slice(0, -platformDomain.length - 1)
              .split(".")
              .at(-1)!,
          )}["']?$`,
        ]
      : []),
  ];
}

function said(finding: Found, commit: string): Found {
  return { ...finding, message: `${finding.message.replace(/\.$/, "")}: not before ${commit}.` };
}

/** `commit 1234567 of Mallory (2026-11-20, "change"), who also wrote this one` */
function words({ commit, day, title, authors }: Said, own: readonly Person[]): string {
  const joined = joinedBy(authors, own);
  const same =
    joined && (joined.plain ? ", who also wrote this one" : `; git names ${joined.by} as an author of this one too`);
  const now = own.length === 0 ? "" : (same ?? `; this one is by ${namesOfPeople(own)}`);
  return `commit ${commit} of ${namesOfPeople(authors)} (${day}, "${title.slice(0, 60)}")${now}`;
}

/** @param like a fleet with which it shares what is the same in both: many are held, and compared with each other */
async function read(
  { root, commit: base, place }: History,
  commit: string,
  like: Declaration,
): Promise<{ readonly declaration: Declaration; readonly fleet: Fleet } | undefined> {
  // The first commit of all has none before it.
  const was = await sameFleetAt(root, base, place, commit);
  if (was === undefined) return undefined;
  await using files = await checkOut(root, commit, checkout);
  try {
    const { fleet } = await ownProgram.loadFleet(join(files.directory, was));
    return { declaration: sharedWith(like, ownProgram.declare(fleet)), fleet };
  } catch (error) {
    // What was not sound then, or of another form, allows no comparison.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** Findings about the way from one fleet to another, without what hosts get and without rules about one state. */
function between(before: Declaration, after: Declaration, { limits, today }: Pick<Step, "limits" | "today">) {
  const [old, next] = [before, after].map((declaration): Side => ({ ...sideOf(declaration), render, judge: unjudged }));
  return review({ before: old!, after: next!, approvals: [], limits, today }).findings;
}

/** Findings of both steps together that neither has alone. @param earlier the fleet before the first one @param second findings of the second */
function joint(earlier: Declaration, second: readonly Weighed[], step: Step): Found[] {
  const { wholes } = step;
  const alone = worst([...between(earlier, wholes.before, step), ...second]);
  return between(earlier, wholes.after, step)
    .filter((finding) => !splittable.has(finding.rule) && rank(finding) > (alone.get(keyOf(finding)) ?? 0))
    .map(({ level: _, ...finding }) => {
      const wanted = second.find((each) => keyOf(each) === keyOf(finding))?.approval ?? finding.approval;
      return { ...finding, ...(wanted && { approval: wanted }) };
    });
}

/** What this change would be blocked for with limits that were loosened before. */
async function overLimits(
  { root, commit, place }: History,
  since: string,
  { before, after, result, today }: Step,
  say: (of: string) => Promise<string>,
): Promise<Found[]> {
  const file = join(place, "limits.yaml");
  const has = worst(result.findings);
  const found = new Map<string, Found>();
  const limitsAt = async (of: string) =>
    limitsSchema.safeParse(readSource(file, (await textAt(root, of, file)) ?? "{}").source.data).data;
  const loosened: { by: string; limits: Limits }[] = [];
  for (const by of (await commitsIn(root, commit, since, [file])).reverse()) {
    const [was, is] = await Promise.all([limitsAt(`${by}^`), limitsAt(by)]);
    const weaker = was && is ? fieldChanges(limitsSchema, was, is).filter((each) => each.weaker) : [];
    if (!was || (is && weaker.length === 0)) continue;
    const last = loosened.at(-1);
    if (loosened.length < most || !last) loosened.push({ by, limits: was });
    // Older ones together: whoever loosens limits often hides none of it.
    else last.limits = stricterLimits(last.limits, was);
  }
  for (const { by, limits } of loosened) {
    for (const { level, ...finding } of review({ before, after, approvals: [], limits, today }).findings) {
      if (level !== "blocked" || has.get(keyOf(finding)) === rank({ level }) || found.has(keyOf(finding))) continue;
      const approval = { action: "weaken", resource: "limits deployment" } as const;
      found.set(keyOf(finding), said({ ...finding, approval }, await say(by)));
    }
  }
  return [...found.values()];
}

function worst(findings: readonly Weighed[]): Map<string, number> {
  const ranks = new Map<string, number>();
  for (const finding of findings) ranks.set(keyOf(finding), Math.max(rank(finding), ranks.get(keyOf(finding)) ?? 0));
  return ranks;
}

function rank({ level }: Pick<Weighed, "level">): number {
  return levels.indexOf(level);
}

/** What hosts would get says nothing here, and is not rendered. */
function render(_: Declaration, host: string): ReturnType<Side["render"]> {
  return sealBundle(host, {});
}

/** The rules about one state are asked of this change alone. */
function unjudged(): ReturnType<Side["judge"]> {
  return { violations: [], waived: [] };
}
