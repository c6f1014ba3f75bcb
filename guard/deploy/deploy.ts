import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lostHosts } from "../../components/host/hardware/lost.ts";
import { UserError } from "../../lib/user-error.ts";
import type { Engine } from "../engine/engine.ts";
import { preview } from "../engine/preview.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import { formatText } from "../report/text.ts";
import type { Review } from "../verdict/review.ts";
import { fingerprint, sameFingerprint } from "./fingerprint.ts";
import type { Drift } from "./hosts/drift.ts";
import { compareAfter, type Gate, lookBefore } from "./hosts/gate.ts";
import { movesBetween, prepare, type Reach, settleAll, withLost } from "./hosts/moves.ts";
import type { Proofs } from "./hosts/proofs.ts";
import { driftEverywhere, fleetOf, repairing } from "./hosts/repair.ts";
import { restoresBetween, runRestores } from "./hosts/restores.ts";
import { Journal } from "./journal.ts";
import { localFacts, type PastEngine } from "./lock/engine-lock.ts";
import { deployLock, LockedError } from "./lock/lock.ts";
import { deployVariable } from "./lock/orphans.ts";
import { self } from "./lock/owner.ts";
import { masterSecrets } from "./master-secrets.ts";
import { type Move, newRecord, recordsDirectory } from "./record.ts";
import { recover } from "./recover.ts";
import { reviewPreview } from "./review-preview.ts";
import { stagesOf, strayHosts, targetsOf } from "./targets.ts";
import { clearPending, stateFacts, update } from "./update.ts";
import { waived } from "./waived.ts";

/** Result of a deploy. */
export type DeployResult =
  | { readonly kind: "done" | "nothing to do" | "not confirmed" }
  | { readonly kind: "needs approval" | "blocked" | "failed"; readonly reason: string };

export interface DeployOptions {
  readonly engine: Engine;
  readonly config: StackConfig;
  /** Directory of the policy pack. */
  readonly policyPack?: string;
  readonly message?: string;
  /** Seconds to wait for another deploy. */
  readonly wait?: number;
  readonly gate: Gate;
  /** How data of accounts that move gets from host to host. */
  readonly reach: Reach;
  /** Looks for drift: on the hosts that a deploy touches, before it overwrites anything; with `repair` on all hosts, and repairs it. */
  readonly drift?: Drift;
  /** Looks at the proofs of backups on the hosts that a deploy touches. */
  readonly proofs?: Proofs;
  readonly repair?: boolean;
  readonly confirm: (question: string) => Promise<boolean>;
  /** Shows progress to people. */
  readonly say: (text: string) => void;
}

/**
 * Deploys a stack under guard: previews, judges, asks, and then does exactly what was judged, wave by wave. Before and after each wave
 * the health of its hosts is looked at. Every run writes a record, and first cleans up after killed runs.
 * @throws LockedError while another deploy of the stack runs
 */
export async function deploy(options: DeployOptions): Promise<DeployResult> {
  const { engine, config, say } = options;
  const directory = recordsDirectory(engine);
  await using _lock = await deployLock(directory, "guard deploy", options.wait ?? 0, say);
  const past = await recover(directory, say);
  const made = await fingerprint(config);
  const plans = await mkdtemp(join(tmpdir(), "fairhost-plans-"));
  const owner = await self();
  const journal = await Journal.begin(directory, newRecord({ stack: engine.stack, owner, ...made }, new Date()));
  const signal = new AbortController();
  // The engine gets the signal separately; here it means that no new step starts.
  const interrupt = () => signal.abort();
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    const lost = lostHosts((await fleetOf(config))?.hosts ?? []);
    const { open } = await settled(past.moves.map((move) => withLost(move, lost)));
    await journal.write({ moves: open });
    const result = await guarded(options, { journal, made, plans, engines: past.engines, signal: signal.signal });
    const left = result.kind === "done" || result.kind === "nothing to do" ? (await settled(open, true)).problems : [];
    if (left.length > 0) {
      await journal.end("failed", left.join("\n"));
      return { kind: "failed", reason: left.join("\n") };
    }
    await journal.end(resultWord(result), "reason" in result ? result.reason : result.kind);
    return result;
  } catch (error) {
    await journal.end(error instanceof LockedError ? "refused" : "failed", (error as Error).message);
    throw error;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
    await rm(plans, { recursive: true, force: true });
  }

  async function settled(moves: readonly Move[], over = false) {
    const result = await settleAll(options.reach, moves, say, masterSecrets(engine), over);
    if (result.problems.length > 0) say(`\n${result.problems.join("\n")}\n`);
    return result;
  }
}

/** Where the update itself failed, nothing is compared. */
const nothingSeen = { problems: [], notes: [] };

/** State of one run of a deploy. */
interface Run {
  readonly journal: Journal;
  readonly made: Awaited<ReturnType<typeof fingerprint>>;
  /** Directory for the engine's plans. */
  readonly plans: string;
  /** Engines that earlier runs started. */
  readonly engines: readonly PastEngine[];
  readonly signal: AbortSignal;
}

function resultWord({ kind }: DeployResult): "succeeded" | "failed" | "refused" {
  switch (kind) {
    case "done":
    case "nothing to do":
      return "succeeded";
    case "failed":
      return "failed";
    case "needs approval":
    case "blocked":
    case "not confirmed":
      return "refused";
    default:
      return kind satisfies never;
  }
}

async function guarded(options: DeployOptions, run: Run): Promise<DeployResult> {
  const { journal, made, plans, engines, signal } = run;
  const { config, policyPack, say, gate } = options;
  const engine = {
    ...options.engine,
    environment: { ...options.engine.environment, [deployVariable]: journal.record.id },
  };
  const locks = await localFacts(engine, engines);
  const onOutput = say;

  let state = await stateFacts(engine);
  if (state.pending > 0) {
    say("Found pending operations of an interrupted run; clearing and retrying them.\n");
    await clearPending(engine, { locks, say });
    state = await stateFacts(engine);
  }
  const drifted = options.repair ? await driftEverywhere(options) : [];
  await journal.write({ repaired: [...drifted] });
  const whole = await reviewPreview(engine, config, {
    ...{ policyPack, onOutput },
    plan: planOf("whole"),
    environment: repairing(drifted),
  });
  if (whole.kind === "failed") {
    const reason = whole.messages.join("\n");
    say(`\n${reason}\n`);
    return { kind: whole.why === "refused" ? "blocked" : "failed", reason };
  }
  const { review, sides } = whole;
  say(`\n${formatText(whole.outcome)}`);
  await journal.write({ plan: await digestOf(planOf("whole")), level: review.level, findings: shownFindings(review) });
  if (review.level !== "safe") {
    const findings = review.findings.filter(({ level }) => level !== "safe");
    return { kind: review.level, reason: findings.map(({ rule, message }) => `${rule}: ${message}`).join("\n") };
  }
  if (sides.engine.length === 0) return { kind: "nothing to do" };

  const { declaration } = sides.after;
  const lost = lostHosts(declaration.hosts);
  const moves = movesBetween(sides.before.declaration.accounts, declaration.accounts, lost);
  const restores = restoresBetween(sides.before.declaration.accounts, declaration.accounts);
  // One account's failure keeps no other host from its wave.
  const unrestored: string[] = [];
  const stages = stagesOf(review.stages);
  const touched = stages.flatMap(({ hosts }) => hosts);
  const directory = recordsDirectory(engine);
  const proofs = (await options.proofs?.(sides.before.declaration, declaration, touched, directory)) ?? [];
  const { weighed, reason } = await waived(proofs, config, directory);
  if (weighed.length > 0)
    await journal.write({ findings: shownFindings({ findings: [...review.findings, ...weighed] }) });
  for (const { message, approved } of weighed) {
    if (approved) say(`\nApproved by ${approved.approval.approvedBy}: ${message}\n`);
  }
  if (reason !== undefined) {
    say(`\n${reason}\n`);
    return { kind: "needs approval", reason };
  }
  if (!options.repair) await options.drift?.(sides.before.declaration, touched);
  const question = stages.length > 1 ? `Deploy in ${stages.length} waves?` : "Deploy?";
  if (!(await options.confirm(question))) return { kind: "not confirmed" };
  await journal.write({ waves: stages.map(({ hosts }) => ({ hosts: [...hosts], result: "waiting", problems: [] })) });

  for (const [index, wave] of stages.entries()) {
    const last = index === stages.length - 1;
    const title =
      stages.length > 1 ? `Wave ${index + 1} of ${stages.length}, ${wave.hosts.join(" and ")}` : "Deploying";
    const environment = repairing(drifted.filter((host) => wave.hosts.includes(host)));
    const plan = planOf(stages.length > 1 ? `wave-${index + 1}` : "whole");
    // The last wave has no targets, so that everything else is deployed too. The pack judges only this whole stack: between two waves
    // the stack holds a fleet that nobody has declared.
    const scope = last ? { policyPack } : { targets: targetsOf(sides, wave) };
    if (stages.length > 1) {
      say(`\n${title}: preview.\n`);
      const own = await preview(engine, { ...scope, plan, environment });
      if (own.kind === "failed") return stopped(index, own.messages);
      const stray = strayHosts(own.sides, wave).filter((host) => !lost.has(host));
      if (stray.length > 0)
        return stopped(index, [`Pulumi would touch ${stray.join(", ")}, which is not in this wave.`]);
    }
    if (signal.aborted) return stopped(index, ["Interrupted by a signal."]);
    const moved = await whatMoved(state.digest);
    if (moved !== undefined) return stopped(index, [moved]);
    const moving = moves.filter(({ to }) => wave.hosts.includes(to));
    await journal.write({ moves: [...(journal.record.moves ?? []), ...moving] });
    try {
      await prepare(options.reach, moving, say);
    } catch (error) {
      if (error instanceof UserError) return stopped(index, [error.message]);
      throw error;
    }
    const before = await lookBefore(wave.hosts, sides, gate);
    say(`\n${title}.\n`);
    await journal.wave(index, "running");
    const message = `guard ${journal.record.id}: ${review.level}, ${title}${options.message ? `: ${options.message}` : ""}`;
    const onStart = (pid: number) => void journal.engine(pid);
    const updated = await update(engine, {
      ...scope,
      plan,
      environment,
      message,
      locks,
      say,
      onOutput,
      onStart,
    });
    // Backups are given out only when the backup hosts know where the accounts are now.
    const due = moves.filter((move) => (move.lost ? last : moving.includes(move)));
    const problems = [...updated, ...(await settleAll(options.reach, due, say, masterSecrets(engine))).problems];
    if (updated.length === 0) {
      const own = restores.filter(({ host }) => wave.hosts.includes(host));
      const left = await runRestores(options.reach, own, say);
      if (left.length > 0) say(`\n${left.join("\n")}\n`);
      unrestored.push(...left);
    }
    const { problems: unhealthy, notes } = problems.length > 0 ? nothingSeen : await compareAfter(before, gate);
    if (notes.length > 0)
      say(`\nNotes that do not stop the deploy (for account owners, or to put right by hand):\n${notes.join("\n")}\n`);
    await journal.wave(index, problems.length + unhealthy.length > 0 ? "failed" : "succeeded", [
      ...problems,
      ...unhealthy,
    ]);
    if (problems.length > 0) return stopped(index, problems);
    if (unhealthy.length > 0) return stopped(index, unhealthy, true);
    if (!last) state = await stateFacts(engine);
  }
  return unrestored.length > 0 ? { kind: "failed", reason: unrestored.join("\n") } : { kind: "done" };

  function planOf(name: string): string {
    return join(plans, name);
  }

  async function whatMoved(before: string): Promise<string | undefined> {
    if (!sameFingerprint(await fingerprint(config), made))
      return "The inventory changed after it was judged: deploy again.";
    if ((await stateFacts(engine)).digest !== before) return "The state changed after it was judged: deploy again.";
    return undefined;
  }

  function stopped(index: number, problems: readonly string[], reached = false): DeployResult {
    const reason = problems.join("\n");
    say(`\n${goingOn(stages, index, reached, reason)}`);
    return { kind: "failed", reason };
  }
}

/** What was done, what was not, and how to continue or go back. */
function goingOn(
  stages: readonly { readonly hosts: readonly string[] }[],
  index: number,
  reached: boolean,
  reason: string,
): string {
  const names = (from: number, to?: number) => stages.slice(from, to).flatMap(({ hosts }) => hosts);
  const done = names(0, reached ? index + 1 : index);
  const here = reached ? [] : names(index, index + 1);
  const left = names(index + 1);
  return [
    `Stopped: ${reason}`,
    ...(done.length > 0 ? [`Updated: ${done.join(", ")}.`] : []),
    ...(here.length > 0 ? [`In doubt (old or new generation, never a mix): ${here.join(", ")}.`] : []),
    ...(left.length > 0 ? [`Unchanged: ${left.join(", ")}.`] : []),
    "To continue: fix the cause, then run `guard deploy` again; it does only the rest.",
    "To go back: `git revert` the change, then run `guard deploy`.",
    "",
  ].join("\n");
}

async function digestOf(file: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

function shownFindings({
  findings,
}: Pick<Review, "findings">): { rule: string; level: Review["level"]; message: string }[] {
  return findings.map(({ rule, level, message }) => ({ rule, level, message }));
}
