import { Command } from "commander";
import { type Ending, endings, listEndings, run } from "./exit-status.ts";
import { keepCompiled } from "./guard/keep-compiled.ts";

keepCompiled();

/** The guard's commands, one file each in `guard/`. Only the requested one is loaded: all take a second, `comment` a fifth of it. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  review: async () => (await import("./guard/review.ts")).reviewCommand,
  cells: async () => (await import("./guard/cells.ts")).cellsCommand,
  comment: async () => (await import("./guard/comment.ts")).commentCommand,
  preview: async () => (await import("./guard/preview.ts")).previewCommand,
  drift: async () => (await import("./guard/drift.ts")).driftCommand,
  recovery: async () => (await import("./guard/recovery.ts")).recoveryCommand,
  deploy: async () => (await import("./guard/deploy.ts")).deployCommand,
  unlock: async () => (await import("./guard/unlock.ts")).unlockCommand,
  records: async () => (await import("./guard/records.ts")).recordsCommand,
};

const guard = listEndings(
  new Command("guard").description(
    "Judges changes before they reach a host: what they do, to which accounts, and whether they are allowed.",
  ),
  Object.keys(endings) as Ending[],
);
const [asked = ""] = process.argv.slice(2);
// Help and misspelt names need all commands.
const wanted = Object.hasOwn(commands, asked) ? [commands[asked]!] : Object.values(commands);
for (const command of await Promise.all(wanted.map((load) => load()))) guard.addCommand(command);
await run(guard);
