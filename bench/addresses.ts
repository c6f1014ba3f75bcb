/**
 * Cost of `npm run addresses` as a table and as CSV, for a large fleet. `node bench/addresses.ts [accounts]`
 * Limit: the table costs at most one and a half times as much CPU as CSV.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { endings } from "../cli/exit-status.ts";
import { generateFleet } from "./measure/generate-fleet.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { accounts } = numbersAsked({ accounts: 20_000 });
const most = 1.5;
const rounds = 3;
const command = join(import.meta.dirname, "../cli/addresses.ts");
const directory = await mkdtemp(join(tmpdir(), "fairhost-bench-"));

/** CPU seconds of one run. */
async function cost(format: string): Promise<number> {
  const timed = `process.on("exit", () => { const { user, system } = process.cpuUsage(); console.error((user + system) / 1e6); })`;
  const preload = `data:text/javascript,${encodeURIComponent(timed)}`;
  const { stderr } = await execa(process.execPath, ["--import", preload, command, directory, "--format", format]);
  return Number(stderr.trim());
}

async function median(format: string): Promise<number> {
  const seconds: number[] = [];
  for (let round = 0; round < rounds; round++) seconds.push(await cost(format));
  return seconds.sort((left, right) => left - right)[Math.floor(rounds / 2)]!;
}

try {
  await generateFleet(directory, accounts, 2201);
  const [csv, table] = [await median("csv"), await median("table")];
  const ratio = table / csv;
  console.log(
    `${accounts} accounts: CSV ${csv.toFixed(2)} s, table ${table.toFixed(2)} s of CPU: ${ratio.toFixed(2)} times`,
  );
  if (ratio > most) process.exitCode = endings.failed[0];
} finally {
  await rm(directory, { recursive: true });
}
