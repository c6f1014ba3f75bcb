/**
 * The environment in which plain `pulumi` works in this checkout. `node toolchain/env.ts` prints it as shell commands
 * for `toolchain/activate`.
 */
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { parseArgs } from "node:util";
import { endFailed, ToolchainError } from "./error.ts";
import {
  binDirectory,
  checkout,
  compileCache,
  decisionFile,
  foreignPath,
  isOfCheckout,
  onlyBuilt,
  pluginDirectory,
  pulumiHome,
} from "./paths.ts";
import type { Toolchain } from "./setup.ts";
import { shellWord } from "./wrappers.ts";

/**
 * Passphrase of the lab's stack. Public on purpose: it protects virtual machines that run on one machine and cannot be
 * reached from outside. Every other stack needs a passphrase of its own.
 */
export const labPassphrase = "lab";

/** Puts directories first on a search path, each once. */
export function prependPath(path: string, directories: readonly string[]): string {
  const rest = path.split(delimiter).filter((dir) => dir !== "" && !directories.includes(dir));
  return [...directories, ...rest].join(delimiter);
}

/**
 * Address of the state if Pulumi.yaml gives it relative to the project: Pulumi itself resolves such an address against
 * the directory it is started in, so it would look elsewhere from a sub-directory.
 *
 * @returns an absolute `file://` address, or nothing when Pulumi.yaml has none that is relative.
 */
export function absoluteBackend(projectFile: string, project: string): string | undefined {
  const relative = /^backend:\s*\n\s+url:\s*["']?file:\/\/(\.[^"'\s]*)/m.exec(projectFile)?.[1];
  return relative === undefined ? undefined : `file://${join(project, relative)}`;
}

/** Variables that are added to or changed in an environment. Pure. */
export function toolchainVariables(
  env: NodeJS.ProcessEnv,
  kind: Toolchain["kind"],
  projectFile: string,
): Record<string, string> {
  const added: Record<string, string> = {
    NODE_COMPILE_CACHE: env.NODE_COMPILE_CACHE || compileCache,
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // The engine is short-lived: less frequent garbage collection saves a quarter of its CPU time for some hundred MB.
    GOGC: env.GOGC || "400",
  };
  const directories = [join(checkout, "node_modules", ".bin")];
  if (kind === "built") {
    directories.push(binDirectory);
    if (!env.PULUMI_HOME || isOfCheckout(env)) {
      added.PULUMI_HOME = added.FAIRHOST_PULUMI_HOME = pulumiHome;
      // Otherwise the engine would prefer the providers of an installation on PATH that was not chosen.
      added.PULUMI_IGNORE_AMBIENT_PLUGINS = "true";
    } else directories.push(pluginDirectory);
    // Missing providers cannot be downloaded here: fail at once instead of trying.
    added.PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION = "true";
  } else if (isOfCheckout(env)) {
    // Another checkout, with an engine of its own, is active in this shell.
    added.PULUMI_HOME = join(homedir(), ".pulumi");
    added.FAIRHOST_PULUMI_HOME = "";
    for (const name of onlyBuilt) added[name] = "false";
  }
  added.PATH = prependPath(foreignPath(env.PATH ?? ""), directories);
  const backend = absoluteBackend(projectFile, checkout);
  if (backend && (!env.PULUMI_BACKEND_URL || env.PULUMI_BACKEND_URL === env.FAIRHOST_BACKEND_URL))
    added.PULUMI_BACKEND_URL = added.FAIRHOST_BACKEND_URL = backend;
  if (env.PULUMI_CONFIG_PASSPHRASE === undefined && env.PULUMI_CONFIG_PASSPHRASE_FILE === undefined)
    added.PULUMI_CONFIG_PASSPHRASE = labPassphrase;
  return added;
}

/** Which Pulumi setup has chosen; undefined if its file does not say, as one that a full disk has cut: setup writes it anew. */
export function kindIn(decision: string): Toolchain["kind"] | undefined {
  try {
    const kind = (JSON.parse(decision) as Partial<Toolchain> | null)?.kind;
    return kind === "official" || kind === "built" ? kind : undefined;
  } catch {
    return undefined;
  }
}

function ownVariables(env: NodeJS.ProcessEnv): Record<string, string> {
  const kind = existsSync(decisionFile) ? kindIn(readFileSync(decisionFile, "utf8")) : undefined;
  if (kind === undefined)
    throw new ToolchainError(`Pulumi is not set up in ${checkout}. Run \`npm run setup\` there first.`);
  return toolchainVariables(env, kind, readFileSync(join(checkout, "Pulumi.yaml"), "utf8"));
}

/**
 * The environment for starting `pulumi` from a program, made from this process's own: search path, compile cache,
 * state and the lab's passphrase. What the user set for state, passphrase and Pulumi's home stays.
 *
 * @throws ToolchainError when setup has not run yet.
 */
export function toolchainEnv(): NodeJS.ProcessEnv {
  return { ...process.env, ...ownVariables(process.env) };
}

if (import.meta.main) {
  try {
    parseArgs({ options: {} });
    for (const [name, value] of Object.entries(ownVariables(process.env)))
      console.log(`export ${name}=${shellWord(value)}`);
  } catch (error) {
    endFailed(error);
  }
}
