import { Command, InvalidArgumentError } from "commander";
import { utcToday } from "../../lib/today.ts";

/** A command that compares two inventories. */
export function inventoriesCommand(name: string): Command {
  return new Command(name)
    .requiredOption(
      "--base <ref|directory>",
      "what to compare with: a commit of the repository that holds the fleet, or the directory of a fleet",
    )
    .option(
      "--inventory <directory>",
      "the directory of the fleet; in another checkout, nothing of that is run",
      "inventory/prod",
    )
    .option("--today <day>", "judge as of this day, ISO 8601", day, utcToday());
}

/** Parses a day for commander. */
export function day(text: string): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new InvalidArgumentError("Write a day such as 2026-11-22.");
}
