import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fingerprint, sameFingerprint } from "./fingerprint.ts";

let top: string;
beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), "fairhost-fingerprint-"));
  for (const directory of ["project", "project/fleet", "fleets"]) mkdirSync(join(top, directory));
  for (const file of ["project/Pulumi.s.yaml", "project/known_hosts", "project/fleet/a.yaml", "fleets/a.yaml"])
    writeFileSync(join(top, file), "{}\n");
});
afterEach(() => rm(top, { recursive: true }));

async function commit(directory: string): Promise<string> {
  const git = async (...args: string[]) =>
    (
      await execa("git", ["-c", "user.name=x", "-c", "user.email=x", "-c", "commit.gpgsign=false", ...args], {
        cwd: join(top, directory),
      })
    ).stdout;
  await git("init", "--quiet");
  await git("add", "--all");
  await git("commit", "--quiet", "--message=x");
  return git("rev-parse", "HEAD");
}

function of(inventory: string) {
  return fingerprint({
    projectDirectory: join(top, "project"),
    ...{ stack: "s", cell: undefined, inventory: join(top, inventory), knownHosts: join(top, "project/known_hosts") },
    ...{ sshUser: "root", sshPrivateKeyFile: undefined, today: "2026-11-28" },
  });
}

test("an inventory in the project has the project's commit", async () => {
  const commitOfProject = await commit("project");
  expect(await of("project/fleet")).toEqual({
    ...{ inventory: expect.any(String), commit: commitOfProject, dirty: false },
  });
});

test("one in a repository of its own has that one's commit, too: another one is another deploy", async () => {
  const commitOfProject = await commit("project");
  const fleetCommit = await commit("fleets");
  const made = await of("fleets");
  expect(made).toMatchObject({ commit: commitOfProject, dirty: false, fleetCommit });
  expect(sameFingerprint(made, { ...made, fleetCommit: "other" })).toBe(false);
});

test("what a hook or a person has set of git changes nothing, and what git cannot say is not taken for nothing", async () => {
  const commitOfProject = await commit("project");
  const fleetCommit = await commit("fleets");
  const clean = await of("fleets");
  process.env.GIT_DIR = join(top, "fleets/.git");
  try {
    expect(await of("fleets")).toEqual(clean);
    expect(clean).toMatchObject({ commit: commitOfProject, fleetCommit });
  } finally {
    delete process.env.GIT_DIR;
  }
  writeFileSync(join(top, "project/known_hosts"), "{ }\n");
  const changed = await of("fleets");
  await execa("git", ["config", "diff.external", "true"], { cwd: join(top, "project") });
  expect(await of("fleets")).toEqual(changed);
  expect(changed.dirty).toBe(true);
  writeFileSync(join(top, "project/.git/index"), "damaged");
  await expect(of("fleets")).rejects.toThrow(/^git status failed: /);
});

test("one in no repository has none", async () => {
  await commit("project");
  expect(await of("fleets")).not.toHaveProperty("fleetCommit");
});
