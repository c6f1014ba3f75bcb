import { basename } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { endings } from "../../cli/exit-status.ts";

/**
 * Reads the arguments of a measurement from the command line: positive whole numbers. At anything else, an unknown option too, the
 * process ends with "wrong usage" before it measures.
 * @param defaults names and defaults, in order
 * @param flags names of options without a value, and what they do
 */
export function numbersAsked<K extends string, F extends string = never>(
  defaults: Readonly<Record<K, number>>,
  flags: Readonly<Record<F, string>> = {} as Readonly<Record<F, string>>,
): Readonly<Record<K, number> & Record<F, boolean>> {
  const names = Object.keys(defaults) as K[];
  const command = new Command(basename(process.argv[1]!, ".ts")).exitOverride(({ exitCode }) =>
    process.exit(endings[exitCode === 0 ? "done" : "wrong usage"][0]),
  );
  for (const name of names) command.argument(`[${name}]`, `number of ${name}`, positive, defaults[name]);
  for (const [name, does] of Object.entries<string>(flags)) command.option(`--${name}`, does, false);
  command.parse();
  const numbers = Object.fromEntries(names.map((name, index) => [name, command.processedArgs[index]]));
  return { ...numbers, ...command.opts() } as Record<K, number> & Record<F, boolean>;
}

function positive(word: string): number {
  if (!/^[1-9]\d{0,6}$/.test(word)) throw new InvalidArgumentError("Give a whole number from 1 to 9999999.");
  return Number(word);
}
