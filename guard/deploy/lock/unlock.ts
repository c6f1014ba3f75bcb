import type { Engine } from "../../engine/engine.ts";
import { recordsDirectory } from "../record.ts";
import { recover } from "../recover.ts";
import { clearPending } from "../update.ts";
import { localFacts } from "./engine-lock.ts";
import { deployLock } from "./lock.ts";

/**
 * Cleans up after killed deploys and engines of this machine. The engine reports locks only when it needs one itself, so this runs a
 * refresh, which also clears pending operations.
 * @throws LockedError for a deploy or an engine that may still run
 */
export async function unlock(engine: Engine, say: (text: string) => void): Promise<void> {
  const directory = recordsDirectory(engine);
  await using _lock = await deployLock(directory, "guard unlock", 0, say);
  const { engines } = await recover(directory, say);
  await clearPending(engine, { locks: await localFacts(engine, engines), say });
}
