import { Command, InvalidArgumentError } from "commander";
import { utcToday } from "../../lib/today.ts";

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
