import { readFile } from "node:fs/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { z } from "zod";
import { comment, type Forge, withdrawComments } from "../../guard/forge/forge.ts";
import { github } from "../../guard/forge/github.ts";
import { gitlab } from "../../guard/forge/gitlab.ts";
import { count } from "../../lib/text/text.ts";
import { withAction } from "../exit-status.ts";

const forges: Readonly<Record<string, (environment: NodeJS.ProcessEnv, number?: number) => Forge | Promise<Forge>>> = {
  github,
  gitlab,
};

interface Options {
  readonly forge: string;
  readonly inventory: string;
  readonly cells?: readonly string[];
  readonly number?: number;
}

/** `guard comment`: publishes the comments of reviews on their pull or merge request. */
export const commentCommand: Command = withAction(
  new Command("comment")
    .description(
      "Publishes reviews as comments on the pull or merge request: one comment for each fleet and cell, rewritten by each run.",
    )
    .addOption(
      new Option("--forge <name>", "the forge of the request").choices(Object.keys(forges)).makeOptionMandatory(),
    )
    .argument("[files...]", "comments, as written by `guard review --markdown`")
    .option(
      "--cells <list>",
      "cells that the change touches, as printed by `guard cells`; comments on other cells are withdrawn",
      list,
    )
    .option("--inventory <directory>", "the fleet of these cells", "inventory/prod")
    .option("--number <number>", "number of the request; by default from the pipeline's event", number)
    .addHelpText(
      "after",
      `
Environment: GitHub: GITHUB_TOKEN, GITHUB_REPOSITORY, GITHUB_EVENT_PATH, GITHUB_API_URL.
GitLab: GITLAB_TOKEN (or CI_JOB_TOKEN, if it may write comments), CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID.`,
    ),
  ["failed"],
  async (files: readonly string[], { forge: name, inventory, cells, number: request }: Options) => {
    const forge = await forges[name]!(process.env, request);
    for (const file of files) console.log(`Comment ${await comment(forge, await readFile(file, "utf8"))}.`);
    const withdrawn = cells ? await withdrawComments(forge, inventory, cells) : 0;
    if (withdrawn > 0) console.log(`${count(withdrawn, "comment")} withdrawn.`);
    else if (files.length === 0) console.log("No comments to write or withdraw.");
  },
);

function list(text: string): readonly string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(text));
  } catch {
    throw new InvalidArgumentError('Write a JSON list: ["main"].');
  }
}

function number(text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write the number of a request.");
}
