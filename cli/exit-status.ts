import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { type Command, CommanderError } from "commander";
import type { Level } from "../guard/verdict/weigh.ts";
import { printable } from "../lib/text/text.ts";
import { exitStatuses, type Failure, UserError } from "../lib/user-error.ts";
import manifest from "../package.json" with { type: "json" };

type Row = readonly [status: number, meaning: string];

/** How a command can end: exit status and meaning. They are the same for all commands, since scripts compare them. */
export const endings = {
  done: [exitStatuses.done, "done, no problem found"],
  broke: [exitStatuses.broke, "internal error of Fairhost; standard error has a stack trace"],
  "wrong usage": [exitStatuses["wrong usage"], "wrong usage or configuration, or not confirmed"],
  "needs approval": [exitStatuses["needs approval"], "needs approval"],
  blocked: [exitStatuses.blocked, "blocked: the inventory has problems, or breaks a rule or a plan's promise"],
  failed: [exitStatuses.failed, "failed: something could not be read, reached or done; standard error says what"],
  locked: [exitStatuses.locked, "locked: another process is changing the stack; standard error says which"],
  drift: [
    exitStatuses.drift,
    "drift: a host or router differs from what is declared, is unhealthy, or has no proof of its backups that is recent enough",
  ],
} as const satisfies Readonly<Record<Failure | Exclude<Level, "safe"> | keyof typeof exitStatuses, Row>>;

/** One way for a command to end. */
export type Ending = keyof typeof endings;

/** Every command can end like this. */
const always = ["done", "broke", "wrong usage"] as const satisfies readonly Ending[];

/** Adds the exit statuses of a command to its help. @param others in addition to those of every command */
export function listEndings(command: Command, others: readonly Ending[]): Command {
  const lines = [...new Set<Ending>([...always, ...others])]
    .map((ending) => endings[ending])
    .sort(([left], [right]) => left - right)
    .map(([status, meaning]) => `  ${status}  ${meaning}`);
  return command.addHelpText("after", ["", "Exit status:", ...lines].join("\n"));
}

/**
 * Gives a command its action, and adds its exit statuses to its help.
 * @param others endings in addition to those of every command, also for errors that the action throws
 * @param action returns how it ended, or the exit status of a program that it ran in the foreground; undefined means done
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

They are the same for every command that \`npm run\` starts, and for \`fairhost-host\` on hosts; the \`--help\` of a command lists those that it uses. \`lab ssh\`, \`lab logs\`,
\`lab curl\` and \`lab exec\` end with the exit status of the program that they run.

| exit status | meaning |
| --- | --- |
${rows.join("\n")}
`;
}

/** Ending of a command for a verdict of the guard. */
export function endingOf(level: Level): "done" | Exclude<Level, "safe"> {
  return level === "safe" ? "done" : level;
}

/** Runs the command with this process's arguments and ends with a status of the table. The file of a command calls it once. */
export async function run(command: Command): Promise<void> {
  throwInsteadOfExit(command);
  try {
    await command.parseAsync();
  } catch (error) {
    // Exit at once: a failed command must not wait for open handles.
    process.exit(endings[report(error)][0]);
  }
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  refuseTwice(command);
  for (const each of command.commands) throwInsteadOfExit(each);
}

/** Refuses an option that is given twice: the last one would be taken, and nobody would see that the first one is not. */
function refuseTwice(command: Command): void {
  const given = new Map<string, string>();
  for (const option of command.options) {
    if (option.variadic) continue;
    const flag = option.long ?? option.short!;
    const written = `${flag}${option.required ? " " : ""}`;
    command.on(`option:${option.name()}`, (value: string | null | undefined) => {
      const now = `${written}${option.required ? value : ""}`;
      const before = given.get(flag);
      if (before !== undefined) {
        command.error(`error: option ${flag} is given twice: ${before} and ${now}. Fix: give it once.`, {
          exitCode: 2,
        });
      }
      given.set(flag, now);
    });
  }
}

/** Prints an error on standard error, since standard output may be for programs. */
function report(error: unknown): Ending {
  // Commander has printed it already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? "done" : "wrong usage";
  const named = errorOfNamedFile(error);
  const expected = error instanceof UserError ? error : named;
  if (expected) {
    console.error(expected.message.split("\n").map(printable).join("\n"));
    return expected.failure;
  }
  console.error(error);
  return "broke";
}

/** What is wrong with a file or directory that was given on the command line, if the error is about one. */
function errorOfNamedFile(error: unknown): UserError | undefined {
  const { syscall, path, code = "" } = error as NodeJS.ErrnoException;
  if (syscall === undefined || path === undefined) return undefined;
  const words = process.argv.slice(1).map((word) => word.replace(/^--[\w-]+=/, ""));
  if (!words.some((word) => word === path || dirname(word) === path)) return undefined;
  const lacking = code === "ENOENT" && !existsSync(dirname(path)) ? dirname(path) : undefined;
  const [problem, fix] =
    lacking === undefined
      ? (problemsOfFiles[code] ?? [(error as Error).message, "correct that, or give another path"])
      : [`the directory ${lacking} does not exist`, "create it, or give another path"];
  return new UserError(`${path}: ${problem}; ${fix}`, "wrong usage");
}

/** By the code of errno(3). */
const problemsOfFiles: Readonly<Record<string, readonly [problem: string, fix: string]>> = {
  ENOENT: ["there is no such file or directory", "correct the path"],
  ENOTDIR: ["a part of this path is a file, not a directory", "correct the path"],
  EISDIR: ["this is a directory", "give the path of a file"],
  EACCES: ["you may not open it", "change its permissions, or give another path"],
  EROFS: ["its file system is read-only", "give another path"],
  ENOSPC: ["its file system is full", "make room there, or give another path"],
};

// Older versions of Node.js have no import.meta.main: a command would do nothing and end with 0.
const [, oldest] = manifest.engines.node.split(">=") as [string, string];
if (process.versions.node.localeCompare(oldest, "en", { numeric: true }) < 0) {
  console.error(
    `Fairhost needs Node.js ${oldest} or newer; this is ${process.versions.node}. Use \`npm run\`, or run \`. toolchain/activate\` first.`,
  );
  process.exit(endings["wrong usage"][0]);
}
