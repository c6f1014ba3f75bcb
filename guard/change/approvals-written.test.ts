import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { expect, onTestFinished, test } from "vitest";
import type { Approval } from "../../components/review/approvals.file.ts";
import { approvalsWritten } from "./approvals-written.ts";
import { authorsOfChange } from "./base/base.ts";

const prod = "inventory/prod";
const approval: Approval = {
  action: "move",
  resource: "account 1001",
  approvedBy: "Grace",
  reason: "the rack is emptied",
  expires: "2026-12-01",
};
const entry = JSON.stringify([approval]);

/** A repository with a fleet in `inventory/prod` and one in `inventory/lab`. */
async function repository() {
  const root = await mkdtemp(join(tmpdir(), "fairhost-written-"));
  onTestFinished(() => rm(root, { recursive: true }));
  const git = async (who: string, ...args: string[]) =>
    (await execa("git", ["-c", `user.name=${who}`, "-c", "user.email=x@example.org", ...args], { cwd: root })).stdout;
  const write = async (files: Readonly<Record<string, string>>) => {
    for (const [file, text] of Object.entries(files)) {
      await mkdir(join(root, dirname(file)), { recursive: true });
      await writeFile(join(root, file), text);
    }
  };
  const commit = async (who: string, files: Readonly<Record<string, string>> = {}) => {
    await write(files);
    await git(who, "add", ".");
    await git(who, "commit", "--quiet", "--message", Object.keys(files).join() || "moved");
  };
  await git("Ada", "init", "--quiet", "--initial-branch=main");
  await write({ [`${prod}/network.yaml`]: "fleet: prod\n", "inventory/lab/network.yaml": "fleet: lab\n" });
  const authors = async (place = prod, range = "HEAD") =>
    (await approvalsWritten(root, `${place}/approvals.yaml`)(range, approval)).authors?.map(({ name }) => name);
  return { root, git, write, commit, authors };
}

test("an entry of the first commit is by its author", async () => {
  const { commit, authors } = await repository();
  await commit("Grace", { [`${prod}/approvals.yaml`]: entry });
  expect(await authors()).toEqual(["Grace"]);
});

test("whoever moves the fleet's directory has brought no entry of it", async () => {
  const { git, commit, authors } = await repository();
  await commit("Ada");
  await commit("Grace", { [`${prod}/approvals.yaml`]: entry });
  await git("Carol", "mv", prod, "inventory/live");
  await commit("Carol");
  expect(await authors("inventory/live")).toEqual(["Grace"]);
});

test.each([
  ["on the main line", false],
  ["on a branch that another person merges", true],
])(
  "another fleet's entry, which a fleet takes over with its identity for a moment, is by who put it there: %s",
  async (_, onBranch) => {
    const { git, commit, authors } = await repository();
    await commit("Ada");
    await commit("Grace", { "inventory/lab/approvals.yaml": entry });
    if (onBranch) await git("Mallory", "switch", "--quiet", "--create", "branch");
    await commit("Mallory", { [`${prod}/network.yaml`]: "fleet: x\n", "inventory/lab/network.yaml": "fleet: prod\n" });
    await commit("Mallory", {
      [`${prod}/network.yaml`]: "fleet: prod\n",
      "inventory/lab/network.yaml": "fleet: lab\n",
      [`${prod}/approvals.yaml`]: entry,
    });
    if (onBranch) {
      await git("Grace", "switch", "--quiet", "main");
      await git("Grace", "merge", "--quiet", "--no-ff", "branch");
    }
    expect(await authors()).toEqual(["Mallory"]);
  },
);

test("an entry that a merge on a branch puts there is by the author of that merge, not of the next one", async () => {
  const { root, git, write, commit, authors } = await repository();
  await commit("Ada");
  await git("Mallory", "switch", "--quiet", "--create", "branch");
  await commit("Mallory", { "a.txt": "a" });
  await git("Ada", "switch", "--quiet", "main");
  await commit("Ada", { "b.txt": "b" });
  await git("Mallory", "switch", "--quiet", "branch");
  await git("Mallory", "merge", "--quiet", "--no-commit", "main");
  await write({ [`${prod}/approvals.yaml`]: entry });
  await commit("Mallory");
  await git("Grace", "switch", "--quiet", "main");
  await git("Grace", "merge", "--quiet", "--no-ff", "branch");
  expect(await authors()).toEqual(["Mallory"]);

  // Of a history that is cut off inside of the merge, nobody knows.
  await commit("Ada", { "c.txt": "c" });
  const clone = await mkdtemp(join(tmpdir(), "fairhost-written-"));
  onTestFinished(() => rm(clone, { recursive: true }));
  await execa("git", ["clone", "--quiet", "--depth=3", `file://${root}`, clone]);
  expect((await approvalsWritten(clone, `${prod}/approvals.yaml`)("HEAD", approval)).authors).toBeUndefined();
});

test("who changed the fleet where its directory was on the way is an author, too; who changed another fleet is none", async () => {
  const { root, git, commit } = await repository();
  await commit("Ada");
  const base = await git("Ada", "rev-parse", "HEAD");
  await commit("Mallory", { [`${prod}/accounts/1001-alice.yaml`]: "name: alice\n" });
  await commit("Grace", { [`${prod}/approvals.yaml`]: entry, "docs.md": "why" });
  await commit("Ben", { "inventory/lab/accounts/1-bob.yaml": "name: bob\n" });
  const authors = async (place: string) =>
    (await authorsOfChange(root, `${base}..HEAD`, place)).map(({ name }) => name);
  expect(await authors(prod)).toEqual(["Mallory"]);
  await git("Carol", "mv", prod, "inventory/between");
  await commit("Carol");
  await commit("Eve", { "inventory/between/accounts/1002-carol.yaml": "name: carol\n" });
  await git("Carol", "mv", "inventory/between", "inventory/live");
  await commit("Carol");
  expect(await authors("inventory/live")).toEqual(["Carol", "Eve", "Mallory"]);
});
