import { type Meant, valuesThatMean } from "../../components/registry/fields/meanings.ts";
import type { Element } from "../../components/registry/kind.ts";
import { defineRule } from "../../components/rule.ts";

const commands = valuesThatMean("command");
const environments = valuesThatMean("environment");

/**
 * Most bytes (UTF-8) of all that one unit gives its programs: words, names and values. Measured with systemd 257: a line of a unit file may
 * have 1 MiB, otherwise the unit does not load ("No buffer space available"); and when it is running and systemd reloads, each octet may
 * be written with four, of which it keeps no more than 1 MiB either ("overly long item 'main-command'"). This is half of that.
 */
const mostBytes = 128 * 1024;

export const commandsFitUnits = defineRule({
  name: "commands-fit-units",
  theme: "isolation",
  severity: "high",
  scope: "resource",
  description: `A program's arguments and environment variables have at most ${mostBytes / 1024} KiB.`,
  reason:
    "It is one line of a unit file. systemd refuses a unit with a line over 1 MiB, and loses track of a running command that is a quarter of it.",
  fix: "Put long values into a file in the account's home, and give the program its path.",
  *find(declaration) {
    const sizes = new Map<Element, { readonly meant: Meant; readonly bytes: number }>();
    for (const find of [commands, environments]) {
      for (const meant of find(declaration)) {
        const bytes = bytesOf(meant.value as readonly string[] | Readonly<Record<string, string>>);
        // The environment is what is long: it comes second.
        sizes.set(meant.element, { meant, bytes: bytes + (sizes.get(meant.element)?.bytes ?? 0) });
      }
    }
    for (const { meant, bytes } of sizes.values()) {
      if (bytes <= mostBytes) continue;
      yield {
        subject: meant.subject(),
        message: `${meant.owner()} gives its program ${Math.ceil(bytes / 1024)} KiB of arguments and environment variables, more than ${mostBytes / 1024} KiB.`,
      };
    }
  },
});

/** With the octet that ends each of them in memory. */
function bytesOf(value: readonly string[] | Readonly<Record<string, string>>): number {
  const words = Array.isArray(value) ? value : Object.entries(value).map(([name, text]) => `${name}=${text}`);
  return words.reduce((sum, word) => sum + Buffer.byteLength(word) + 1, 0);
}
