import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { parse } from "yaml";

const checkout = join(import.meta.dirname, "../..");
const read = async <T>(name: string): Promise<T> =>
  parse(await readFile(join(checkout, "examples/ci", name), "utf8")) as T;

export interface Step {
  readonly name?: string;
  readonly uses?: string;
  readonly run?: string;
  readonly if?: string;
  readonly "working-directory"?: string;
  readonly with?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
}
export interface Job {
  readonly if?: string;
  readonly needs?: string | readonly string[];
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
  readonly before_script?: readonly string[];
  readonly script: readonly string[];
  readonly rules?: readonly { readonly if: string }[];
}
interface Pipeline {
  readonly variables: Readonly<Record<string, string>>;
  readonly workflow: { readonly rules: unknown };
  readonly default: { readonly before_script: readonly string[] };
  readonly review: Script;
  readonly comment: Script;
  readonly preview: Script;
}

/** The example workflows, as they are copied. */
export const actions = await read<Workflow>("github-actions.yaml");
export const pipeline = await read<Pipeline>("gitlab-ci.yaml");

/** Instead of an installation, which would need a registry: the packages of this checkout. */
function withPackages(script: string): string {
  return script
    .replace(/^npm ci$/m, `ln -s ${join(checkout, "node_modules")} node_modules`)
    .replace(/^npm run -s setup$/m, "true");
}

export interface Ran {
  readonly exitCode: number | undefined;
  readonly output: string;
}

/** A runner's directory for one pull request: each job begins in an empty one, as with the forge. */
export interface Runner extends AsyncDisposable {
  /** Runs the steps of a job of GitHub's workflow; `expressions` has further values that the runner would know. */
  job(
    name: string,
    expressions?: Readonly<Record<string, string>>,
    environment?: NodeJS.ProcessEnv,
  ): Promise<Ran & { readonly outputs: Readonly<Record<string, string>>; readonly summary: string }>;
  /** Runs the scripts of a job of GitLab's pipeline. */
  script(name: "review" | "comment", environment?: NodeJS.ProcessEnv): Promise<Ran>;
  /** A file that the last job has written, or what it handed on. */
  file(name: string): string;
}

/** @param origin the repository; @param base commit of the target branch; @param head last commit of the request's branch */
export async function workflowRunner(origin: string, base: string, head: string): Promise<Runner> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-runner-"));
  const work = join(directory, "work");
  const git = (...args: string[]) => execa("git", args);
  const clone = async (ref: string, path: string) => {
    await git("clone", "--quiet", "--no-checkout", origin, path);
    await git("-C", path, "fetch", "--quiet", "origin", ref);
    await git("-C", path, "checkout", "--quiet", "--detach", ref);
  };
  const known: Readonly<Record<string, string>> = {
    "github.event.pull_request.base.sha": base,
    "github.event.pull_request.head.sha": head,
  };
  return {
    async job(name, expressions = {}, environment = {}) {
      const evaluate = (text: string) =>
        text.replace(/\$\{\{ ([\w.]+) \}\}/g, (_, expression: string) => {
          const value = { ...known, ...expressions }[expression];
          if (value === undefined) throw new Error(`the test does not know ${expression}`);
          return value;
        });
      const evaluated = (env: Step["env"] = {}) =>
        Object.fromEntries(Object.entries(env).map(([key, value]) => [key, evaluate(value)]));
      const kept = name === "comment" ? join(directory, "artifacts") : undefined;
      await rm(work, { recursive: true, force: true });
      await mkdir(work);
      const [outputs, summary] = [join(directory, "outputs"), join(directory, "summary")];
      for (const file of [outputs, summary]) await writeFile(file, "");
      let exitCode: number | undefined = 0;
      let output = "";
      for (const { uses, run, env, with: options, ...step } of actions.jobs[name]!.steps) {
        if (uses?.startsWith("actions/checkout@")) {
          await clone(evaluate(String(options!.ref)), join(work, String(options!.path)));
        }
        if (uses?.startsWith("actions/download-artifact@")) {
          await execa("cp", ["-R", kept!, join(work, String(options!.path))], { reject: false });
        }
        if (run === undefined) continue;
        const result = await execa("bash", ["-e", "-c", withPackages(run)], {
          cwd: join(work, step["working-directory"] ?? ""),
          env: {
            ...evaluated(actions.env),
            GITHUB_OUTPUT: outputs,
            GITHUB_STEP_SUMMARY: summary,
            ...environment,
            ...evaluated(env),
          },
          reject: false,
          all: true,
        });
        output += result.all;
        exitCode = result.exitCode;
        if (exitCode !== 0) break;
      }
      if (name === "review") {
        await rm(join(directory, "artifacts"), { recursive: true, force: true });
        await mkdir(join(directory, "artifacts"));
        const to = join(directory, "artifacts", `review-${expressions["matrix.cell"]}`);
        await execa("cp", ["-R", join(work, "judge/review"), to], { reject: false });
      }
      const lines = (await readFile(outputs, "utf8")).trimEnd().split("\n");
      const pairs = lines
        .filter(Boolean)
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
      return { exitCode, output, outputs: Object.fromEntries(pairs), summary: await readFile(summary, "utf8") };
    },
    async script(name, environment = {}) {
      const kept = join(directory, "artifacts");
      await rm(work, { recursive: true, force: true });
      await clone(head, work);
      if (name === "comment") await execa("cp", ["-R", kept, join(work, "review")]);
      const lines = [...pipeline.default.before_script, ...pipeline[name].script].map(withPackages);
      const { exitCode, all } = await execa("bash", ["-e", "-c", lines.join("\n")], {
        cwd: work,
        env: {
          ...pipeline.variables,
          CI_PROJECT_DIR: work,
          CI_MERGE_REQUEST_TARGET_BRANCH_NAME: "main",
          ...environment,
        },
        reject: false,
        all: true,
      });
      if (name === "review") {
        await rm(kept, { recursive: true, force: true });
        await execa("cp", ["-R", join(work, "review"), kept], { reject: false });
      }
      return { exitCode, output: all };
    },
    file: (name) => join(directory, "artifacts", name),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}
