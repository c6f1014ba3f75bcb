import { readdirSync, rmSync } from "node:fs";
import { enableCompileCache } from "node:module";
import { join } from "node:path";

/** Those of some releases, about 50 MB. A base of another program adds a thousand under a path that never comes again. */
const mostKept = 10_000;

const usual = join(import.meta.dirname, "../../node_modules/.cache/compiled");

/**
 * Keeps compiled modules between runs: those of a review take half a second to read and compile. Only what is imported after this call is
 * kept. In the checkout, and not in the shared directory for temporary files, which is Node's default: what another user of the machine left
 * there would be run. A directory that cannot be written is no error.
 */
export function keepCompiled(directory = usual, most = mostKept): void {
  try {
    if (readdirSync(directory, { recursive: true }).length > most) rmSync(directory, { recursive: true });
  } catch {
    // Not there yet, or another run removes it at the same time.
  }
  enableCompileCache(directory);
}
