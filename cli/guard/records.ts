import Table from "cli-table3";
import { Command } from "commander";
import { checkout } from "../../guard/change/base/base.ts";
import { type DeployRecord, readRecords, recordsDirectory, whoIs } from "../../guard/deploy/record.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { withAction } from "../exit-status.ts";

/** `guard records`: lists deploys: what, by whom, and how they ended. */
export const recordsCommand = withAction(
  new Command("records")
    .description("Lists the deploys of a stack, oldest first: who, commit, verdict, result, duration.")
    .requiredOption("-s, --stack <stack>", "the stack")
    .option("--cwd <directory>", "the project's directory", checkout)
    .option("--json", "print the complete records as one JSON document")
    .addHelpText(
      "after",
      "\nRecords are beside the state if that is in files, otherwise in .state/records. Set FAIRHOST_RECORDS to use another directory.",
    ),
  ["failed"],
  async ({ stack, cwd, json }: { stack: string; cwd: string; json?: true }) => {
    const directory = recordsDirectory({ directory: cwd, stack, environment: toolchainEnv() });
    const records = await readRecords(directory, (file) =>
      console.error(`${file} is not a record of a deploy; ignored.`),
    );
    console.log(json ? JSON.stringify(records, undefined, 2) : tableOf(records));
  },
);

function tableOf(records: readonly DeployRecord[]): string {
  const table = new Table({
    head: ["deploy", "who", "commit", "verdict", "waves", "result", "seconds"],
    style: { head: [], border: [], compact: true },
  });
  for (const record of records) {
    const done = record.waves.filter(({ result }) => result === "succeeded").length;
    table.push([
      record.id,
      whoIs(record.owner),
      record.commit === "" ? "" : `${record.commit.slice(0, 12)}${record.dirty ? " and changes" : ""}`,
      record.level ?? "",
      record.waves.length === 0 ? "" : `${done} of ${record.waves.length}`,
      record.result,
      record.seconds ?? "",
    ]);
  }
  return table.toString();
}
