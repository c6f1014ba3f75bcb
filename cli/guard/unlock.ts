import { Command } from "commander";
import { checkout } from "../../guard/change/base.ts";
import { unlock } from "../../guard/deploy/unlock.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { withAction } from "../exit-status.ts";

/** `guard unlock`: what `guard deploy` does before it begins, by itself. */
export const unlockCommand = withAction(
  new Command("unlock")
    .description(
      "Ends what a killed deploy or engine has left of this machine: processes, records, locks. What may still live is left alone.",
    )
    .requiredOption("-s, --stack <stack>", "the stack")
    .option("--cwd <directory>", "the project's directory", checkout)
    .addHelpText(
      "after",
      "\nA lock is removed only when its owner is certainly dead: the same machine, and no such process, or another one that was given its id.",
    ),
  ["failed", "locked"],
  async ({ stack, cwd }: { stack: string; cwd: string }) => {
    const say = (text: string) => void process.stderr.write(text);
    await unlock({ directory: cwd, stack, environment: toolchainEnv() }, say);
    say("Nothing is locked.\n");
  },
);
