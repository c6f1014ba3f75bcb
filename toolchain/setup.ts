/**
 * `node toolchain/setup.ts [--json]`: makes `pulumi` work in this checkout. Uses an official installation when there is
 * a suitable one; otherwise builds the engine and puts this project's language host and providers beside it. Fast if everything exists.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { endFailed } from "./error.ts";
import { binDirectory, checkout, compileCache, decisionFile, engineVersion } from "./paths.ts";
import { findOfficialPulumi } from "./system/official.ts";
import { installWrappers } from "./wrappers.ts";

/** The Pulumi this checkout runs on. */
export interface Toolchain {
  /** `official`: the user's own installation; `built`: the engine built from its Go modules, with this project's plugins. */
  readonly kind: "official" | "built";
  /** Path of the `pulumi` executable. */
  readonly pulumi: string;
  /** For example `3.200.0`. */
  readonly version: string;
}

/**
 * Sets up what is missing and remembers the decision for `toolchainEnv()`.
 *
 * @param onProgress gets short progress messages, often during a build.
 * @throws ToolchainError when it cannot be done.
 */
export async function setupToolchain(onProgress: (text: string) => void = () => {}): Promise<Toolchain> {
  mkdirSync(join(checkout, ".state"), { recursive: true });
  mkdirSync(compileCache, { recursive: true });
  const official = await findOfficialPulumi(process.env, onProgress);
  let toolchain: Toolchain;
  if (official) toolchain = { kind: "official", ...official };
  else {
    // Imported late: the build's libraries would double the time of a setup that has nothing to do.
    const { ensureEngine } = await import("./engine.ts");
    installWrappers(await ensureEngine(onProgress));
    toolchain = { kind: "built", pulumi: join(binDirectory, "pulumi"), version: engineVersion() };
  }
  const text = `${JSON.stringify(toolchain, undefined, 2)}\n`;
  if (text !== readDecision()) {
    mkdirSync(dirname(decisionFile), { recursive: true });
    writeFileSync(`${decisionFile}.${process.pid}`, text);
    renameSync(`${decisionFile}.${process.pid}`, decisionFile);
  }
  return toolchain;
}

function readDecision(): string | undefined {
  try {
    return readFileSync(decisionFile, "utf8");
  } catch {
    return undefined;
  }
}

/** Shows progress: one line that changes on a terminal, elsewhere a line at most every ten seconds. */
function progressLine(): { show: (text: string) => void; end: () => void } {
  const terminal = process.stderr.isTTY;
  const start = performance.now();
  let last = Number.NEGATIVE_INFINITY;
  return {
    show(text) {
      const now = performance.now();
      if (now - last < (terminal ? 100 : 10_000)) return;
      last = now;
      const line = `Pulumi ${engineVersion()}: ${text}, ${Math.round((now - start) / 1000)} s`;
      process.stderr.write(terminal ? `\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${line}\n`);
    },
    end() {
      if (terminal && last > 0) process.stderr.write("\r\x1b[K");
    },
  };
}

if (import.meta.main) {
  const progress = progressLine();
  try {
    const { json } = parseArgs({ options: { json: { type: "boolean" } } }).values;
    const toolchain = await setupToolchain(progress.show);
    progress.end();
    if (json) console.log(JSON.stringify(toolchain));
    else {
      const parts =
        toolchain.kind === "official"
          ? "your own installation: official engine, language host and providers"
          : "engine built here, this project's own language host and providers";
      console.log(`Pulumi ${toolchain.version} is ready (${parts}; ${toolchain.pulumi})`);
    }
  } catch (error) {
    progress.end();
    endFailed(error);
  }
}
