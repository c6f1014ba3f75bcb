import { systemd } from "../../components/host/systemd.host.ts";
import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { bundlePath, groupOfPath } from "../apply/validate/problem.ts";
import { shown, type Validator } from "../apply/validate/staged.ts";
import { filesOf } from "../store/generations.ts";

/**
 * Verifies every changed unit file, and units to which a changed drop-in applies, in one call: it loads the units as PID 1 would.
 * Only messages about files of the bundle count; Debian's own units give warnings, too.
 */
export const units: Validator = async (staged, changed) => {
  const files = filesOf(staged.bundle);
  const names = new Set(changed.flatMap((path) => unitsToVerify(path, files, staged.changed)));
  if (names.size === 0) return [];
  const result = await staged.run("systemd-analyze", ["verify", "--man=no", "--recursive-errors=no", ...names]);
  if (result.status === 0) return [];
  const groupOf = groupOfPath(staged.bundle);
  const lines = result.stderr.split("\n").filter((line) => line !== "" && !isAboutSandbox(line));
  const problems = lines.flatMap((line) => {
    const [, subject] = /^([^\s:]+):/.exec(line) ?? [];
    const group = subject && (groupOf(subject) ?? groupOf(`/${systemd.name}/${subject}`));
    return group ? [{ group, path: bundlePath(subject!), message: `systemd-analyze verify: ${shown(line)}` }] : [];
  });
  const unknown = lines.filter((line) => !/^(\/usr)?\/lib\/systemd\/|^\/etc\/systemd\//.test(line));
  if (problems.length > 0 || unknown.length === 0) return problems;
  return [{ group: "host", message: `systemd-analyze verify: ${unknown.slice(0, 20).join("; ")}` }];
};

/** systemd-analyze looks for programs on the host. Those of an account are in its own root, and a missing one is not an error here. */
function isAboutSandbox(line: string): boolean {
  return /^account-\S+: Command \S+ is not executable/.test(line);
}

function unitsToVerify(path: string, files: ReadonlyMap<string, BundleFile>, staged: ReadonlySet<string>): string[] {
  // Of whatever folder is verified so: a unit that systemd does not look for there is an error, not a unit that nobody verified.
  const [, folder, top, below] = /^([^/]+\/)([^/]+)(\/.*)?$/.exec(path) ?? [];
  if (folder === undefined || top === undefined || /\.(wants|requires)$/.test(top)) return [];
  if (below === undefined) return files.get(path)?.content === undefined ? [] : [instance(top)];
  const owner = top.replace(/\.d$/, "");
  // A unit of the bundle that goes with its drop-ins is not there to be verified.
  if (staged.has(folder + owner) && !files.has(folder + owner)) return [];
  if (!/-\.[a-z]+$/.test(owner)) return [instance(owner)];
  // A prefix drop-in (`account-.service.d`): one unit to which it applies is enough.
  const [prefix, suffix] = owner.split(/(?<=-)(?=\.[a-z]+$)/) as [string, string];
  const begins = `${folder}${prefix}`;
  for (const file of files.keys())
    if (file.startsWith(begins) && file.endsWith(suffix)) return [file.slice(folder.length)];
  return [];
}

/** A template is verified by an instance of it. */
function instance(name: string): string {
  return name.replace(/@\./, "@1.");
}
