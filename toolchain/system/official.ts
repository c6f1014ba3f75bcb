import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, realpathSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import { requiredProviders } from "../language/packages.ts";
import { checkout, engineVersion, foreignPath, isOfCheckout, onlyBuilt } from "../paths.ts";

const run = promisify(execFile);

/** The environment without an activation, of this checkout or of another one, as the user's own Pulumi would see it. */
export function foreignEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const foreign: NodeJS.ProcessEnv = {
    ...env,
    PATH: foreignPath(env.PATH ?? ""),
    PULUMI_SKIP_UPDATE_CHECK: "true",
  };
  if (isOfCheckout(env)) {
    for (const name of ["PULUMI_HOME", ...onlyBuilt]) delete foreign[name];
  }
  return foreign;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** True when version `a` is at least `b`; both `x.y.z`, a leading `v` and anything after the numbers are ignored. */
export function atLeast(a: string, b: string): boolean {
  const numbers = (v: string) => /^v?(\d+)\.(\d+)\.(\d+)/.exec(v.trim())?.slice(1).map(Number);
  const left = numbers(a);
  const right = numbers(b);
  if (!left || !right) return false;
  for (const [i, n] of left.entries()) if (n !== right[i]) return n > right[i]!;
  return true;
}

/** A Pulumi that the user installed and that can run the project as it is. */
export interface OfficialPulumi {
  /** Path of the `pulumi` executable as found on PATH. */
  readonly pulumi: string;
  /** For example `3.270.0`. */
  readonly version: string;
}

/**
 * Looks for an official installation on PATH: `pulumi` of the built engine's version or newer, the Node.js language host
 * beside it (the sign of a whole installation), and the providers the project needs: in Pulumi's home, on PATH, or downloadable.
 *
 * @param env environment to look in; an activation of this or another checkout is ignored.
 * @param explain gets one sentence about why a found `pulumi` is not used.
 */
export async function findOfficialPulumi(
  env: NodeJS.ProcessEnv,
  explain: (reason: string) => void = () => {},
): Promise<OfficialPulumi | undefined> {
  const foreign = foreignEnv(env);
  const dir = foreign.PATH!.split(delimiter).find((dir) => dir !== "" && isExecutable(join(dir, "pulumi")));
  if (dir === undefined) return undefined;
  const pulumi = join(dir, "pulumi");
  if (!isExecutable(join(dirname(realpathSync(pulumi)), "pulumi-language-nodejs"))) {
    explain(`${pulumi} has no pulumi-language-nodejs beside it`);
    return undefined;
  }
  const version = await run(pulumi, ["version"], { env: foreign, timeout: 10_000 }).then(
    (result) => result.stdout.trim().replace(/^v/, ""),
    () => "",
  );
  if (!atLeast(version, engineVersion())) {
    explain(`${pulumi} is version ${version || "unknown"}, older than ${engineVersion()}`);
    return undefined;
  }
  const home = foreign.PULUMI_HOME || join(homedir(), ".pulumi");
  for (const provider of requiredProviders(checkout)) {
    if (existsSync(join(home, "plugins", `resource-${provider.name}-${provider.version}`))) continue;
    // The engine prefers these, whatever their version.
    if (foreign.PATH!.split(delimiter).some((dir) => isExecutable(join(dir, `pulumi-resource-${provider.name}`))))
      continue;
    const arguments_ = ["plugin", "install", "resource", provider.name, provider.version];
    try {
      await run(pulumi, arguments_, { env: foreign, timeout: 120_000 });
    } catch {
      explain(`\`pulumi ${arguments_.join(" ")}\` failed: the provider cannot be downloaded from here`);
      return undefined;
    }
  }
  return { pulumi, version };
}
