import { join } from "node:path";
import type { FileKind } from "../../../components/registry/file.ts";
import { type Fleet, fileKinds } from "../../../components/registry/files.generated.ts";
import type { Declaration } from "../../../components/registry/kinds.generated.ts";
import { lazy, onceByName } from "../../../lib/once.ts";
import { UserError } from "../../../lib/user-error.ts";
import type { Review, ReviewInput } from "../../verdict/review.ts";
import { checkout, type History } from "../base/base.ts";
import { sameFleetAt } from "../base/fleets.ts";
import { checkOut } from "../base/git.ts";
import { authorsOf, commitsIn, type Said, sayCommit } from "../base/history.ts";
import { joinedBy, namesOfPeople, type Person } from "../base/people.ts";
import { ownProgram } from "../base/program.ts";
import { fileChanges } from "../effects/file-changes.ts";
import { type ApprovalsUsed, approvalsUsed } from "./approvals-used.ts";
import type { Beside } from "./beside.ts";
import { besideOfFiles } from "./beside-files.ts";
import { between, joint } from "./joint.ts";
import { leant, wantedOf } from "./leant-waivers.ts";
import { overLimits } from "./over-limits.ts";
import { reused } from "./reused.ts";
import { sharedWith } from "./shared-with.ts";
import { type Found, most, type Step, said } from "./step.ts";
import { takenMeanwhile } from "./taken-meanwhile.ts";
import { formerFiles, touchingClaimed } from "./touching.ts";
import { weakerRules } from "./weaker-rules.ts";

/** Days for which a step counts as the first of two: as long as the longest waiver, and longer than any approval. */
const window = 90;

/** What a change owes to earlier ones. */
export interface TwoSteps {
  readonly notices: readonly string[];
  readonly findings: NonNullable<ReviewInput["also"]>;
  /** Findings of this change by itself with which an earlier one has to do, each with that one's commit in words. */
  readonly beside: readonly (Beside & { readonly commit: string })[];
  /** What git says of the approvals that a result uses; each is asked about once. */
  readonly approvals: (result: Review) => Promise<ApprovalsUsed>;
}

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
  const findings = [...(await reused(history, step.wholes, say)), ...(await takenMeanwhile(history, step.wholes))];

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
    const { found, beside } = state ? joint(state, second(), step) : { found: [], beside: [] };
    const was = state && fleets.get(state);
    const files = was && step.fleetBefore ? besideOfFiles(was, step.fleetBefore, step.fleet) : [];
    return new Map<string, Found | Beside>([
      ...found.map((each) => [wantedOf(each), each] as const),
      ...[...beside, ...files].map((each) => [`beside ${wantedOf(each.of)} ${each.of.message}`, each] as const),
    ]);
  });
  // All of them would take long. The oldest shows what held throughout, the newest what did not.
  const ofOwn = own.length > 0 ? await commitsIn(root, commit, since, own.length > 500 ? [place] : own) : [];
  const newest = [...ofOwn.slice(-most), ...elsewhere.slice(-most)].map((each) => inWindow.indexOf(each));
  const asked = new Set([inWindow.length - 1, 0, ...newest]);
  for (let index = inWindow.length - most; index < inWindow.length; index++) asked.add(index);
  const newestFirst = own.length === 0 ? [] : [...asked].filter((index) => index >= 0).sort((a, b) => b - a);
  const told = new Set<string>();
  const beside: (Beside & { readonly commit: string })[] = [];
  for (const [at, index] of newestFirst.entries()) {
    for (const [key, finding] of await jointBefore(inWindow[index]!)) {
      if (told.has(key)) continue;
      told.add(key);
      // The first step is the last commit before which it would have been found.
      let [low, high] = [index, newestFirst[at - 1] ?? inWindow.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((await jointBefore(inWindow[middle]!)).has(key)) low = middle;
        else high = middle;
      }
      const by = await say(inWindow[low]!);
      if ("of" in finding) beside.push({ ...finding, commit: by });
      else findings.push(said(finding, by));
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
  return { findings, beside, notices: await leant(history, step, say), approvals };
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
  await using files = await checkOut(root, commit, checkout, [was]);
  try {
    const { fleet } = await ownProgram.loadFleet(join(files.directory, was));
    return { declaration: sharedWith(like, ownProgram.declare(fleet)), fleet };
  } catch (error) {
    // What was not sound then, or of another form, allows no comparison.
    if (error instanceof UserError) return undefined;
    throw error;
  }
}
