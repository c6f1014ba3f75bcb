import type { AnswerStamp } from "../../delivery/protocol/answers.ts";
import type { ApplyReport, Bundle, Group } from "../../delivery/protocol/bundle.ts";
import { sealBundle } from "../../delivery/protocol/digest.ts";
import { backupsOf } from "../backups/keepers.ts";
import { beginProofs } from "../drills/proofs.ts";
import { ApplyError, type Machine } from "../os/machine.ts";
import { ensureAccountsMounted } from "../os/mount.ts";
import { firewallHash } from "../os/network/nftables.ts";
import { requireQuotas } from "../os/quota.ts";
import { ensureDirectories, wrongDirectories } from "../store/accounts.ts";
import { rememberAnswer, writeAnswers } from "../store/answers.ts";
import { awaitedInWords, holdAwaited } from "../store/awaited.ts";
import { closeExposed } from "../store/closed.ts";
import { findDrift, placedAt } from "../store/file-drift.ts";
import {
  type Applied,
  accountsOf,
  type Generation,
  possibleBases,
  pruneGenerations,
  readApplied,
  readCurrent,
  settleGenerations,
  writeApplied,
} from "../store/generations.ts";
import { keepHostName } from "../store/host-name.ts";
import {
  deliveredIfWhole,
  forgetGone,
  inForceNow,
  marked,
  rememberDelivered,
  waitingForMoves,
  whileMoving,
} from "../store/moving.ts";
import { noteRestores } from "../store/restores.ts";
import { ensureSecrets, otherMaster } from "../store/secrets.ts";
import { ensureSpace } from "../store/space.ts";
import { takenFrom, takenInWords } from "../store/staging/taken-paths.ts";
import { switchTo } from "../store/switch.ts";
import { endWaiting, rememberRunning } from "../store/waiting.ts";
import { bring, type Course, concernsHost } from "./bring.ts";
import { changedGroups } from "./hooks/choose.ts";
import { prepare, type Seen } from "./prepare.ts";
import { repair } from "./repair.ts";
import { showConfigurations } from "./show.ts";
import { distinctGroups, type Problem } from "./validate/problem.ts";

/** The delivered secrets. */
export interface Secret {
  /** Used only if the host has none for the epoch. */
  readonly master: Uint8Array;
  readonly epoch: number;
  /** Those of the DNS provider. */
  readonly dns?: Readonly<Record<string, string>>;
}

/** What a controller says beside the bundle and the secrets. */
export interface FromController {
  /** `answers` of a delivery */
  readonly answers?: Readonly<Record<string, AnswerStamp>>;
  /** `answered` of a delivery */
  readonly answered?: number | undefined;
  /** `awaited` of a delivery */
  readonly awaited?: readonly number[];
}

/**
 * Applies a bundle to the host: stages, validates, switches, runs hooks, verifies; rolls back if that fails. A second apply changes
 * nothing, except that it repairs drift.
 * @param delivered what is to be in force, but for accounts that move just now
 * @param secret without it the secrets stay unchanged
 * @param from a controller sends nothing to a host that is lost, so what it sends says that the accounts in it are this host's
 * @throws ApplyError or the system's error when it could not be tried (disk full, wrong host): then nothing was changed.
 */
export async function apply(
  machine: Machine,
  delivered: Bundle,
  secret?: Secret,
  from?: FromController,
): Promise<ApplyReport> {
  const current = settleGenerations(machine);
  const taken = await takeIn(machine, current, delivered, from);
  const { bundle } = taken;
  const { course, wasChanged, ...seen } = await begin(machine, current, { ...taken, epoch: secret?.epoch });
  const differs = bundle.digest !== current.bundle.digest || wasChanged;
  if (differs) ensureSpace(machine, bundle);
  course.repaired.push(...closeExposed(machine, current.bundle));
  if (secret) ensureSecrets(machine, bundle, secret);
  if (from) writeAnswers(machine, delivered, from.answers ?? {});
  const { inOrder, problems: unrepaired } = repairDirectories(course, current.bundle);
  if (!differs) {
    course.problems.push(...unrepaired);
    return converge(course, current);
  }
  const options = { force: wasChanged, repaired: [...course.repairedPaths] };
  const { generation, filesWritten, problems } = await prepare(machine, current, bundle, { ...seen, inOrder }, options);
  course.problems.push(...problems);
  course.filesWritten = filesWritten;
  return generation ? switchOver(course, current, generation) : converge(course, current);
}

/**
 * Notes on the host what a delivery says besides files: who controls it, and which accounts move or wait for backups.
 * @returns what is to be in force meanwhile, and what is worth knowing
 */
async function takeIn(machine: Machine, current: Generation, delivered: Bundle, from?: FromController) {
  requireQuotas(machine, whileMoving(machine, current.bundle, delivered));
  keepHostName(machine, delivered.host);
  // Not before it is known to be for this host.
  if (from) {
    // One that says no number knows of no answer, as a state that was restored from an older copy: the host may know of one.
    if (from.answered !== undefined) rememberAnswer(machine, from.answered);
    rememberRunning(machine);
    // Whoever waits at boot has its answer.
    endWaiting(machine);
    forgetGone(
      machine,
      marked(machine, "gone").filter((number) => delivered.groups[`account-${number}`]),
    );
  }
  // Data on a disk that is not there yet is none to wait for.
  await ensureAccountsMounted(machine, whileMoving(machine, current.bundle, delivered));
  holdAwaited(machine, current.bundle, delivered, from?.awaited ?? []);
  const bundle = whileMoving(machine, current.bundle, delivered);
  // What was delivered before is not known any more after this.
  const before = deliveredIfWhole(machine, current.bundle) ?? current.bundle;
  const notes = [
    ...awaitedInWords(machine, delivered),
    ...waitingForMoves(machine, current.bundle, delivered),
    ...noteRestores(machine, before, delivered),
  ];
  for (const note of notes) machine.say(note);
  rememberDelivered(machine, delivered, bundle);
  return { bundle, notes };
}

/**
 * Looks for drift, and repairs what can be repaired without a new generation.
 * @returns the course of this apply; the files that were changed, and where; whether a new generation must put something right
 */
async function begin(
  machine: Machine,
  current: Generation,
  { bundle, notes, epoch: delivered }: { bundle: Bundle; notes: readonly string[]; epoch: number | undefined },
) {
  const applied = readApplied(machine);
  const bases = possibleBases(machine, current, applied?.number ?? 0);
  // Who applies the same again asks whether all is as it was, also where some accounts have kept older files.
  const isSame = [current.bundle.digest, applied?.from].includes(bundle.digest);
  const since = isSame ? 0 : placedAt(current);
  const drift = findDrift(machine.layout.current, current, since);
  const drifted = new Set(drift.changed.keys());
  const repairs = await repair(machine, current, { drifted, inodes: drift.inodes }, bases.length > 1);
  const repaired = [
    ...[...drifted].map((path) => `${path} had been changed`),
    ...drift.unknown.map((path) => `${path} was unexpected: it is kept in generation ${current.number}`),
  ];
  const epoch = delivered ?? applied?.epoch ?? 1;
  const isNewEpoch = applied !== undefined && applied.epoch !== epoch;
  const groups = [current, { bundle }].flatMap((each) => Object.keys(each.bundle.groups) as Group[]);
  const course: Course = {
    machine,
    epoch,
    applied,
    bases,
    repairedPaths: new Set([
      ...drifted,
      ...repairs.paths,
      ...bases.slice(1).flatMap((generation) => generation.repaired),
    ]),
    repaired: [...repairs.said, ...repaired],
    repairs,
    hooks: [],
    problems: [],
    notes,
    filesWritten: 0,
    behind: new Set(isNewEpoch ? groups : applied?.behind),
    wanted: bundle.digest,
  };
  return { course, drifted, inodes: drift.inodes, wasChanged: repaired.length > 0 };
}

/** Without a new generation: runs the missing hooks of an interrupted run, and repairs stopped units and flushed rules. */
async function converge(course: Course, current: Generation): Promise<ApplyReport> {
  const refused = concernsHost(course.problems);
  const problems = await bring(course, current, current);
  const last = course.bases[0]!;
  course.problems.push(...problems);
  if (concernsHost(problems)) {
    if (last.number !== current.number) return goBack(course, current, last);
    return report(course, current, "failed", []);
  }
  await complete(course, current);
  const done = course.hooks.length + course.repaired.length > 0 ? "applied" : "unchanged";
  return report(course, current, refused ? "rolled-back" : course.problems.length > 0 ? "partial" : done, []);
}

async function switchOver(course: Course, current: Generation, next: Generation): Promise<ApplyReport> {
  const { machine } = course;
  const changed = changedGroups(current.bundle, next.bundle);
  machine.say(`switching to generation ${next.number} (${changed.length} groups changed)`);
  switchTo(machine, current, next.number);
  const problems = await bring(course, next, current);
  course.bases.push(next);
  course.problems.push(...problems);
  if (concernsHost(problems)) return goBack(course, next, current);
  let inForce = next;
  if (problems.length > 0) {
    const reduced = await withoutGroups(course, current, next, distinctGroups(problems));
    if (!reduced) return goBack(course, readCurrent(machine), current);
    inForce = reduced;
  }
  await complete(course, inForce);
  return report(
    course,
    inForce,
    course.problems.length > 0 ? "partial" : "applied",
    changedGroups(current.bundle, inForce.bundle),
  );
}

/** For a generation that this run has just made itself. */
const unseen: Seen = { drifted: new Set(), inodes: new Map(), inOrder: new Set() };

/**
 * Restores the old files of accounts whose units did not start.
 * @returns the generation in force then; undefined if that does not run either.
 */
async function withoutGroups(
  course: Course,
  old: Generation,
  now: Generation,
  groups: readonly Group[],
): Promise<Generation | undefined> {
  const { machine } = course;
  machine.say(`restoring the old files of ${groups.join(", ")}`);
  const mixed = { ...now.bundle.groups };
  const taken = takenFrom(old.bundle, now.bundle, groups);
  course.problems.push(...taken.map((each) => ({ group: each.group, path: each.path, message: takenInWords(each) })));
  for (const group of [...groups, ...taken.map((each) => each.group)]) {
    const before = old.bundle.groups[group];
    if (before) mixed[group] = before;
    else delete mixed[group];
  }
  const bundle = sealBundle(now.bundle.host, mixed);
  const { generation, problems } = await prepare(machine, now, bundle, unseen, {
    force: true,
    repaired: now.repaired,
  });
  if (!generation || problems.length > 0) return undefined;
  switchTo(machine, now, generation.number);
  const left = await bring(course, generation, old);
  course.bases.push(generation);
  course.problems.push(...left);
  return left.length === 0 ? generation : undefined;
}

/** Switches back to a generation that was in force before, and runs its hooks. */
async function goBack(course: Course, from: Generation, to: Generation): Promise<ApplyReport> {
  const { machine } = course;
  machine.say(`rolling back to generation ${to.number}`);
  switchTo(machine, from, to.number);
  const problems = await bring(course, to, to);
  course.problems.push(...problems);
  if (!concernsHost(problems)) await complete(course, to);
  return report(course, to, "rolled-back", []);
}

/** Records for the next run that the hooks of `generation` are done, and removes generations that are no longer needed. */
async function complete(course: Course, generation: Generation): Promise<void> {
  const { machine, applied, epoch } = course;
  course.problems.push(...showConfigurations(machine, course.bases[0]!.bundle, generation.bundle));
  const ran = course.hooks.length > 0 || applied?.number !== generation.number;
  const firewall = machine.live && ran ? await firewallHash(machine, generation.bundle) : applied?.firewall;
  const behind = [...course.behind].filter((group) => generation.bundle.groups[group]);
  const now: Applied = {
    ...{ number: generation.number, firewall, epoch },
    ...(behind.length > 0 && { behind }),
    ...(course.wanted !== generation.bundle.digest && { from: course.wanted }),
  };
  if (JSON.stringify(now) !== JSON.stringify(applied)) writeApplied(machine, now);
  if (backupsOf(generation.bundle).length > 0) beginProofs(machine);
  inForceNow(machine, generation.bundle);
  // Not before: a rollback must not start them.
  forgetGone(
    machine,
    marked(machine, "gone").filter((number) => !generation.bundle.groups[`account-${number}`]),
  );
  pruneGenerations(machine, generation);
}

/** Repairs directories that are missing or changed. @returns problems that it could not repair; staging reports them again */
function repairDirectories(course: Course, bundle: Bundle): { inOrder: Set<Group>; problems: Problem[] } {
  const problems: Problem[] = [];
  const inOrder = new Set<Group>();
  for (const [name, account] of accountsOf(bundle)) {
    try {
      if (wrongDirectories(course.machine, account).length > 0) {
        ensureDirectories(course.machine, account);
        course.repaired.push(`directories of ${name} had been changed`);
      }
      inOrder.add(name);
    } catch (error) {
      if (!(error instanceof ApplyError)) throw error;
      problems.push({ group: name, path: account.directory, message: error.message });
    }
  }
  return { inOrder, problems };
}

function report(
  { machine, repaired, hooks, problems, filesWritten, notes: known }: Course,
  { number, bundle }: Generation,
  result: ApplyReport["result"],
  changed: readonly string[],
): ApplyReport {
  const other = otherMaster(machine);
  const notes = [...known, ...(other === undefined ? [] : [other])];
  return {
    host: bundle.host,
    digest: bundle.digest,
    result,
    generation: `${number}`,
    changedGroups: changed,
    filesWritten,
    hooks,
    repaired,
    errors: problems,
    ...(notes.length > 0 && { notes }),
  };
}
