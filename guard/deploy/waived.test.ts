import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Draft } from "../../testing/inventory/wrong-inventory.cases.ts";
import type { StackConfig } from "../engine/stack-config.ts";
import type { ProofFinding } from "./hosts/proofs.ts";
import { self } from "./lock/owner.ts";
import { ended, newRecord, writeRecord } from "./record.ts";
import { waived } from "./waived.ts";

const finding: ProofFinding = {
  rule: "backups-proven",
  subject: { kind: "account", name: "1" },
  message: "There is no proof.",
  approval: { action: "waive", resource: "account 1" },
};
const approval = {
  ...{ action: "waive", resource: "account 1", approvedBy: "Grace", reason: "the drill is being repaired" },
  expires: "2026-12-01",
};
const own = "limits.yaml wants a second person";

let top: string;
let base: string;
let draft: Draft;
let config: StackConfig;
const records = () => join(top, "records");
const git = async (...args: string[]) =>
  (
    await execa("git", ["-c", "user.name=x", "-c", "user.email=x@example.org", "-c", "commit.gpgsign=false", ...args], {
      cwd: top,
    })
  ).stdout;
async function commit(author: string): Promise<string> {
  await git("add", "--all", "fleet");
  await git("commit", "--quiet", "--message=change", `--author=${author} <${author}@example.org>`);
  return git("rev-parse", "HEAD");
}
async function deployed(at: string, result: "succeeded" | "refused" = "succeeded", fleet?: string): Promise<void> {
  const facts = { stack: "s", owner: await self(), commit: at, dirty: false, inventory: "x" };
  await writeRecord(
    records(),
    ended(newRecord({ ...facts, ...(fleet && { fleetCommit: fleet }) }, new Date()), result, new Date()),
  );
}
/** Why the deploy needs an approval; undefined if it does not. */
const judged = async () => (await waived([finding], config, records())).reason;
const approve = () => draft.write("approvals.yaml", JSON.stringify([approval]));
const change = () => draft.edit("accounts/1-alice.yaml", "idleSeconds: ", "idleSeconds: 1");

beforeAll(async () => {
  top = await mkdtemp(join(tmpdir(), "fairhost-waived-"));
  await cp(fileURLToPath(new URL("../../inventory/lab", import.meta.url)), join(top, "fleet"), { recursive: true });
  await git("init", "--quiet", "--initial-branch=main");
  draft = new Draft(join(top, "fleet"));
  draft.write("limits.yaml", "secondPerson: true\n");
  base = await commit("Alice");
  const paths = { projectDirectory: top, inventory: join(top, "fleet"), knownHosts: "/dev/null" };
  config = {
    stack: "s",
    cell: undefined,
    ...paths,
    sshUser: "root",
    sshPrivateKeyFile: undefined,
    today: "2026-11-28",
  };
});
afterAll(() => rm(top, { recursive: true }));
beforeEach(async () => {
  await git("reset", "--quiet", "--hard", base);
  await rm(records(), { recursive: true, force: true });
  await deployed(base);
});

test("without an approval the entry is named", async () => {
  expect(await judged()).toBe(
    "backups-proven: There is no proof.\nOr add to approvals.yaml: action: waive, resource: account 1",
  );
});

test("an approval of somebody else lets it pass", async () => {
  change();
  await commit("Mallory");
  approve();
  await commit("Grace");
  expect(await judged()).toBeUndefined();
});

test("it serves later deploys too until it expires, but not one of a change that its author wrote", async () => {
  approve();
  await deployed(await commit("Grace"));
  change();
  await deployed(await commit("Mallory"));
  expect(await judged()).toBeUndefined();
  const later = { ...config, today: "2026-12-02" };
  expect((await waived([finding], later, records())).reason).toContain("Or add to approvals.yaml: action: waive");
  draft.edit("accounts/1-alice.yaml", "idleSeconds: ", "idleSeconds: 2");
  await commit("Grace");
  expect(await judged()).toContain(own);
});

test("where the history is cut off before whoever wrote it is known, it does not count, and that is said", async () => {
  approve();
  await commit("Grace");
  change();
  await deployed(await commit("Bob"));
  draft.edit("accounts/1-alice.yaml", "idleSeconds: 1", "idleSeconds: 2");
  await commit("Mallory");
  expect(await judged()).toBeUndefined();
  const clone = join(top, "clone");
  try {
    await git("clone", "--quiet", "--depth=2", `file://${top}`, clone);
    const reason = (await waived([finding], { ...config, inventory: join(clone, "fleet") }, records())).reason;
    expect(reason).toContain(`${own}, and who wrote the approval is not known: the history here is cut off`);
  } finally {
    await rm(clone, { recursive: true, force: true });
  }
});

test("also if they wrote a page in the change, but not if they wrote another file that is no page", async () => {
  change();
  await commit("Mallory");
  approve();
  const write = async (name: string) => {
    await mkdir(dirname(join(top, name)), { recursive: true });
    await writeFile(join(top, name), "x\n");
    await git("add", name);
    await commit("Grace");
  };
  await write("docs/architecture.md");
  expect(await judged()).toBeUndefined();
  await write("docs/rules.ts");
  expect(await judged()).toContain(`of Grace; ${own}`);
});

test.each([
  ["by another name with the same address", "Moll <Mallory@Example.org>", "change"],
  ["by the same name in another spelling", "mallory  <m@example.net>", "change"],
  [
    "with a co-author of the change",
    "Grace <Grace@example.org>",
    "change\n\nCo-authored-by: Grace H. <grace@example.org>",
  ],
  ["as a co-author", "Trent <trent@example.org>", "change", "approve\n\nco-authored-by: Mallory <m@example.net>"],
])("the author of the change does not approve it %s", async (_, approver, message, approving = "approve") => {
  change();
  await git("commit", "--quiet", "--all", `--message=${message}`, "--author=Mallory <Mallory@example.org>");
  approve();
  await git("add", "fleet");
  await git("commit", "--quiet", `--message=${approving}`, `--author=${approver}`);
  expect(await judged()).toContain(own);
});

test("where the inventory is in a repository of its own its commit is asked, not the project's", async () => {
  change();
  await commit("Mallory");
  approve();
  await commit("Grace");
  await deployed("0".repeat(40), "succeeded", base);
  expect(await judged()).toBeUndefined();
});

test("an approval of whoever wrote the change does not, also if the last deploy was refused in between", async () => {
  change();
  await deployed(await commit("Mallory"), "refused");
  approve();
  await commit("Mallory");
  expect(await judged()).toContain(`by its own author: written by the author of this change, of Mallory; ${own}`);
});

test("a program that is co-author of both joins two people: the address is named", async () => {
  const by = async (author: string) => {
    await git("add", "--all", "fleet");
    const message = "change\n\nCo-authored-by: updates <updates@example.org>";
    await git("commit", "--quiet", `--message=${message}`, `--author=${author} <${author}@example.org>`);
  };
  change();
  await by("Mallory");
  approve();
  await by("Grace");
  expect(await judged()).toContain(
    `its approval is by its own author: written by the author of this change, of Grace, updates (git names updates@example.org as an author of both); ${own}`,
  );
});

test("nor does one that is not committed", async () => {
  approve();
  expect(await judged()).toContain(`and is not committed; ${own}`);
});

test("nor does it help to turn that off in the same change", async () => {
  change();
  draft.write("limits.yaml", "secondPerson: false\n");
  approve();
  await commit("Mallory");
  expect(await judged()).toContain(own);
  // What was deployed without it wants none.
  await deployed(await git("rev-parse", "HEAD"));
  expect(await judged()).toBeUndefined();
});

test("if nobody knows who wrote the change, the reason is said", async () => {
  approve();
  await commit("Grace");
  await rm(records(), { recursive: true });
  expect(await judged()).toContain(`${own}, and no deploy that succeeded is recorded here (FAIRHOST_RECORDS)`);
  await deployed("0".repeat(40));
  expect(await judged()).toContain(`git has no ${"0".repeat(40)} here, so it is not known who wrote this change`);
});

test("nor one whose change is not committed, so that nobody has written it", async () => {
  approve();
  await commit("Mallory");
  change();
  expect(await judged()).toContain("changes here that are not committed");
});

test("nor a second one of the same author, for all together, once those for each are refused", async () => {
  const four = ["1", "2", "3", "4"].map((name) => ({
    ...finding,
    subject: { kind: "account", name } as const,
    approval: { action: "waive", resource: `account ${name}` } as const,
  }));
  change();
  const reason = (await waived(four, config, records())).reason ?? "";
  const together = /resource: (account \(4, \w+\))/.exec(reason)?.[1];
  expect(together, reason).toBeDefined();
  const all = [...four.map((each) => each.approval.resource), together].map((resource) => ({ ...approval, resource }));
  draft.write("approvals.yaml", JSON.stringify(all));
  await commit("Mallory");
  expect((await waived(four, config, records())).reason).toContain(own);
});

test("what a merge's own author puts into it is theirs, whoever else touched the file in it", async () => {
  await git("checkout", "--quiet", "-b", "side");
  draft.write("approvals.yaml", "# Nothing yet.\n[]\n");
  await commit("Bob");
  await git("checkout", "--quiet", "main");
  change();
  await commit("Mallory");
  await git("merge", "--quiet", "--no-commit", "--no-ff", "side");
  approve();
  await commit("Mallory");
  await git("branch", "--quiet", "-D", "side");
  expect(await judged()).toContain(`of Mallory; ${own}`);
});
