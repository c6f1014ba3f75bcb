import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test, vi } from "vitest";
import { parse } from "yaml";
import { type FakeForge, fakeForge } from "../../testing/fakes/fake-forge.ts";
import { type TemporaryRepository, temporaryRepository } from "../../testing/projects/temporary-repository.ts";

vi.setConfig({ testTimeout: 120_000 });

interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
interface Job {
  readonly if?: string;
  readonly permissions?: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}
interface Workflow {
  readonly on: Readonly<Record<string, unknown>>;
  readonly permissions: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, Job>>;
}
interface Script {
  readonly before_script: readonly string[];
  readonly script: readonly string[];
  readonly rules?: readonly { readonly if: string }[];
}

const read = async <T>(name: string): Promise<T> => parse(await readFile(join(import.meta.dirname, name), "utf8")) as T;
const actions = await read<Workflow>("github-actions.yaml");
const pipeline = await read<
  Readonly<Record<string, Script>> & { variables: Record<string, string>; workflow: { rules: unknown } }
>("gitlab-ci.yaml");

/** Steps that are skipped: the repository of the test already has its packages, and must not use a registry. */
const installs = (script: string) => /^npm (?:ci|run -s setup)/m.test(script);

const ofThisRepository = "github.event.pull_request.head.repo.full_name == github.repository";

test("GitHub: minimal permissions, no secret where a fork's code runs, everything pinned", () => {
  expect(Object.keys(actions.on)).toEqual(["pull_request"]);
  expect(actions.permissions).toEqual({ contents: "read" });
  const rights = Object.entries(actions.jobs).map(([name, { permissions }]) => [name, permissions ?? {}]);
  expect(Object.fromEntries(rights)).toEqual({
    cells: {},
    review: {},
    comment: { contents: "read", "pull-requests": "write" },
    preview: {},
  });
  for (const [name, job] of Object.entries(actions.jobs)) {
    const own = job.if?.includes(ofThisRepository) ?? false;
    expect([name, own]).toEqual([name, name === "comment" || name === "preview"]);
    if (!own) expect(JSON.stringify(job)).not.toMatch(/secrets\.|github\.token|GITHUB_TOKEN/);
    for (const { uses, with: options } of job.steps) {
      if (uses === undefined) continue;
      expect(uses).toMatch(/^actions\/[a-z-]+@v\d+$/);
      // Git would keep the token for later steps.
      if (uses.startsWith("actions/checkout@")) expect(options).toMatchObject({ "persist-credentials": false });
    }
  }
  expect(actions.jobs.comment!.steps[0]!.with!.ref).toMatch(/^\S+ github\.event\.pull_request\.base\.sha \S+$/);
  const uploads = actions.jobs.review!.steps.filter(({ uses }) => uses?.startsWith("actions/upload-artifact@"));
  expect(uploads).toMatchObject([{ if: "always()", with: { path: "review/" } }]);
});

test("GitLab: merge requests only, the token only for this project's own branches and never with their code", () => {
  expect(pipeline.workflow.rules).toEqual([{ if: '$CI_PIPELINE_SOURCE == "merge_request_event"' }]);
  const own = "$CI_MERGE_REQUEST_SOURCE_PROJECT_ID == $CI_PROJECT_ID";
  expect(pipeline.comment!.rules![0]!.if).toBe(`$GITLAB_TOKEN && ${own}`);
  expect(pipeline.preview!.rules![0]!.if).toContain(own);
  expect(JSON.stringify(pipeline.review)).not.toMatch(/TOKEN|PASSPHRASE/);
  expect(pipeline.comment!.before_script[0]).toBe('git checkout --quiet "$CI_MERGE_REQUEST_DIFF_BASE_SHA"');
});

/** Runs the steps of one GitHub job as its runner does; `expressions` has the values that the runner would know. */
async function runJob(
  { directory }: TemporaryRepository,
  name: string,
  expressions: Readonly<Record<string, string>>,
  environment: NodeJS.ProcessEnv,
) {
  const outputs = join(directory, ".state/outputs");
  const summary = join(directory, ".state/summary");
  await mkdir(join(directory, ".state"), { recursive: true });
  for (const file of [outputs, summary]) await writeFile(file, "");
  const evaluate = (text: string) =>
    text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => {
      const value = expressions[expression];
      if (value === undefined) throw new Error(`the test does not know ${expression}`);
      return value;
    });
  let exitCode: number | undefined = 0;
  let output = "";
  for (const { run, env = {} } of actions.jobs[name]!.steps) {
    if (run === undefined || installs(run)) continue;
    const own = Object.fromEntries(Object.entries(env).map(([key, value]) => [key, evaluate(value)]));
    const variables = { ...actions.env, GITHUB_OUTPUT: outputs, GITHUB_STEP_SUMMARY: summary, ...environment, ...own };
    const result = await execa("bash", ["-e", "-c", run], { cwd: directory, env: variables, reject: false, all: true });
    output += result.all;
    exitCode = result.exitCode;
    if (exitCode !== 0) break;
  }
  const [set, said] = await Promise.all([outputs, summary].map((file) => readFile(file, "utf8")));
  return { exitCode, output, outputs: set!, summary: said! };
}

/** Runs the scripts of one GitLab job. */
async function runScripts({ directory }: TemporaryRepository, name: string, environment: NodeJS.ProcessEnv) {
  const { before_script, script } = pipeline[name]!;
  const lines = [...before_script, ...script].filter((each) => !installs(each)).join("\n");
  return execa("bash", ["-e", "-c", lines], {
    cwd: directory,
    env: { ...pipeline.variables, ...environment },
    reject: false,
    all: true,
  });
}

/** A repository with a base, and a head that moves an account. */
async function withDiff() {
  const repository = await temporaryRepository();
  await repository.edit({ "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web1", "host: par1-web2"]] });
  await repository.commit();
  return repository;
}

async function clean({ directory }: TemporaryRepository): Promise<void> {
  for (const name of [".state", "review"]) await rm(join(directory, name), { recursive: true, force: true });
}

const verdict = ({ comments }: FakeForge) => comments.map(({ body }) => /^### (.*)$/m.exec(body)?.[1]);

test("GitHub: the steps find the cells, review them, create one comment, and rewrite it after the next push", async () => {
  await using repository = await withDiff();
  await using forge = await fakeForge();
  const eventFile = `${repository.directory}-event.json`;
  await writeFile(eventFile, '{"pull_request":{"number":7}}');
  const token = "ghs_of-the-workflow";
  const variables = { GITHUB_REPOSITORY: "acme/fleet", GITHUB_API_URL: forge.url, GITHUB_EVENT_PATH: eventFile };
  try {
    expect((await runJob(repository, "cells", {}, variables)).outputs).toBe('cells=["main"]\n');
    const review = () => runJob(repository, "review", { "matrix.cell": "main" }, variables);
    const comment = async (cells = '["main"]') => {
      // Artifacts are downloaded into a directory each.
      const [from, to] = ["review", "review/review-main"].map((path) => join(repository.directory, path));
      if (cells !== "[]") await execa("sh", ["-c", 'mkdir "$2" && mv "$1"/*.* "$2"', "-", from!, to!]);
      const known = { "needs.cells.outputs.cells": cells, "github.token": token };
      return await runJob(repository, "comment", known, variables);
    };
    expect((await review()).exitCode).toBe(3);
    const first = await comment();
    expect([first.exitCode, first.output]).toEqual([0, "Comment created."]);
    expect(verdict(forge)).toEqual(["Needs approval: 1 approval missing"]);

    await clean(repository);
    await repository.edit({ "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web2", "host: par1-web9"]] });
    await repository.commit();
    expect((await review()).exitCode).toBe(4);
    expect((await comment()).output).toBe("Comment updated.");
    expect(verdict(forge)).toEqual(["Blocked: the inventory has 1 problem"]);

    await clean(repository);
    await execa(
      "sh",
      ["-c", "git reset --quiet --hard HEAD~2 && git commit --quiet --allow-empty -m 'nothing is left'"],
      {
        cwd: repository.directory,
      },
    );
    const { outputs } = await runJob(repository, "cells", {}, variables);
    expect((await comment(outputs.trim().slice("cells=".length))).output).toBe("1 comment withdrawn.");
    expect(verdict(forge)).toEqual(["Nothing to review"]);
    expect(forge.requests.every(({ headers }) => headers.authorization === `Bearer ${token}`)).toBe(true);
    expect(first.output).not.toContain(token);
  } finally {
    await rm(eventFile);
  }
});

test("GitHub, a fork: no token anywhere; the comment is in the summary, JSON and picture are artifacts", async () => {
  await using repository = await withDiff();
  await using forge = await fakeForge();
  const variables = { GITHUB_REPOSITORY: "acme/fleet", GITHUB_API_URL: forge.url };
  const review = await runJob(repository, "review", { "matrix.cell": "main" }, variables);
  expect(review.exitCode).toBe(3);
  expect(review.summary).toContain("### Needs approval: 1 approval missing");
  const file = (name: string) => readFile(join(repository.directory, "review", name), "utf8");
  expect(JSON.parse(await file("review.json"))).toMatchObject({
    schemaVersion: 1,
    verdict: "needs approval",
    base: "HEAD^1",
    cell: "main",
  });
  expect(await file("picture.svg")).toContain('class="host touched"');
  expect(forge.requests).toEqual([]);
});

test("GitHub: a missing base is red, and no older verdict stays", async () => {
  await using repository = await temporaryRepository();
  const review = await runJob(repository, "review", { "matrix.cell": "main" }, {});
  expect(review.exitCode).toBe(5);
  expect(review.summary).toContain(
    '### Not reviewed\n\nThe effect of this change is unknown.\n\n```text\n"HEAD^1" is neither',
  );
});

test("GitLab: the scripts review every touched cell, create one comment, and rewrite it", async () => {
  await using repository = await withDiff();
  await using forge = await fakeForge();
  forge.user = "project-bot";
  const { stdout: base } = await execa("git", ["rev-parse", "HEAD^1"], { cwd: repository.directory });
  const { stdout: head } = await execa("git", ["rev-parse", "HEAD"], { cwd: repository.directory });
  const variables = {
    CI_MERGE_REQUEST_DIFF_BASE_SHA: base,
    CI_API_V4_URL: forge.url,
    CI_PROJECT_ID: "12",
    CI_MERGE_REQUEST_IID: "7",
  };
  const withToken = { ...variables, GITLAB_TOKEN: "glpat-secret" };
  const review = await runScripts(repository, "review", variables);
  expect([review.exitCode, forge.requests.length]).toEqual([3, 0]);
  expect((await runScripts(repository, "comment", withToken)).all).toBe("Comment created.");
  expect(verdict(forge)).toEqual(["Needs approval: 1 approval missing"]);

  await clean(repository);
  await execa("git", ["checkout", "--quiet", head], { cwd: repository.directory });
  await repository.edit({
    "inventory/prod/accounts/1001-bakery.yaml": [["host: par1-web2", "host: par1-web1"]],
    "inventory/prod/accounts/1002-choir.yaml": [["plan: small", "plan: medium"]],
  });
  await repository.commit();
  expect((await runScripts(repository, "review", variables)).exitCode).toBe(0);
  expect((await runScripts(repository, "comment", withToken)).all).toBe("Comment updated.");
  expect(verdict(forge)).toEqual(["Safe: no findings"]);
  const files = (await execa("ls", ["review"], { cwd: repository.directory })).stdout.split("\n");
  expect(files).toEqual(["cells.json", "main.json", "main.md", "main.svg"]);

  await clean(repository);
  await execa("git", ["checkout", "--quiet", base], { cwd: repository.directory });
  expect((await runScripts(repository, "review", variables)).exitCode).toBe(0);
  expect((await runScripts(repository, "comment", withToken)).all).toBe("1 comment withdrawn.");
  expect(verdict(forge)).toEqual(["Nothing to review"]);
});
