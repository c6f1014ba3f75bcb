import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Command } from "commander";
import { printable } from "../../lib/text/text.ts";
import type { Outcome } from "../verdict/outcome.ts";
import { type Extras, formatComment, formatFailure } from "./comment.ts";
import { toJson } from "./json.ts";
import { toSvg } from "./picture.ts";
import { sharesSvg } from "./shares-picture.ts";
import { formatText } from "./text.ts";

/** Where to write an outcome. `-` is standard output, instead of the text for people. */
export interface OutputOptions {
  readonly json?: string;
  readonly markdown?: string;
  readonly svg?: string;
  readonly sharesSvg?: string;
}

/** Adds the output options of commands that have an outcome. */
export function withOutputs(command: Command): Command {
  return command
    .option("--json <file>", "write the result for programs to this file; - is standard output")
    .option("--markdown <file>", "write the pull request's comment to this file; - is standard output")
    .option("--svg <file>", "write a picture of what is touched to this file; not if the inventory has problems")
    .option(
      "--shares-svg <file>",
      "write a picture of hosts on which accounts get other shares, before and after, to this file",
    )
    .hook("preAction", (_, action) => {
      const { json, markdown } = action.opts<OutputOptions>();
      if (json === "-" && markdown === "-")
        action.error("error: --json and --markdown cannot both go to standard output");
    });
}

/** Writes an outcome to the requested outputs. @throws Error if a file cannot be written */
export async function writeOutcome(outcome: Outcome, options: OutputOptions, extras: Extras = {}): Promise<void> {
  const { json, markdown, svg, sharesSvg: shares } = options;
  if (json !== undefined) await put(json, `${JSON.stringify(toJson(outcome), undefined, 2)}\n`);
  if (markdown !== undefined) await put(markdown, formatComment(outcome, extras));
  if (svg !== undefined && outcome.kind === "reviewed") await put(svg, toSvg(outcome));
  if (shares !== undefined && outcome.kind === "reviewed") await put(shares, sharesSvg(outcome));
  if (json !== "-" && markdown !== "-") process.stdout.write(formatText(outcome, extras));
}

/**
 * Runs a review; if it fails, writes a comment that says why, and throws the error again.
 * @param scope what is reviewed, as far as known
 */
export async function writingFailure<T>(
  scope: Pick<Outcome, "inventory" | "cell">,
  options: OutputOptions,
  review: () => Promise<T>,
): Promise<T> {
  try {
    return await review();
  } catch (error) {
    const reason = (error as Error).message.split("\n").map(printable).join("\n");
    await writeFailure(scope, reason, options);
    throw error;
  }
}

/** Writes the comment of a review that failed. The other outputs are not written. */
export async function writeFailure(
  scope: Pick<Outcome, "inventory" | "cell">,
  reason: string,
  { markdown }: OutputOptions,
): Promise<void> {
  if (markdown !== undefined) await put(markdown, formatFailure(scope, reason));
}

async function put(file: string, content: string): Promise<void> {
  if (file === "-") {
    process.stdout.write(content);
    return;
  }
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}
