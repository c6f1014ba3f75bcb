import { type Bundle, type BundleFile, currentGeneration } from "../../delivery/protocol/bundle.ts";
import type { Machine, RunResult } from "../os/machine.ts";
import { filesOf } from "../store/generations.ts";
import { entryFiles } from "../store/layout.ts";
import type { Staging } from "../store/stage.ts";
import { groupOfPath, type Problem } from "./problem.ts";

/** What a validator looks at: the staged bundle, and which of its paths differ from what is in force. */
export interface Staged {
  readonly bundle: Bundle;
  readonly changed: ReadonlySet<string>;
  /** Runs a program that sees the staged files where the generation in force will be. */
  run(program: string, args: readonly string[]): Promise<RunResult>;
}

export type Validator = (staged: Staged) => Promise<readonly Problem[]>;

/**
 * The real programs judge the staged files, at the very paths they will have: in a mount namespace of its own the staged
 * directory lies over the generation in force. Cheap ones first.
 */
export const validators: readonly Validator[] = [records, firewall, routing, frontEnd, staticServers, units];

/** Those that need no program: all a directory tree gets. */
export const offlineValidators: readonly Validator[] = [records];

export function staged(machine: Machine, staging: Staging, changed: ReadonlySet<string>): Staged {
  // A constant text; what varies are its arguments.
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

/** userdb ignores a record it cannot read without a word. */
async function records({ bundle, changed }: Staged): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const path of changed) {
    const { content, group } = filesOf(bundle).get(path) ?? {};
    if (!path.startsWith("userdb/") || content === undefined || group === undefined) continue;
    try {
      JSON.parse(content);
    } catch (error) {
      problems.push({ group, path, message: `${path} is no JSON: ${(error as Error).message}` });
    }
  }
  return problems;
}

async function firewall(staged: Staged): Promise<readonly Problem[]> {
  return entry(staged, entryFiles.nftables, "nft", ["-c", "-f"]);
}

async function routing(staged: Staged): Promise<readonly Problem[]> {
  return entry(staged, entryFiles.bird, "bird", ["-p", "-c"]);
}

async function frontEnd(staged: Staged): Promise<readonly Problem[]> {
  return entry(staged, entryFiles.nginx, "nginx", ["-t", "-q", "-c"]);
}

async function entry(
  staged: Staged,
  path: string,
  program: string,
  args: readonly string[],
): Promise<readonly Problem[]> {
  const folder = path.slice(0, path.indexOf("/") + 1);
  const touched = [...staged.changed].some((changed) => changed.startsWith(folder));
  if (!touched || !filesOf(staged.bundle).has(path)) return [];
  return judge(staged, await staged.run(program, [...args, `${currentGeneration}/${path}`]), program);
}

/** Values that come from the environment at run time stand as `/` here. */
async function staticServers(staged: Staged): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const path of staged.changed) {
    const file = filesOf(staged.bundle).get(path);
    if (!path.startsWith("lighttpd/") || !file) continue;
    const variables = [...(file.content ?? "").matchAll(/\benv\.([A-Z_]+)/g)].map(([, name]) => `${name}=/`);
    const result = await staged.run("env", [...variables, "lighttpd", "-tt", "-f", `${currentGeneration}/${path}`]);
    problems.push(...judge(staged, result, "lighttpd", path));
  }
  return problems;
}

/** nginx's last line names the main file, whoever's file is at fault. */
const summary = /configuration file \S+ test failed$/;

/** One problem for each line that names a file of ours; failing that, one with all that was said. */
function judge(
  staged: Staged,
  { status, stdout, stderr }: RunResult,
  program: string,
  about?: string,
): readonly Problem[] {
  if (status === 0) return [];
  const text = `${stderr}${stdout}`.trim();
  const groupOf = groupOfPath(staged.bundle);
  const lines = text.split("\n").filter((line) => !summary.test(line));
  const problems = lines.flatMap((line) => {
    const path = /(\/[^\s:,"]+)/g;
    for (const [, found] of line.matchAll(path)) {
      const group = groupOf(found!);
      if (group) return [{ group, path: bundlePath(found!), message: `${program}: ${shown(line)}` }];
    }
    return [];
  });
  if (problems.length > 0) return problems;
  const group = (about !== undefined && groupOf(`${currentGeneration}/${about}`)) || "host";
  return [{ group, ...(about && { path: about }), message: `${program}: ${shown(text) || `exit status ${status}`}` }];
}

/**
 * Every unit file that changed, and those a changed drop-in applies to, in one call: it loads the units as PID 1 would.
 * Only what it says about files of ours counts; Debian's own units give warnings, too.
 */
async function units(staged: Staged): Promise<readonly Problem[]> {
  const files = filesOf(staged.bundle);
  const names = new Set([...staged.changed].flatMap((path) => unitsToVerify(path, files)));
  if (names.size === 0) return [];
  const result = await staged.run("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", ...names]);
  if (result.status === 0) return [];
  const groupOf = groupOfPath(staged.bundle);
  const lines = result.stderr.split("\n").filter((line) => line !== "" && !isAboutSandbox(line));
  const problems = lines.flatMap((line) => {
    const [, subject] = /^([^\s:]+):/.exec(line) ?? [];
    const group = subject && (groupOf(subject) ?? groupOf(`/systemd/${subject}`));
    return group ? [{ group, path: bundlePath(subject!), message: `systemd-analyze verify: ${shown(line)}` }] : [];
  });
  const unknown = lines.filter((line) => !/^(\/usr)?\/lib\/systemd\/|^\/etc\/systemd\//.test(line));
  if (problems.length > 0 || unknown.length === 0) return problems;
  return [{ group: "host", message: `systemd-analyze verify: ${unknown.slice(0, 20).join("; ")}` }];
}

/** It looks for programs on the host; accounts' are in their own roots, and one that is missing is its owner's affair. */
function isAboutSandbox(line: string): boolean {
  return /^account-\S+: Command \S+ is not executable/.test(line);
}

function unitsToVerify(path: string, files: ReadonlyMap<string, BundleFile>): string[] {
  const [, top, below] = /^systemd\/([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (top === undefined || /\.(wants|requires)$/.test(top)) return [];
  if (below === undefined) return files.get(path)?.content === undefined ? [] : [instance(top)];
  const owner = top.replace(/\.d$/, "");
  if (!/-\.[a-z]+$/.test(owner)) return [instance(owner)];
  // A prefix drop-in (`account-.service.d`): one unit it applies to stands for all.
  const [prefix, suffix] = owner.split(/(?<=-)(?=\.[a-z]+$)/) as [string, string];
  const sample = [...files.keys()].find((file) => file.startsWith(`systemd/${prefix}`) && file.endsWith(suffix));
  return sample ? [sample.slice("systemd/".length)] : [];
}

/** A template is verified through an instance of it. */
function instance(name: string): string {
  return name.replace(/@\./, "@1.");
}

function bundlePath(path: string): string {
  return path.replace(`${currentGeneration}/`, "").replace("/usr/local/lib/systemd/system/", "systemd/");
}

function shown(text: string): string {
  return text.replaceAll(`${currentGeneration}/`, "").trim().slice(0, 2000);
}
