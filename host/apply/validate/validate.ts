import { type BundleFolder, folderOf } from "../../../components/registry/bundle/bundle-folder.ts";
import { bundleFolders, type Names } from "../../../components/registry/bundle/bundle-folders.generated.ts";
import { type Bundle, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { once } from "../../../lib/once.ts";
import { staticServers } from "../../os/lighttpd.ts";
import { hostLinks } from "../../os/network/links.ts";
import { sshServer } from "../../os/ssh/ssh-server.ts";
import { sshServers } from "../../os/ssh/sshd.ts";
import { units } from "../../os/systemd-analyze.ts";
import { filesOf } from "../../store/generations.ts";
import { unitsOf } from "../hooks/choose.ts";
import type { Problem } from "./problem.ts";
import { problemsIn, type Staged, type Validator } from "./staged.ts";

/** Validators that are functions, by the names that folders give them. */
const named: Readonly<Record<Names["validator"], Validator>> = {
  hostLinks,
  json,
  lighttpd: staticServers,
  sshServer,
  sshd: sshServers,
  units,
};

/** Validators that run no program: the only ones for a directory tree. */
const offline: readonly unknown[] = ["json" satisfies Names["validator"]];

/** Files for which some unit of the bundle is restarted. */
export const usedFiles = once(
  (bundle: Bundle): ReadonlySet<string> => new Set([...unitsOf(bundle).values()].flatMap(({ restartOn }) => restartOn)),
);

/**
 * Validators for the staged files: one function for each folder that has one. Files that only take effect by a restart, and for which no
 * unit is restarted, are not in use: the host need not even have the program that reads them.
 * @param live whether programs can be run
 */
export function validators(live: boolean): ((staged: Staged) => Promise<readonly Problem[]>)[] {
  return bundleFolders.flatMap((folder) => {
    const { validator } = folder;
    if (validator === undefined || !(live || offline.includes(validator))) return [];
    const judge = typeof validator === "string" ? named[validator] : command(folder, validator);
    return async (staged: Staged) => {
      const inUse = (path: string) => folder.takesEffect.by !== "restart" || usedFiles(staged.bundle).has(path);
      const changed = [...staged.changed].filter((path) => folderOf(path, [folder]) && inUse(path));
      return changed.length === 0 ? [] : judge(staged, changed);
    };
  });
}

/** Runs a folder's command on its entry file, or on each changed file. */
function command(
  { entry }: Pick<BundleFolder, "entry">,
  [program, ...args]: readonly [string, ...string[]],
): Validator {
  return async (staged, changed) => {
    const paths = (entry ? [entry.file] : changed).filter((path) => filesOf(staged.bundle).has(path));
    const problems: Problem[] = [];
    for (const path of paths) {
      const result = await staged.run(program, [...args, `${currentGeneration}/${path}`]);
      problems.push(...problemsIn(staged, result, program, entry ? undefined : path));
    }
    return problems;
  };
}

/** For programs such as userdb that silently ignore a record that they cannot parse. */
async function json({ bundle }: Staged, changed: readonly string[]): Promise<readonly Problem[]> {
  const problems: Problem[] = [];
  for (const path of changed) {
    const { content, group } = filesOf(bundle).get(path) ?? {};
    if (content === undefined || group === undefined) continue;
    try {
      JSON.parse(content);
    } catch (error) {
      problems.push({ group, path, message: `${path} is not JSON: ${(error as Error).message}` });
    }
  }
  return problems;
}
