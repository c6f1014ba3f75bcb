import { existsSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../../../lib/user-error.ts";
import { askGit, git, namesOf } from "./run-git.ts";

/**
 * Refuses files that git takes for unchanged without a look, by what each clone has for itself: marks, and programs that filter files. What a sparse
 * checkout leaves out is not there to be judged, and did not change; only the fleet must be whole.
 * @param place of the fleet @throws UserError that names a file
 */
export async function refuseUnseen(root: string, place: string): Promise<void> {
  await refuseFiltered(root);
  const entries = namesOf(await git(root, ["ls-files", "-v", "-z", "--", "."]));
  const unseen = entries.find((entry) => {
    const file = entry.slice(2);
    if (!entry.startsWith("S ")) return /^[a-z]/.test(entry);
    return place === "" || file.startsWith(`${place}/`) || existsSync(join(root, file));
  });
  if (unseen === undefined) return;
  const file = unseen.slice(2);
  throw new UserError(
    `git is told not to look at ${file}, so what changed there is not known: git update-index --no-assume-unchanged --no-skip-worktree ${file}`,
  );
}

/** What a filter prints is compared and checked out, not the file: git-config(1), `filter.<driver>`. Git LFS names the whole content. */
async function refuseFiltered(root: string): Promise<void> {
  const filters = ["config", "--name-only", "--get-regexp", "^filter\\..*\\.(clean|smudge|process)$"];
  const names = (await askGit(root, filters))?.trim().split("\n") ?? [];
  for (const driver of new Set(names.map((name) => name.slice("filter.".length, name.lastIndexOf("."))))) {
    if (driver === "lfs") continue;
    const [file] = namesOf(await git(root, ["ls-files", "-z", "--", `:(attr:filter=${driver})`]));
    if (file === undefined) continue;
    throw new UserError(
      `git has ${file} filtered by a program (filter.${driver}), so what changed there is not known: git config --unset-all filter.${driver}.clean, and .smudge and .process`,
    );
  }
}
