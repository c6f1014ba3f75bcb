import { Command, InvalidArgumentError } from "commander";
import { printable } from "../../lib/text.ts";
import { utcToday } from "../../lib/today.ts";
import { exitStatus } from "../exit-status.ts";

/** A command that compares an inventory with another one. */
export function inventoriesCommand(name: string): Command {
  return new Command(name)
    .requiredOption(
      "--base <ref|directory>",
      "what to compare the working tree with: a commit by any name, or a fleet's directory",
    )
    .option("--inventory <directory>", "the fleet to look at", "inventory/prod")
    .option("--today <day>", "judge what depends on the day as on this one, ISO 8601", day, utcToday());
}

/** A day as commander reads it. */
export function day(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError("Write a day such as 2026-11-22.");
}

/**
 * Runs a command to its exit status; an error is told on standard error, since standard output may be for programs.
 * @param otherwise what else is done with the reason
 */
export async function attempt(
  failed: string,
  run: () => Promise<number>,
  otherwise?: (reason: string) => Promise<void>,
): Promise<void> {
  try {
    process.exitCode = await run();
  } catch (error) {
    const reason = (error as Error).message.split("\n").map(printable).join("\n");
    console.error(`${failed}: ${reason}`);
    process.exitCode = exitStatus["not reviewed"];
    await otherwise?.(reason);
  }
}
