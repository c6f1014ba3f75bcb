import type { Engine } from "../../engine/engine.ts";
import { recordsDirectory } from "../record.ts";
import { recover } from "../recover.ts";
import { clearPending } from "../update.ts";
import { localFacts } from "./engine-lock.ts";
import { deployLock } from "./lock.ts";

/**
 * Ends what killed deploys and engines of this machine have left. The engine tells of its locks only where it needs one, so it is
 * made to take one, by a refresh that forgets pending operations as well.
 * @throws LockedError for what may still live
 */
export async function unlock(engine: Engine, say: (text: string) => void): Promise<void> {
  const directory = recordsDirectory(engine);
  await using _lock = await deployLock(directory, "guard unlock", 0, say);
  const { engines } = await recover(directory, say);
  await clearPending(engine, { locks: localFacts(engine, engines), say });
}
