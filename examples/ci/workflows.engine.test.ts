import { readFile, rm, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type FakeForge, fakeForge } from "../../testing/fakes/fake-forge.ts";
import { type TemporaryRepository, temporaryRepository } from "../../testing/projects/temporary-repository.ts";
import { actions, pipeline, workflowRunner } from "../../testing/projects/workflow-runner.ts";

const ofThisRepository = "github.event.pull_request.head.repo.full_name == github.repository";

test("GitHub: the base's workflow and program, minimal permissions, secrets in one job, everything pinned", () => {
  // The file is taken from the base branch, so a pull request cannot change what judges it.
  expect(Object.keys(actions.on)).toEqual(["pull_request_target"]);
  expect(actions.permissions).toEqual({ contents: "read" });
  const rights = Object.entries(actions.jobs).map(([name, { permissions }]) => [name, permissions ?? {}]);
  expect(Object.fromEntries(rights)).toEqual({
    cells: {},
    review: {},
    verdict: {},
    comment: { contents: "read", "pull-requests": "write" },
    preview: {},
  });
  for (const [name, job] of Object.entries(actions.jobs)) {
    if (name !== "preview") expect(JSON.stringify(job)).not.toMatch(/secrets\./);
    if (name !== "comment") expect(JSON.stringify(job)).not.toMatch(/github\.token|GITHUB_TOKEN/);
    for (const { uses, with: options } of job.steps) {
      if (uses === undefined) continue;
      expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
      if (uses.startsWith("actions/setup-node@")) {
        expect(options).toMatchObject({ "cache-dependency-path": "judge/package-lock.json" });
      }
      if (!uses.startsWith("actions/checkout@")) continue;
      // Git would keep the token for later steps.
      expect(options).toMatchObject({ "persist-credentials": false });
      const side = { judge: "base", change: "head" }[String(options!.path)];
      expect(options!.ref).toBe(`\${{ github.event.pull_request.${side}.sha }}`);
    }
  }
  expect(actions.jobs.preview!.if).toContain(ofThisRepository);
});

test("GitHub: nothing is run where the pull request is, but git, which merges it", () => {
  for (const job of Object.values(actions.jobs)) {
    for (const { run, "working-directory": directory } of job.steps) {
      if (run === undefined) continue;
      if (directory === "change") expect(run).toMatch(/^git -c user\.name=\S+ -c user\.email=\S+ merge [^;&|\n]*$/);
      else if (directory !== "judge") expect(run).not.toMatch(/npm|node|sh |change/);
      else
        expect(run.replaceAll(/"\.\.\/change\/\$INVENTORY"|git fetch --quiet \.\.\/change HEAD/g, "")).not.toContain(
          "change",
        );
    }
  }
});

test("GitHub: the verdict waits for every review, and is red if one did not take place", () => {
  const { verdict } = actions.jobs;
  expect([verdict!.needs, verdict!.if]).toEqual([["cells", "review"], "always()"]);
  expect(actions.jobs.review!.if).toBeUndefined();
});

test("GitLab: merge requests only, the token only for this project's own branches, the target's program in every job", () => {
  expect(pipeline.workflow.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }]);
  const own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID";
  expect(pipeline.comment.rules![0]!.if).toBe(`$GITLAB_TOKEN && ${own}`);
  expect(pipeline.preview.rules![0]!.if).toContain(own);
  expect(JSON.stringify(pipeline.review)).not.toMatch(/TOKEN|PASSPHRASE/);
  expect(pipeline.default.before_script.slice(-2)).toEqual(['cd "$judge"', "npm ci"]);
  for (const job of [pipeline.review, pipeline.comment, pipeline.preview]) {
    expect(job.before_script).toBeUndefined();
    expect(job.script.join("\n")).not.toMatch(/\bcd\b/);
  }
});

let repository: TemporaryRepository;
let base = "";
beforeAll(async () => {
  repository = await temporaryRepository();
  base = await repository.git("rev-parse", "HEAD");
});
afterAll(() => repository?.[Symbol.asyncDispose]());

/** A branch of the base with one commit. */
async function branch(edits: Parameters<TemporaryRepository["edit"]>[0]): Promise<string> {
  await repository.git("checkout", "--quiet", "--detach", base);
  await repository.edit(edits);
  return repository.commit();
}
const moves = () => branch({ "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]] });

const verdict = ({ comments }: FakeForge) => comments.map(({ body }) => /^### (.*)$/m.exec(body)?.[1]);

test("GitHub: the steps find the cells, review them, create one comment, and rewrite it after the next push", async () => {
  await using forge = await fakeForge();
  const eventFile = `${repository.directory}-event.json`;
  await writeFile(eventFile, '{"pull_request":{"number":7}}');
  const token = "ghs_of-the-workflow";
  const variables = { GITHUB_REPOSITORY: "acme/fleet", GITHUB_API_URL: forge.url, GITHUB_EVENT_PATH: eventFile };
  const pushed = async (head: string) => {
    await using runner = await workflowRunner(repository.directory, base, head);
    const { outputs } = await runner.job("cells");
    const { cells, matrix } = outputs as { cells: string; matrix: string };
    const review = await runner.job("review", { "matrix.cell": JSON.parse(matrix)[0] });
    const known = { "needs.cells.outputs.cells": cells, "github.token": token };
    // Without a cell, nothing is handed on.
    if (cells === "[]") await rm(runner.file("."), { recursive: true });
    return { cells, review, comment: await runner.job("comment", known, variables) };
  };
  try {
    const first = await pushed(await moves());
    expect([first.cells, first.review.exitCode]).toEqual(['["main"]', 3]);
    expect([first.comment.exitCode, first.comment.output]).toEqual([0, "Comment created."]);
    expect(verdict(forge)).toEqual(["Needs approval: 1 approval missing"]);
    expect(forge.comments[0]!.body).toContain("inventory/prod/accounts/1001-bakery.yaml:5");

    const wrong = await branch({ "inventory/prod/accounts/1001-bakery.yaml": [["plan: small", "plan: smal"]] });
    const second = await pushed(wrong);
    expect([second.review.exitCode, second.comment.output]).toEqual([4, "Comment updated."]);
    expect(verdict(forge)).toEqual(["Blocked: the inventory has 1 problem"]);

    const third = await pushed(await branch({}));
    expect([third.cells, third.review.exitCode, third.comment.output]).toEqual(["[]", 0, "1 comment withdrawn."]);
    expect(third.review.summary).toContain("### Safe: nothing changes");
    expect(verdict(forge)).toEqual(["Nothing to review"]);
    expect(forge.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
    expect(first.comment.output).not.toContain(token);
  } finally {
    await rm(eventFile);
  }
});

test("GitHub: the comment is in the summary too, JSON and picture are artifacts", async () => {
  await using runner = await workflowRunner(repository.directory, base, await moves());
  const review = await runner.job("review", { "matrix.cell": "main" });
  expect(review.exitCode).toBe(3);
  expect(review.summary).toContain("### Needs approval: 1 approval missing");
  const file = (name: string) => readFile(runner.file(`review-main/${name}`), "utf8");
  expect(JSON.parse(await file("review.json"))).toMatchObject({
    schemaVersion: 1,
    verdict: "needs approval",
    inventory: "inventory/prod",
    base,
    cell: "main",
  });
  expect(await file("picture.svg")).toContain('class="host touched"');
});

test("GitHub: what cannot be merged or compared is red, and no older verdict stays", async () => {
  const head = await moves();
  const other = await branch({ "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web3"]] });
  await using conflict = await workflowRunner(repository.directory, other, head);
  expect((await conflict.job("review", { "matrix.cell": "main" })).exitCode).not.toBe(0);
  await using runner = await workflowRunner(repository.directory, base, head);
  const review = await runner.job("review", { "matrix.cell": "second" });
  expect(review.exitCode).toBe(5);
  expect(review.summary).toContain("### Not reviewed\n\nThe effect of this change is unknown.");
});

test("GitLab: the scripts review every touched cell, create one comment, and rewrite it", async () => {
  await using forge = await fakeForge();
  forge.user = "project-bot";
  const variables = { CI_API_V4_URL: forge.url, CI_PROJECT_ID: "12", CI_MERGE_REQUEST_IID: "7" };
  await repository.git("checkout", "--quiet", "-B", "main", base);
  const pushed = async (head: string) => {
    await using runner = await workflowRunner(repository.directory, base, head);
    const review = await runner.script("review", variables);
    const comment = await runner.script("comment", { ...variables, GITLAB_TOKEN: "glpat-secret" });
    return [review.exitCode, comment.output];
  };
  expect(await pushed(await moves())).toEqual([3, "Comment created."]);
  expect(verdict(forge)).toEqual(["Needs approval: 1 approval missing"]);
  const larger = await branch({ "inventory/prod/accounts/1002-choir.yaml": [["plan: small", "plan: medium"]] });
  expect(await pushed(larger)).toEqual([0, "Comment updated."]);
  expect(verdict(forge)).toEqual(["Safe: no findings"]);
  expect(await pushed(await branch({}))).toEqual([0, "1 comment withdrawn."]);
  expect(verdict(forge)).toEqual(["Nothing to review"]);
});
