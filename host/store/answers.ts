import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type AnswerStamp, answersDirectory } from "../../delivery/protocol/answers.ts";
import { hostAnswers } from "../../delivery/protocol/backups.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import type { Machine } from "../os/machine.ts";
import { readOwnIfWhole, type Schema } from "./own-file.ts";

const fileOf = ({ layout }: Pick<Machine, "layout">) => join(layout.state, "answered");

/**
 * Number of the newest answer that this host knows of: what the last delivery said, or what it has heard since. 0 if the file is damaged, so that nothing but the
 * marks of accounts (see `leastNumber` in host/moves/fence.ts) tells old answers from new ones until the next deploy or answer.
 */
export function newestAnswer(machine: Pick<Machine, "layout">): number {
  return readOwnIfWhole(fileOf(machine), isNumber) ?? 0;
}

const isNumber: Schema<number> = (value): value is number => Number.isSafeInteger(value);

/** Remembers which answers are too old from now on: those with a lower number. */
export function rememberAnswer(machine: Machine, number: number): void {
  if (newestAnswer(machine) !== number) machine.disk.replace(fileOf(machine), `${number}\n`, 0o600);
}

/** On a backup host: writes what it says to each host, as delivered, with the stamps of the controller. On others there is nothing to say. */
export function writeAnswers(
  { disk, layout }: Machine,
  { groups }: Bundle,
  stamps: Readonly<Record<string, AnswerStamp>>,
): void {
  const directory = layout.at(answersDirectory);
  const answers = new Map(
    (groups.host?.files ?? []).flatMap(({ path, content = "" }): [string, string][] => {
      if (!path.startsWith(hostAnswers)) return [];
      const stamp = stamps[basename(path)];
      return [[basename(path), stamp ? `${content}${JSON.stringify(stamp)}\n` : content]];
    }),
  );
  const names = existsSync(directory) ? readdirSync(directory) : [];
  for (const name of names) if (!answers.has(name)) disk.remove(join(directory, name));
  if (answers.size > 0 && !existsSync(directory)) disk.makeDirectory(directory, 0o755);
  for (const [name, text] of answers) {
    const file = join(directory, name);
    if (!existsSync(file) || readFileSync(file, "utf8") !== text) disk.replace(file, text, 0o644);
  }
}
