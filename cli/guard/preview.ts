import { Command } from "commander";
import { checkout } from "../../guard/change/base/base.ts";
import { recordsDirectory } from "../../guard/deploy/record.ts";
import { reviewPreview } from "../../guard/deploy/review-preview.ts";
import { readStackConfig } from "../../guard/engine/stack-config.ts";
import { endingProofs } from "../../guard/recovery/known-proofs.ts";
import type { Drift } from "../../guard/report/comment.ts";
import { levelOf } from "../../guard/report/summary.ts";
import {
  type OutputOptions,
  withOutputs,
  writeFailure,
  writeOutcome,
  writingFailure,
} from "../../guard/report/write.ts";
import { UserError } from "../../lib/user-error.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { endingOf, withAction } from "../exit-status.ts";
import { drift } from "./drift.ts";

interface Options extends OutputOptions {
  readonly stack: string;
  readonly cwd: string;
  readonly policyPack: string;
  readonly drift?: true;
}

/** `guard preview`: judges what a deploy would change in the stack. */
export const previewCommand = withAction(
  withOutputs(new Command("preview"))
    .description(
      "Judges what a deploy would change, by a preview of the stack. Contacts no host or router, except with --drift.",
    )
    .requiredOption("-s, --stack <stack>", "the stack")
    .option("--cwd <directory>", "the project's directory", checkout)
    .option("--policy-pack <directory>", "the policy pack to judge with", "policies")
    .option("--drift", "look for drift on every host and router over SSH, and show it"),
  ["needs approval", "blocked", "failed"],
  async ({ stack, cwd, policyPack, drift: ask, ...outputs }: Options) => {
    const unknown = { inventory: stack, cell: undefined };
    const config = await writingFailure(unknown, outputs, async () => readStackConfig(stack, cwd));
    const scope = { inventory: config.inventory, cell: config.cell };
    return writingFailure(scope, outputs, async () => {
      const engine = { directory: cwd, stack, environment: toolchainEnv() };
      const onOutput = (text: string) => void process.stderr.write(text);
      const previewed = await reviewPreview(engine, config, { policyPack, onOutput });
      if (previewed.kind === "failed") {
        const reason = previewed.messages.join("\n");
        if (previewed.why === "broken") throw new UserError(reason);
        await writeFailure(scope, reason, outputs);
        return "blocked";
      }
      const records = recordsDirectory(engine);
      const ending = await endingProofs(records, previewed.outcome.before.declaration, Date.now());
      const outcome = { ...previewed.outcome, notices: [...previewed.outcome.notices, ...ending] };
      await writeOutcome(outcome, outputs, ask ? { drift: await driftOf(stack, cwd) } : {});
      return endingOf(levelOf(outcome));
    });
  },
);

/** Drift of all hosts and routers, one entry each. One that does not answer is an entry as well. */
async function driftOf(stack: string, directory: string): Promise<Drift[]> {
  return (await drift(stack, directory, [])).flatMap((result): Drift[] => {
    const { host } = result;
    if ("error" in result) return [{ host, group: "host", message: `did not answer: ${result.error}` }];
    return result.differences.filter(({ note }) => !note).map(({ group, message }) => ({ host, group, message }));
  });
}
