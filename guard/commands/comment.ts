import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { exitStatus } from "../exit-status.ts";
import { comment, type Forge } from "../forge/forge.ts";
import { github } from "../forge/github.ts";
import { gitlab } from "../forge/gitlab.ts";
import { attempt } from "./options.ts";

const forges: Readonly<Record<string, (environment: NodeJS.ProcessEnv, number?: number) => Forge | Promise<Forge>>> = {
  github,
  gitlab,
};

interface Options {
  readonly forge: string;
  readonly file: string;
  readonly number?: number;
}

/** `guard comment`: puts a review's comment on its pull or merge request. */
export const commentCommand: Command = new Command("comment")
  .description(
    "Puts a review's comment on the pull or merge request: one comment for each fleet and cell, rewritten by each run.",
  )
  .addOption(new Option("--forge <name>", "where the request is").choices(Object.keys(forges)).makeOptionMandatory())
  .requiredOption("--file <file>", "the comment, as `guard review --markdown` wrote it")
  .option("--number <number>", "number of the request; by default that of the pipeline's event", number)
  .addHelpText(
    "after",
    `
Environment: GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_API_URL.
GitLab: GITLAB_TOKEN (or CI_JOB_TOKEN, where it may write comments), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID.

Exit status: ${exitStatus.safe} done, ${exitStatus["wrong usage"]} wrong usage, ${exitStatus["not reviewed"]} not commented (says why on standard error).`,
  )
  .action(({ forge, file, number: request }: Options) =>
    attempt("Not commented", async () => {
      const body = await readFile(file, "utf8");
      console.log(`Comment ${await comment(await forges[forge]!(process.env, request), body)}.`);
      return exitStatus.safe;
    }),
  );

function number(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write the number of a request.");
}
