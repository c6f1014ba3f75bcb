import { Command } from "commander";
import { checkout } from "../../guard/change/base/base.ts";
import { unlock } from "../../guard/deploy/lock/unlock.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { withAction } from "../exit-status.ts";

/** `guard unlock`: only the clean-up with which `guard deploy` begins. */
export const unlockCommand = withAction(
  new Command("unlock")
    .description(
      "Cleans up after a killed deploy on this machine: processes, records, locks. Never touches anything that may still be running.",
    )
    .requiredOption("-s, --stack <stack>", "the stack")
    .option("--cwd <directory>", "the project's directory", checkout)
    .addHelpText(
      "after",
      "\nA lock is removed only if its owner is certainly dead: it ran on this machine, and its process is gone or another process has its id.",
    ),
  ["failed", "locked"],
  async ({ stack, cwd }: { stack: string; cwd: string }) => {
    const say = (text: string) => void process.stderr.write(text);
    await unlock({ directory: cwd, stack, environment: toolchainEnv() }, say);
    say("The stack is not locked.\n");
  },
);
