import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openBase } from "./base.ts";

/** What git and files of a pull request may do to a review that only reads them. */
let root = "";
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "fairhost-open-base-"));
  await write("fleets/prod/network.yaml", "fleet: prod\n");
  await git(root, "init", "--quiet", "--initial-branch=main");
  await commit();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const who = ["-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false"];
const git = async (cwd: string, ...args: string[]) =>
  (await execa("git", [...who, "-c", "protocol.file.allow=always", ...args], { cwd })).stdout;
async function write(file: string, text: string) {
  await mkdir(join(root, file, ".."), { recursive: true });
  await writeFile(join(root, file), text);
}
async function commit(at = root) {
  await git(at, "add", "--all");
  await git(at, "commit", "--quiet", "--message", "change");
}
async function opened(base = "HEAD", inventory = join(root, "fleets/prod")) {
  await using it = await openBase(base, inventory);
  const { fleet, head, foreign, notices, findings } = it;
  return { has: fleet !== undefined, head, foreign, notices, findings };
}
const unseen = /git does not see the files of .*: they are in a submodule, behind a symlink, or ignored/;

test("a fleet behind a symlink that was there before: refused, because git has no files of that name to compare with", async () => {
  await mkdir(join(root, "inventory"));
  await symlink("../fleets/prod", join(root, "inventory/prod"));
  await git(root, "rm", "--quiet", "-r", "--cached", "fleets");
  await rename(join(root, "fleets/prod"), join(root, "fleets/own"));
  await rm(join(root, "inventory/prod"));
  await symlink("../fleets/own", join(root, "inventory/prod"));
  await commit();
  await expect(opened("HEAD", join(root, "inventory/prod"))).rejects.toThrow(unseen);
  expect(await opened("HEAD", join(root, "fleets/own"))).toMatchObject({ has: true, foreign: undefined });
});

test("of the base only what is read is written: the fleet, what others are called, settings of stacks; as attributes of all files say", async () => {
  await write("fleets/prod/hosts/web1.yaml", "name: web1\n");
  await write("fleets/other/network.yaml", "fleet: other\n");
  await write("fleets/other/hosts/web2.yaml", "name: web2\n");
  await write("Pulumi.prod.yaml", "config: {}\n");
  await write("index.ts", "export {};\n");
  await write(".gitattributes", "fleets/** text eol=crlf\n");
  await commit();
  await write("index.ts", "export const changed = true;\n");
  await using base = await openBase("HEAD", join(root, "fleets/prod"));
  const files = join(base.fleet!, "../..");
  const written = await readdir(files, { recursive: true, withFileTypes: true });
  expect(
    written
      .filter((each) => each.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(files.length + 1))
      .sort(),
  ).toEqual([
    ".index",
    "Pulumi.prod.yaml",
    "fleets/other/network.yaml",
    "fleets/prod/hosts/web1.yaml",
    "fleets/prod/network.yaml",
  ]);
  expect(await readFile(join(base.fleet!, "hosts/web1.yaml"), "utf8")).toBe("name: web1\r\n");
});

test("a fleet that git ignores: refused", async () => {
  await git(root, "rm", "--quiet", "-r", "--cached", "fleets");
  await write(".gitignore", "fleets/\n");
  await commit();
  await expect(opened()).rejects.toThrow(unseen);
});

test("a submodule that the change itself tells git to leave out is program, and another commit of it another program", async () => {
  const other = await mkdtemp(join(tmpdir(), "fairhost-submodule-"));
  const bump = async (text: string) => {
    await writeFile(join(other, "plugin.ts"), text);
    await commit(other);
    await git(join(root, "plugins"), "pull", "--quiet", "origin", "main");
  };
  try {
    await git(other, "init", "--quiet", "--initial-branch=main");
    await writeFile(join(other, "plugin.ts"), "first");
    await commit(other);
    await git(root, "submodule", "--quiet", "add", other, "plugins");
    await git(root, "config", "--file", ".gitmodules", "submodule.plugins.ignore", "all");
    await commit();
    expect((await opened()).foreign).toBeUndefined();
    await bump("second");
    const second = (await opened()).foreign;
    expect(second?.files).toEqual(["plugins"]);
    await bump("third");
    expect((await opened()).foreign?.digest).not.toBe(second?.digest);
  } finally {
    await rm(other, { recursive: true });
  }
});

test("a network.yaml that is a device, a pipe or too large is not waited for, nor read", async () => {
  const file = join(root, "fleets/prod/network.yaml");
  await symlink("/dev/zero", join(root, "network.yaml"));
  await rm(file);
  await execa("mkfifo", [file]);
  expect((await opened()).findings).toEqual([]);
});

test("a base that is a directory and a branch too is neither: the change itself may have brought the directory", async () => {
  await git(root, "branch", "inventory/prod");
  await expect(opened("inventory/prod")).rejects.toThrow(
    '"inventory/prod" is a directory with a fleet, and a commit known to git: write ./inventory/prod for the directory, or refs/heads/inventory/prod for the branch',
  );
  expect((await opened("./inventory/prod")).has).toBe(true);
  const head = await readFile(join(root, ".git/HEAD"));
  await writeFile(join(root, ".git/HEAD"), "damaged");
  expect((await opened("inventory/prod")).has).toBe(true);
  await writeFile(join(root, ".git/HEAD"), head);
  expect((await opened("refs/heads/inventory/prod")).has).toBe(true);
});

test.each([
  ["--assume-unchanged", "--no-assume-unchanged"],
  ["--skip-worktree", "--no-skip-worktree"],
])("a file that git is told not to look at (%s) is not taken for unchanged", async (flag, without) => {
  await git(root, "update-index", flag, "fleets/prod/network.yaml");
  await write("fleets/prod/network.yaml", "fleet: prod\nasn: 1\n");
  await expect(opened()).rejects.toThrow(
    `git is told not to look at fleets/prod/network.yaml, so what changed there is not known: git update-index --no-assume-unchanged --no-skip-worktree fleets/prod/network.yaml`,
  );
  await git(root, "update-index", without, "fleets/prod/network.yaml");
  expect((await opened()).has).toBe(true);
});

test("a file that a program of somebody's settings filters is not taken for unchanged, Git LFS apart", async () => {
  const attributes = (text: string) => writeFile(join(root, ".git/info/attributes"), text);
  await git(root, "config", "filter.own.clean", "git show HEAD:%f");
  await git(root, "config", "filter.lfs.clean", "cat");
  await attributes("*.md filter=lfs\n");
  expect((await opened()).has).toBe(true);
  await attributes("*.yaml filter=own\n");
  await expect(opened()).rejects.toThrow(/^git has fleets\/\S+\.yaml filtered by a program \(filter\.own\)/);
  await attributes("");
  await git(root, "config", "--remove-section", "filter.own");
  await git(root, "config", "--remove-section", "filter.lfs");
});

test("of a sparse checkout only what is in it counts; the fleet must be whole", async () => {
  await write("fleets/lab/network.yaml", "fleet: lab\n");
  await write("notes/a.md", "page\n");
  await commit();
  await git(root, "sparse-checkout", "set", "--no-cone", "/fleets/prod/");
  expect(await opened()).toMatchObject({ has: true, foreign: undefined });
  await git(root, "sparse-checkout", "set", "--no-cone", "/notes/");
  await expect(opened()).rejects.toThrow("git is told not to look at fleets/prod/network.yaml");
});

test("a history that is cut off is said, for what it hides", async () => {
  const clone = await mkdtemp(join(tmpdir(), "fairhost-shallow-"));
  try {
    await write("README.md", "more\n");
    await commit();
    await git(root, "clone", "--quiet", "--depth=1", `file://${root}`, clone);
    const said = await opened("HEAD", join(clone, "fleets/prod"));
    expect(said.notices).toEqual([expect.stringMatching(/^The history here is cut off \(a shallow clone\)/)]);
    await git(clone, "fetch", "--quiet", "--unshallow");
    expect((await opened("HEAD", join(clone, "fleets/prod"))).notices).toEqual([]);
  } finally {
    await rm(clone, { recursive: true });
  }
});

test("a clone without the files of old commits gets them when they are asked for, or says that it cannot", async () => {
  await write("fleets/prod/network.yaml", "fleet: prod\n# more\n");
  await commit();
  await git(root, "config", "uploadpack.allowFilter", "true");
  const clone = await mkdtemp(join(tmpdir(), "fairhost-partial-"));
  try {
    await git(root, "clone", "--quiet", "--filter=blob:none", `file://${root}`, clone);
    await git(clone, "remote", "set-url", "origin", "file:///nowhere");
    await expect(opened("HEAD^", join(clone, "fleets/prod"))).rejects.toThrow(/promisor remote/);
    await git(clone, "remote", "set-url", "origin", `file://${root}`);
    expect((await opened("HEAD^", join(clone, "fleets/prod"))).has).toBe(true);
  } finally {
    await rm(clone, { recursive: true });
  }
});

test("an annotated tag, a worktree and a clone that borrows objects are bases as any other", async () => {
  await git(root, "tag", "--annotate", "--message=base", "v1");
  expect((await opened("v1")).has).toBe(true);
  const [tree, borrower] = [
    await mkdtemp(join(tmpdir(), "fairhost-tree-")),
    await mkdtemp(join(tmpdir(), "fairhost-alt-")),
  ];
  try {
    await git(root, "worktree", "add", "--quiet", "--detach", join(tree, "it"));
    await git(root, "clone", "--quiet", "--shared", root, borrower);
    for (const at of [join(tree, "it"), borrower])
      expect(await opened("v1", join(at, "fleets/prod"))).toMatchObject({ has: true, findings: [], notices: [] });
  } finally {
    await rm(tree, { recursive: true });
    await rm(borrower, { recursive: true });
  }
});

test("a program that the repository's settings name as a help for git is not run", async () => {
  const ran = join(root, ".git/ran");
  await write(".git/help", `#!/bin/sh\ntouch '${ran}'\n`);
  await execa("chmod", ["+x", join(root, ".git/help")]);
  await git(root, "config", "core.fsmonitor", join(root, ".git/help"));
  await opened();
  expect(existsSync(ran)).toBe(false);
});

test("a file whose name is not UTF-8 is not read by another name", async () => {
  await execa("sh", ["-c", `: > "$(printf 'x\\377.ts')"`], { cwd: root });
  await expect(opened()).rejects.toThrow("the name of the file x\uFFFD.ts is not UTF-8");
});

test("the repository that is asked is the fleet's, whatever a hook says of its own", async () => {
  await write("fleets/prod/network.yaml", "fleet: prod\nprefixes: []\n");
  process.env.GIT_DIR = join(import.meta.dirname, "nowhere/.git");
  try {
    expect(await opened()).toMatchObject({ has: true, findings: [] });
  } finally {
    delete process.env.GIT_DIR;
  }
});
