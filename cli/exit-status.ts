import { dirname } from "node:path";
import { type Command, CommanderError } from "commander";
import type { Level } from "../guard/verdict/review.ts";
import { printable } from "../lib/text.ts";
import { type Failure, UserError } from "../lib/user-error.ts";
import manifest from "../package.json" with { type: "json" };

type Row = readonly [status: number, meaning: string];

/** How a command can end: the exit status of its process, and what that means. The same for all commands, since scripts compare them. */
export const endings = {
  done: [0, "done, and nothing is wrong"],
  broke: [1, "Fairhost itself broke; standard error has a stack trace"],
  "wrong usage": [2, "wrong usage or configuration, or not confirmed"],
  "needs approval": [3, "needs approval"],
  blocked: [4, "blocked: the inventory is not sound, or breaks a rule or a plan's promise"],
  failed: [5, "failed: something could not be read, asked or done; standard error says what"],
  locked: [6, "locked: something else is changing the stack; standard error says what"],
  drift: [7, "drift: a host has something that is not declared"],
} as const satisfies Readonly<Record<Failure | Exclude<Level, "safe">, Row>> & Readonly<Record<string, Row>>;

/** One way for a command to end. */
export type Ending = keyof typeof endings;

/** Every command can end like this. */
const always = ["done", "broke", "wrong usage"] as const satisfies readonly Ending[];

/** Lists in a command's help the ways it can end, from the table. @param others beyond those of every command */
export function listEndings(command: Command, others: readonly Ending[]): Command {
  const lines = [...new Set<Ending>([...always, ...others])]
    .map((ending) => endings[ending])
    .sort(([left], [right]) => left - right)
    .map(([status, meaning]) => `  ${status}  ${meaning}`);
  return command.addHelpText("after", ["", "Exit status:", ...lines].join("\n"));
}

/**
 * Gives a command its action and lists in its help how it can end.
 * @param others the ways beyond those of every command, also those of errors that the action throws
 * @param action returns how it ended, or the exit status of a program that it ran in the foreground; nothing means done
 */
export function withAction<E extends Ending, A extends unknown[]>(
  command: Command,
  others: readonly E[],
  action: (...args: A) => Promise<E | (typeof always)[number] | number | undefined>,
): Command {
  return listEndings(command, others).action(async (...args: A) => {
    const ended = (await action(...args)) ?? "done";
    process.exitCode = typeof ended === "number" ? ended : endings[ended][0];
  });
}

/** The table as Markdown: text of `docs/reference/exit-statuses.md`. */
export function exitStatusReference(): string {
  const rows = Object.values(endings).map(([status, meaning]) => `| ${status} | ${meaning} |`);
  return `<!-- Written by \`npm run generate\` from cli/exit-status.ts. Do not edit. -->

# Exit statuses

They mean the same for every command that \`npm run\` starts; its \`--help\` lists those it can end with. \`lab ssh\`, \`lab logs\`,
\`lab curl\` and \`lab exec\` end with the exit status of the program that they run.

| exit status | meaning |
| --- | --- |
${rows.join("\n")}
`;
}

/** How a verdict of the guard ends a command. */
export function endingOf(level: Level): "done" | Exclude<Level, "safe"> {
  return level === "safe" ? "done" : level;
}

/** Does what this process's arguments ask for and ends as the table says: called by the file of a command, once. */
export async function run(command: Command): Promise<void> {
  throwInsteadOfExit(command);
  try {
    await command.parseAsync();
  } catch (error) {
    // At once: a command that failed must not hang on what it left open.
    process.exit(endings[report(error)][0]);
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwInsteadOfExit(each);
}

/** Tells of an error on standard error, since standard output may be for programs. */
function report(error: unknown): Ending {
  // Commander has said it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? "done" : "wrong usage";
  if (error instanceof UserError || isOfNamedFile(error)) {
    console.error((error as Error).message.split("\n").map(printable).join("\n"));
    return error instanceof UserError ? error.failure : "wrong usage";
  }
  console.error(error);
  return "broke";
}

/** Whether the system refuses a file or directory that was named on the command line. */
function isOfNamedFile(error: unknown): boolean {
  const { syscall, path } = error as NodeJS.ErrnoException;
  if (syscall === undefined || path === undefined) return false;
  const words = process.argv.slice(1).map((word) => word.replace(/^--[\w-]+=/, ""));
  return words.some((word) => word === path || dirname(word) === path);
}

// In an older Node.js no file is the main one: a command would do nothing and end with 0, as if all was well.
const [, oldest] = manifest.engines.node.split(">=") as [string, string];
if (process.versions.node.localeCompare(oldest, "en", { numeric: true }) < 0) {
  console.error(
    `Fairhost needs Node.js ${oldest} or newer, and this is ${process.versions.node}: use \`npm run\`, or \`. toolchain/activate\` first.`,
  );
  process.exit(endings["wrong usage"][0]);
}
