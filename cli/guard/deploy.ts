import { writeFile } from "node:fs/promises";
import { createInterface } from "node:readline/promises";
import { Command, InvalidArgumentError } from "commander";
import type { Fleet } from "../../components/registry/files.generated.ts";
import { InventoryError, loadFleet } from "../../fleet/load/load.ts";

import { checkout } from "../../guard/change/base/base.ts";
import { type DeployResult, deploy } from "../../guard/deploy/deploy.ts";
import { driftOn } from "../../guard/deploy/hosts/drift.ts";
import { healthGate, reachedRouters } from "../../guard/deploy/hosts/gate.ts";
import { reachBySsh } from "../../guard/deploy/hosts/moves.ts";
import { proofsOn } from "../../guard/deploy/hosts/proofs.ts";
import { readRecords, recordsDirectory } from "../../guard/deploy/record.ts";
import { readStackConfig } from "../../guard/engine/stack-config.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { type Ending, withAction } from "../exit-status.ts";

/** Ending of the command for each result of a deploy. */
const endingOfResult = {
  done: "done",
  "nothing to do": "done",
  "not confirmed": "wrong usage",
  "needs approval": "needs approval",
  blocked: "blocked",
  failed: "failed",
} as const satisfies Readonly<Record<DeployResult["kind"], Ending>>;

interface Options {
  readonly stack: string;
  readonly cwd: string;
  readonly yes?: true;
  readonly policyPack: string;
  readonly message?: string;
  readonly json?: string;
  readonly wait: number;
  readonly repair?: true;
  readonly drift: boolean;
}

/** `guard deploy`: previews, judges, asks, and does exactly what was judged. */
export const deployCommand = withAction(
  new Command("deploy")
    .description(
      "Previews a change, judges it, asks, and then does exactly what was judged: wave by wave, with a health check after each.",
    )
    .requiredOption("-s, --stack <stack>", "the stack")
    .option("--cwd <directory>", "the project's directory", checkout)
    .option("--yes", "do not ask: for CI")
    .option("--policy-pack <directory>", "the policy pack to judge with", "policies")
    .option("--message <text>", "message for the stack's history")
    .option("--json <file>", "write the deploy's record to this file")
    .option("--wait <seconds>", "wait up to this time for another deploy of the stack", seconds, 0)
    .option("--repair", "look for drift on every host and router first and repair it, even if nothing else changes")
    .option("--no-drift", "do not look for drift on the hosts and routers that the change touches")
    .addHelpText("after", "\nAfter a crash or a `kill -9`, just run the same command again."),
  ["needs approval", "blocked", "failed", "locked"],
  deployStack,
);

async function deployStack({ stack, cwd, yes, json, drift, ...options }: Options) {
  const say = (text: string) => void process.stderr.write(text);
  const config = readStackConfig(stack, cwd);
  const engine = { directory: cwd, stack, environment: toolchainEnv() };
  // The program reports its problems; this needs only the connections to hosts.
  const fleet = await loadFleet(config.inventory).then(
    (loaded): Pick<Fleet, "hosts"> & { readonly network?: Fleet["network"] } => loaded.fleet,
    (error: unknown): { readonly hosts: []; readonly network?: never } => {
      if (error instanceof InventoryError) return { hosts: [] };
      throw error;
    },
  );
  const reached = [...fleet.hosts, ...reachedRouters(fleet)];
  const result = await deploy({
    ...options,
    engine,
    config,
    gate: healthGate(config, reached),
    reach: reachBySsh(config, fleet.hosts),
    proofs: proofsOn(config, fleet.hosts, say),
    ...((drift || options.repair) && { drift: driftOn(config, reached, say) }),
    confirm: async (question) => yes === true || ask(question, say),
    say,
  });
  say(`\n${wordsOf(result)}\n`);
  if (json !== undefined) {
    const record = (await readRecords(recordsDirectory(engine))).at(-1);
    await writeFile(json, `${JSON.stringify(record, undefined, 2)}\n`);
  }
  return endingOfResult[result.kind];
}

function wordsOf({ kind }: DeployResult): string {
  switch (kind) {
    case "done":
      return "Deployed.";
    case "nothing to do":
      return "Nothing to do: the stack already has everything that is declared.";
    case "not confirmed":
      return "Not confirmed: nothing was touched.";
    case "needs approval":
      return "Needs approval: nothing was touched.";
    case "blocked":
      return "Blocked: nothing was touched.";
    case "failed":
      return "Failed.";
    default:
      return kind satisfies never;
  }
}

async function ask(question: string, say: (text: string) => void): Promise<boolean> {
  if (!process.stdin.isTTY) {
    say("There is no terminal for the question: use --yes.\n");
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^y(es)?$/i.test((await terminal.question(`${question} [y/N] `)).trim());
  } finally {
    terminal.close();
  }
}

function seconds(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("Write a number of seconds.");
}
