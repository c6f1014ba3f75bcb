import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { secretsIn } from "../../lib/text/mask.ts";
import { UserError } from "../../lib/user-error.ts";
import { type Engine, type EngineOptions, runEngine } from "../engine/engine.ts";
import { readEvents } from "../engine/events.ts";
import { failed, type PreviewOptions, scope } from "../engine/preview.ts";
import { type LocalFacts, runLocking } from "./lock/engine-lock.ts";

/** Facts about the state, enough to see that it changed. */
export interface StateFacts {
  readonly digest: string;
  /** Pending operations: a killed engine began them and did not record their end. */
  readonly pending: number;
}

export async function stateFacts(engine: Engine): Promise<StateFacts> {
  const { exitCode, stdout, output } = await runEngine(engine, ["stack", "export"]);
  if (exitCode !== 0) throw new UserError(`Cannot read the state: ${output().trim()}`);
  const { deployment } = JSON.parse(stdout) as { deployment: { pending_operations?: unknown[] } | null };
  return {
    digest: createHash("sha256").update(stdout).digest("hex"),
    pending: deployment?.pending_operations?.length ?? 0,
  };
}

export interface UpdateOptions extends Pick<PreviewOptions, "policyPack" | "targets">, EngineOptions {
  /** File of the plan. */
  readonly plan: string;
  readonly message: string;
  readonly locks: LocalFacts;
  readonly say: (text: string) => void;
}

/**
 * Does exactly what an engine plan says.
 * @returns problems; none if everything was done
 * @throws LockedError
 */
export async function update(engine: Engine, options: UpdateOptions): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-update-"));
  try {
    const events = join(directory, "events");
    const { exitCode, output } = await runLocking(
      engine,
      [
        ...["up", "--yes", "--skip-preview", "--suppress-outputs", "--message", options.message],
        ...["--plan", options.plan, "--event-log", events, ...scope(options)],
      ],
      options.locks,
      options,
    );
    return exitCode === 0 ? [] : failed(await readEvents(events), output(), secretsIn(engine.environment)).messages;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Clears pending operations of a killed engine. Deliveries are made again, which is safe because they are idempotent. */
export async function clearPending(engine: Engine, options: Pick<UpdateOptions, "locks" | "say">): Promise<void> {
  const { exitCode, output } = await runLocking(
    engine,
    ["refresh", "--yes", "--skip-preview", "--clear-pending-creates"],
    options.locks,
    options,
  );
  if (exitCode !== 0) throw new UserError(`Cannot clear pending operations of an interrupted run: ${output().trim()}`);
}
