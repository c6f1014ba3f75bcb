import { Command } from "commander";
import { checkout } from "../../guard/change/base.ts";
import { LockedError } from "../../guard/deploy/lock.ts";
import { unlock } from "../../guard/deploy/unlock.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { deployStatus } from "./deploy.ts";

/** `guard unlock`: what `guard deploy` does before it begins, by itself. */
export const unlockCommand = new Command("unlock")
  .description(
    "Ends what a killed deploy or engine has left of this machine: processes, records, locks. What may still live is left alone.",
  )
  .requiredOption("-s, --stack <stack>", "the stack")
  .option("--cwd <directory>", "the project's directory", checkout)
  .addHelpText(
    "after",
    `\nA lock is removed only when its owner is certainly dead: the same machine, and no such process, or another one that was given its id.
Exit status: 0 nothing is locked any more, 2 wrong usage, ${deployStatus.locked} still locked by somebody (says who, where and since when).`,
  )
  .action(async ({ stack, cwd }: { stack: string; cwd: string }) => {
    const say = (text: string) => void process.stderr.write(text);
    try {
      await unlock({ directory: cwd, stack, environment: toolchainEnv() }, say);
      say("Nothing is locked.\n");
    } catch (error) {
      if (!(error instanceof LockedError)) throw error;
      say(`${error.message}\n`);
      process.exitCode = deployStatus.locked;
    }
  });
