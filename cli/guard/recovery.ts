import { writeFile } from "node:fs/promises";
import Table from "cli-table3";
import { Command } from "commander";
import { lostHosts } from "../../components/host/hardware/lost.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { checkout } from "../../guard/change/base/base.ts";
import { recordsDirectory } from "../../guard/deploy/record.ts";
import { readStackConfig } from "../../guard/engine/stack-config.ts";
import { askHosts, waysTo } from "../../guard/recovery/ask.ts";
import { keepKnownProofs } from "../../guard/recovery/known-proofs.ts";
import { recoverySvg } from "../../guard/recovery/picture.ts";
import { isAnswer, type NoAnswer, noAnswerWords, type Recovery, recoveries } from "../../guard/recovery/recovery.ts";
import { printable } from "../../lib/text/text.ts";
import { toolchainEnv } from "../../toolchain/env.ts";
import { withAction } from "../exit-status.ts";
import { declareCell } from "./declare-cell.ts";

/** `guard recovery`: how each account would come back if its host were lost. */
export const recoveryCommand = withAction(
  new Command("recovery")
    .description(
      "Shows for each account of a stack what would be lost with its host, where it would go and how long its restore takes, as drills have seen it. Changes nothing on hosts.",
    )
    .requiredOption("-s, --stack <stack>", "the stack; its hosts are those of Pulumi.<stack>.yaml")
    .option("--cwd <directory>", "the project's directory", checkout)
    .option("--svg <file>", "write the picture to this file")
    .option("--json", "print one JSON document for programs"),
  ["failed", "drift"],
  async ({ stack, cwd, svg, json }: { stack: string; cwd: string; svg?: string; json?: true }) => {
    const config = readStackConfig(stack, cwd);
    const { fleet } = await loadFleet(config.inventory);
    const declaration = declareCell(fleet, config);
    const isLost = lostHosts(declaration.hosts);
    const names = declaration.hosts.flatMap(({ name, role }) => (role === "accounts" && !isLost.has(name) ? name : []));
    const now = Date.now();
    const { asked, unknown } = await waysTo(
      config,
      fleet.hosts.filter(({ name }) => names.includes(name)),
    );
    const answers = [...unknown, ...(await askHosts(asked, now))];
    const silent = answers.filter((answer): answer is NoAnswer => !isAnswer(answer));
    for (const each of silent) console.error(printable(noAnswerWords(each)));
    const known = answers.filter(isAnswer);
    await keepKnownProofs(
      recordsDirectory({ directory: cwd, stack, environment: toolchainEnv() }),
      known,
      declaration.accounts,
      now,
    ).catch((error: Error) => console.error(`What hosts said is not remembered for previews: ${error.message}`));
    const rows = recoveries(declaration, known, now);
    if (svg !== undefined) await writeFile(svg, recoverySvg(declaration, rows, now));
    console.log(json ? JSON.stringify(rows, undefined, 2) : tableOf(rows));
    if (silent.length > 0) return "failed";
    return rows.some(({ problems }) => problems.length > 0) ? "drift" : "done";
  },
);

function tableOf(rows: readonly Recovery[]): string {
  const table = new Table({
    head: [
      "account",
      "host",
      "newest backup",
      "on standby",
      "last proof",
      "goes to",
      "restore",
      "back after",
      "problems",
    ],
    style: { head: [], border: [], compact: true },
  });
  const minute = (time: string | undefined) => (time === undefined ? "never" : `${time.slice(0, 16)}Z`);
  const seconds = (number: number | undefined) => (number === undefined ? "unknown" : `${number} s`);
  for (const { account, name, host, backup, copy, proof, to, seconds: took, backAfter, problems } of rows) {
    table.push([
      `${account} (${name})`,
      host,
      ...[minute(backup), minute(copy), minute(proof)],
      "host" in to ? to.host : "nowhere",
      ...[seconds(took), seconds(backAfter)],
      printable(problems.join("; ")),
    ]);
  }
  return table.toString();
}
