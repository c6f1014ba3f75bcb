import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, expect, test, vi } from "vitest";
import { nothingDeclared } from "../../../components/registry/subject.ts";
import type { Approval } from "../../../components/review/approvals.file.ts";
import type { Review } from "../../verdict/review.ts";
import { approvalsUsed } from "./approvals-used.ts";

const directories: string[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

const approvals = (count: number): Approval[] =>
  Array.from({ length: count }, (_, index) => ({
    action: "move",
    resource: `account ${index + 1}`,
    approvedBy: "Bea",
    reason: "the rack is emptied",
    expires: "2026-12-01",
  }));

/** A repository in whose base a commit has brought approvals. */
async function repositoryWith(entries: readonly Approval[]) {
  const root = await mkdtemp(join(tmpdir(), "fairhost-approvals-"));
  directories.push(root);
  const git = async (...args: string[]) =>
    (await execa("git", ["-c", "user.name=Ada", "-c", "user.email=ada@example.com", ...args], { cwd: root })).stdout;
  const commit = async (file: string, text: string) => {
    await writeFile(join(root, file), text);
    await git("add", ".");
    await git("commit", "--quiet", "--message", file);
  };
  await git("init", "--quiet");
  await commit("network.yaml", "{}\n");
  await commit("approvals.yaml", JSON.stringify(entries));
  await commit("network.yaml", "{ }\n");
  const base = await git("rev-parse", "HEAD");
  await commit("network.yaml", "{  }\n");
  const asked = {
    history: { root, commit: base, given: base, place: "", changed: ["network.yaml"] },
    before: entries,
    secondPerson: true,
    say: async (of: string) => of,
    touchedSince: async () => [`${base}^`],
  };
  return { root, asked };
}

/** Asks about approvals that a commit of the base has brought. Counts what costs: git's commands, loads of the fleet, comparisons. */
async function costOf(count: number): Promise<Record<"commands" | "loads" | "comparisons" | "notices", number>> {
  const { root, asked } = await repositoryWith(approvals(count));
  const trace = join(root, ".git/trace");
  vi.stubEnv("GIT_TRACE2", trace);
  const cost = { loads: 0, comparisons: 0 };
  const asking = approvalsUsed({
    ...asked,
    stateAt: async () => {
      cost.loads++;
      return nothingDeclared;
    },
    needed: () => {
      cost.comparisons++;
      return [];
    },
  });
  const findings = approvals(count).map((approval) => ({ approved: { approval, daysLeft: 3 } }));
  const { notices } = await asking({ findings } as unknown as Review);
  const commands = (await readFile(trace, "utf8")).split("\n").filter((line) => / start /.test(line));
  return { commands: commands.length, ...cost, notices: notices.length };
}

/** An approval of the moves of two accounts, used by a change of both. */
async function refusedFor(asked: Partial<Parameters<typeof approvalsUsed>[0]>): Promise<string[]> {
  const approval: Approval = { ...approvals(1)[0]!, resource: "account (2, 4f1e)" };
  const { asked: common } = await repositoryWith([approval]);
  const asking = approvalsUsed({
    ...common,
    secondPerson: false,
    stateAt: async () => nothingDeclared,
    needed: () => [],
    ...asked,
  });
  const findings = [1, 2].map((index) => ({
    approved: { approval, daysLeft: 3 },
    approval: { action: "move", resource: `account ${index}` },
  }));
  return [...(await asking({ findings } as unknown as Review)).refused.values()];
}
const moves = (...accounts: number[]) =>
  accounts.map((index) => ({ action: "move" as const, resource: `account ${index}` }));

test("an approval of several is used when each of them was needed since", async () => {
  expect(await refusedFor({ needed: () => moves(1, 2, 3) })).toEqual([
    expect.stringContaining("its approval was used already, since "),
  ]);
  expect(await refusedFor({ needed: () => moves(1, 3) })).toEqual([]);
});

test("a program that is co-author of a change and of its approval is named as what joins the two people", async () => {
  const { root, asked } = await repositoryWith([]);
  const entry = approvals(1)[0]!;
  const commit = async (author: string, file: string, text: string) => {
    await writeFile(join(root, file), text);
    const message = `${file}\n\nCo-authored-by: updates <updates@example.com>`;
    const identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"];
    const by = `--author=${author} <${author}@example.com>`;
    await execa("git", [...identity, "commit", "--quiet", "--all", "--message", message, by], { cwd: root });
  };
  await commit("Mallory", "network.yaml", "{    }\n");
  await commit("Grace", "approvals.yaml", JSON.stringify([entry]));
  const findings = [{ approved: { approval: entry, daysLeft: 3 } }];
  const said = (secondPerson: boolean) =>
    approvalsUsed({ ...asked, secondPerson, stateAt: async () => nothingDeclared, needed: () => [] })({
      findings,
    } as unknown as Review);
  const who = "of Grace, updates (git names updates@example.com as an author of both)";
  expect([...(await said(true)).refused.values()]).toEqual([
    `its approval is by its own author: written by the author of this change, ${who}; limits.yaml wants a second person`,
  ]);
  expect((await said(false)).notices).toEqual([
    `The approval move account 1, by Bea, is by its own author: it comes with the change that it approves, ${who}.`,
  ]);
});

test("where it cannot be read what the fleet was when an approval came, it does not count", async () => {
  expect(await refusedFor({ stateAt: async () => undefined })).toEqual([
    expect.stringContaining("because the fleet of before it cannot be read"),
  ]);
});

test("a hundred approvals of one commit cost what one does: history and states are read once", async () => {
  const [one, many] = [await costOf(1), await costOf(100)];
  expect(one.commands).toBeGreaterThan(3);
  expect(one).toMatchObject({ loads: 3, comparisons: 2, notices: 1 });
  expect(many).toEqual({ ...one, notices: 100 });
});
