import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type TwoHosts, twoHosts } from "../../testing/projects/two-hosts.ts";
import { setupToolchain } from "../../toolchain/setup.ts";
import { readRecords, recordsDirectory } from "./record.ts";

const policyPack = fileURLToPath(new URL("../../policies", import.meta.url));
const expires = new Date(Date.now() + 10 * 86_400_000).toISOString().slice(0, 10);

let two: TwoHosts;

/** Deploys. @returns what it said, as one line: sentences are wrapped */
async function run(status: number): Promise<string> {
  const { exitCode, all } = await two.guard(["deploy", "--yes", "--no-drift", "--policy-pack", policyPack]);
  expect(exitCode, all).toBe(status);
  return all.replaceAll(/\s+/g, " ");
}

/** Commands of the applier that web1 has seen since the last look. */
let known = 0;
async function commands(): Promise<string[]> {
  const { commands } = await two.web1.seen();
  const fresh = commands.slice(known).map(({ command }) => /fairhost-host (.*)/.exec(command)?.[1] ?? "other");
  known = commands.length;
  return fresh;
}

beforeAll(async () => {
  await setupToolchain();
  two = await twoHosts();
});
afterAll(async () => two?.[Symbol.asyncDispose]());

test("a declared restore needs its approval, is done by its host after the update, and its end is the deploy's", async () => {
  await run(0);
  await commands();
  two.draft.append("accounts/1-alice.yaml", "restore: { id: blog-1, snapshot: 2026-11-28, what: [files] }\n");
  two.change(31, ["3-carol", "4-dave"]);
  expect(await run(3)).toContain(
    "Restore blog-1 puts all files of the home from the backup of 2026-11-28 in the place of what account 1 (alice) has on web1 now",
  );
  expect(await commands()).toEqual([]);
  const approval = { action: "restore", resource: "account 1:blog-1:2026-11-28:files", approvedBy: "Grace", expires };
  two.draft.write("approvals.yaml", JSON.stringify([{ ...approval, reason: "somebody deleted the blog" }]));
  const said = await run(5);
  // The lab has no backup site, so the host says that.
  const why =
    "restore blog-1 of account 1 on web1 failed (5): account 1: restore blog-1 begins account 1: restore blog-1 failed, and nothing was changed: account 1 is not on this host, or its site has no backup site";
  expect(said).toContain(why);
  expect(await commands()).toEqual(expect.arrayContaining([expect.stringMatching(/^apply/), "restore-declared 1"]));
  const waves = ["web1", "web2"].map((host) => ({ hosts: [host], result: "succeeded" }));
  expect((await readRecords(recordsDirectory(two.engine))).at(-1)).toMatchObject({ result: "failed", waves });
  // The other host has its wave all the same, and nothing is done twice.
  expect(await run(0)).toContain("Nothing to do");
  expect(await commands()).toEqual([]);
});
