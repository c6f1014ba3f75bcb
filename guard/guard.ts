import { Command } from "commander";
import { cellsCommand } from "./commands/cells.ts";
import { commentCommand } from "./commands/comment.ts";
import { deployCommand } from "./commands/deploy.ts";
import { driftCommand } from "./commands/drift.ts";
import { previewCommand } from "./commands/preview.ts";
import { recordsCommand } from "./commands/records.ts";
import { reviewCommand } from "./commands/review.ts";
import { unlockCommand } from "./commands/unlock.ts";
import { exitStatus } from "./exit-status.ts";

/** The guard's commands, one file each in `commands/`. */
const commands: readonly Command[] = [
  reviewCommand,
  cellsCommand,
  commentCommand,
  previewCommand,
  driftCommand,
  deployCommand,
  unlockCommand,
  recordsCommand,
];

const guard = new Command("guard").description(
  "Judges changes before they reach a host: what they do, to whom, and whether they may.",
);
for (const command of commands) {
  // Commander's own errors are errors of usage.
  guard.addCommand(command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitStatus["wrong usage"])));
}
guard.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : exitStatus["wrong usage"]));
await guard.parseAsync();
