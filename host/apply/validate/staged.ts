import { type Bundle, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Machine, RunResult } from "../../os/machine.ts";
import type { Staging } from "../../store/staging/stage.ts";
import { bundlePath, groupOfPath, type Problem } from "./problem.ts";

/** Input of a validator: the staged bundle, and the paths that differ from the generation in force. */
export interface Staged {
  readonly bundle: Bundle;
  readonly changed: ReadonlySet<string>;
  /** Runs a program that sees the staged files at the path of the generation in force. */
  run(program: string, args: readonly string[]): Promise<RunResult>;
}

/** @param changed bundle paths of the validator's folder that differ, at least one; includes removed paths */
export type Validator = (staged: Staged, changed: readonly string[]) => Promise<readonly Problem[]>;

/**
 * The real programs validate the staged files at their final paths: in a separate mount namespace, the staged directory is mounted
 * over the generation in force.
 */
export function staged(machine: Machine, staging: Staging, changed: ReadonlySet<string>): Staged {
  // A constant script; only its arguments vary.
  const overlay = 'mount --bind "$1" "$2" && shift 2 && exec "$@"';
  const wrap = ["--mount", "--propagation", "private", "--", "sh", "-c", overlay, "sh"];
  return {
    bundle: staging.bundle,
    changed,
    run: (program, args) =>
      machine.run("unshare", [...wrap, staging.directory, machine.layout.current, program, ...args], {
        timeout: 300_000,
      }),
  };
}

/** nginx's last line names the main file, whichever file is faulty. */
const summary = /configuration file \S+ test failed$/;

/** One problem for each output line that names a file of the bundle; without such a line, one problem with the whole output. */
export function problemsIn(
  { bundle }: Staged,
  { status, stdout, stderr }: RunResult,
  program: string,
  about?: string,
): readonly Problem[] {
  if (status === 0) return [];
  const text = `${stderr}${stdout}`.trim();
  const groupOf = groupOfPath(bundle);
  const lines = text.split("\n").filter((line) => !summary.test(line));
  const problems = lines.flatMap((line) => {
    for (const [, found] of line.matchAll(/(\/[^\s:,"]+)/g)) {
      const group = groupOf(found!);
      if (group) return [{ group, path: bundlePath(found!), message: `${program}: ${shown(line)}` }];
    }
    return [];
  });
  if (problems.length > 0) return problems;
  const group = (about !== undefined && groupOf(`${currentGeneration}/${about}`)) || "host";
  return [{ group, ...(about && { path: about }), message: `${program}: ${shown(text) || `exit status ${status}`}` }];
}

/** Output of a program for a message: with bundle paths, and shortened. */
export function shown(text: string): string {
  return text.replaceAll(`${currentGeneration}/`, "").trim().slice(0, 2000);
}
