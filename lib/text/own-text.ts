import { readFileSync } from "node:fs";
import { join } from "node:path";

const read = new Map<string, string>();

/**
 * A text of this program that hosts get as it is, such as a script beside its renderer. Read once: it is part of the files of every host.
 * @param directory of the module that asks, `import.meta.dirname`
 */
export function ownText(directory: string, file: string): string {
  const path = join(directory, file);
  const text = read.get(path) ?? readFileSync(path, "utf8");
  read.set(path, text);
  return text;
}
