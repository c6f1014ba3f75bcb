import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, relative } from "node:path";

/** Absolute path of the checkout this file belongs to. */
export const checkout = join(import.meta.dirname, "..");

/** Go module that names the engine: its `go.mod` is the only place where the engine's version is written. */
export const engineModule = join(import.meta.dirname, "engine");

/** Files that setup makes for this checkout and can make again at any time (`npm ci` deletes them). */
const derived = join(checkout, "node_modules", ".cache", "fairhost");

/** A search path without what setup made for any checkout. */
export function foreignPath(path: string): string {
  const made = new RegExp(`/${relative(checkout, derived)}/[^/]+/?$`);
  return path
    .split(delimiter)
    .filter((directory) => !made.test(directory))
    .join(delimiter);
}

/** Whether the environment's Pulumi home is one that an activated checkout set, this one or another, and not the user's own. */
export function isOfCheckout(env: NodeJS.ProcessEnv): boolean {
  return (
    env.PULUMI_HOME !== undefined && (env.PULUMI_HOME === env.FAIRHOST_PULUMI_HOME || env.PULUMI_HOME === pulumiHome)
  );
}

/** Variables that are set for the engine built here alone. */
export const onlyBuilt = ["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION", "PULUMI_IGNORE_AMBIENT_PLUGINS"] as const;

/** Executables to put first on PATH: the engine and the programs that it expects beside itself. */
export const binDirectory = join(derived, "bin");

/** Pulumi's home when the engine is built here: the providers' place and the selected stack. Git-ignored. */
export const pulumiHome = join(checkout, ".state", "home");

/** Version of the engine, without a leading `v`, from `engine/go.mod`. */
export function engineVersion(): string {
  const version = /github\.com\/pulumi\/pulumi\/pkg\/v3 v(\S+)/.exec(
    readFileSync(join(engineModule, "go.mod"), "utf8"),
  )?.[1];
  if (!version) throw new Error(`${engineModule}/go.mod: no line requires github.com/pulumi/pulumi/pkg/v3`);
  return version;
}

/** Directory of the built engine, shared by all checkouts: one per recipe (go.mod, go.sum, version, platform). */
export function engineDirectory(): string {
  const recipe = createHash("sha256");
  for (const file of ["go.mod", "go.sum"]) recipe.update(readFileSync(join(engineModule, file)));
  recipe.update(`${process.platform}-${process.arch}`);
  const cache = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(cache, "fairhost", "toolchain", `pulumi-${engineVersion()}-${recipe.digest("hex").slice(0, 16)}`);
}

/** Providers for PATH, used only when the user has a PULUMI_HOME of their own. */
export const pluginDirectory = join(derived, "plugins");

/** Node's cache of compiled code. */
export const compileCache = join(derived, "compile");

/** Setup's decision, for {@link file://./env.ts}. */
export const decisionFile = join(derived, "toolchain.json");

/** The project's own Node, from npm, or the one that runs this when npm brought none. */
export function nodeBinary(): string {
  const own = join(checkout, "node_modules", "node", "bin", "node");
  return existsSync(own) ? own : process.execPath;
}
