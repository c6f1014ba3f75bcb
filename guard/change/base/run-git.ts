import { execa } from "execa";
import { UserError } from "../../../lib/user-error.ts";

/** What a person may set to see more of git, or to have it run something, and what is read here as it is without. */
const settings = [
  // The advice would stand before the reason of an error.
  "advice.graftFileDeprecated=false",
  "color.ui=false",
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "i18n.logOutputEncoding=UTF-8",
  "log.showSignature=false",
  "log.diffMerges=separate",
  "log.follow=false",
  "log.showRoot=true",
  "status.showUntrackedFiles=normal",
  "trailer.separators=:",
].flatMap((each) => ["-c", each]);

/**
 * What git says to a hook about its own repository: the one that is asked here may be another. `git rev-parse --local-env-vars`,
 * without settings for one command.
 */
const ofHooks = [
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_COMMON_DIR",
  "GIT_DIR",
  "GIT_IMPLICIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_INTERNAL_SUPER_PREFIX",
  "GIT_OBJECT_DIRECTORY",
  "GIT_PREFIX",
  "GIT_REPLACE_REF_BASE",
  "GIT_SHALLOW_FILE",
  "GIT_WORK_TREE",
  // How git reads a path is said with each path.
  "GIT_GLOB_PATHSPECS",
  "GIT_ICASE_PATHSPECS",
  "GIT_LITERAL_PATHSPECS",
  "GIT_NOGLOB_PATHSPECS",
];

/** Commands that may show a file as a program of somebody's settings prints it. What is asked for is the file. */
const showing = new Set(["diff", "log", "show"]);
const asItIs = ["--no-ext-diff", "--no-textconv"];

const environment: NodeJS.ProcessEnv = {
  ...Object.fromEntries(ofHooks.map((name) => [name, undefined])),
  // What a clone says of history in place of history does not count.
  GIT_NO_REPLACE_OBJECTS: "1",
  GIT_GRAFT_FILE: "/dev/null",
};

/** Runs git. @returns what it prints @throws UserError with what git said */
export async function git(directory: string, args: readonly string[], also: NodeJS.ProcessEnv = {}): Promise<string> {
  const output = await run(directory, args, also);
  if (output !== undefined) return output;
  throw new UserError(`git ${args[0]} refused: ${args.slice(1).join(" ")}`);
}

/**
 * Asks git what it may answer with no, by exit status 1: whether there is such a commit. Anything else that fails is no answer.
 * @returns what it prints, `undefined` for no @throws UserError with what git said
 */
export async function askGit(directory: string, args: readonly string[]): Promise<string | undefined> {
  return run(directory, args, {});
}

/** Runs git with an input. @returns what it prints, in octets @throws UserError with what git said */
export async function gitOctets(directory: string, args: readonly string[], input: string): Promise<Buffer> {
  return Buffer.from((await run(directory, args, {}, { input, encoding: "latin1" })) ?? "", "latin1");
}

async function run(
  directory: string,
  args: readonly string[],
  also: NodeJS.ProcessEnv,
  how: { readonly input?: string; readonly encoding?: "latin1" } = {},
): Promise<string | undefined> {
  const [command = "", ...rest] = args;
  const whole = [...settings, command, ...(showing.has(command) ? asItIs : []), ...rest];
  const { exitCode, stdout, stderr, shortMessage } = await execa("git", whole, {
    cwd: directory,
    env: { ...environment, ...also },
    reject: false,
    stripFinalNewline: false,
    ...how,
  });
  if (exitCode === 0) return stdout;
  if (exitCode === 1 && stderr === "") return undefined;
  throw new UserError(`git ${command} failed: ${stderr.trim() || shortMessage}`);
}

/** Names that git printed with `-z`, whatever they are. */
export function namesOf(output: string): string[] {
  return output.split("\0").filter((name) => name !== "");
}

/** Names that git printed with `-z`. @throws UserError for one that is not UTF-8: its file could not be read by what it is called here */
export function namesIn(output: string): string[] {
  const names = namesOf(output);
  const odd = names.find((name) => name.includes("\uFFFD"));
  if (odd === undefined) return names;
  throw new UserError(`the name of the file ${odd} is not UTF-8, so it is not known what it holds: rename it`);
}
