/**
 * One host with 1,000 accounts, end to end: the real engine, the policy pack, a real SSH server on loopback, the applier
 * into a directory tree. Each time is compared with that of one account in the same run, because machines differ.
 * `node bench/thousand-accounts.ts [accounts]`
 */
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { encodeBundle } from "../delivery/protocol/digest.ts";
import { renderBundle } from "../delivery/render-bundle.ts";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import { benchProject } from "./measure/bench-project.ts";
import { accountFile, accountText, generateFleet } from "./measure/generate-fleet.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { accounts } = numbersAsked({ accounts: 1000 });
const pack = ["--policy-pack", fileURLToPath(new URL("../policies", import.meta.url))];
const atTheEnd = { PULUMI_SKIP_CHECKPOINTS: "true" };

await using bench = await benchProject();
const { host, project, fleet } = bench;

const table = new Table({ head: ["step", "accounts", "seconds", "over one account"] });
let exitCode: number = endings.done[0];

/** Times one `pulumi` command; a failure is printed and fails the benchmark. */
async function step(args: string[]): Promise<number> {
  const begin = performance.now();
  const result = await project.pulumi(args, atTheEnd);
  if (result.exitCode !== 0) {
    console.error(result.all);
    exitCode = endings.failed[0];
  }
  return (performance.now() - begin) / 1000;
}

async function measure(count: number): Promise<Record<string, number>> {
  await generateFleet(fleet, count, host.port);
  const create = await step(["up", "--yes", "--skip-preview", ...pack]);
  const preview = await step(["preview", "--expect-no-changes", ...pack]);
  await writeFile(accountFile(fleet, 1), accountText(1, 120));
  const change = await step(["up", "--yes", "--skip-preview", ...pack]);
  const plain = await step(["preview", "--expect-no-changes"]);
  await step(["destroy", "--yes", "--skip-preview"]);
  await rm(fleet, { recursive: true });
  return { create, "no-op preview": preview, "one account changed": change, "no-op preview without the pack": plain };
}

await measure(1); // warms compile caches
const small = await measure(1);
const large = await measure(accounts);
for (const [name, seconds] of Object.entries(large)) {
  table.push([name, accounts, seconds.toFixed(1), `${(seconds / small[name]!).toFixed(1)} x`]);
}
for (const [name, seconds] of Object.entries(small)) table.push([name, 1, seconds.toFixed(1), "1 x"]);
console.log(table.toString());

await generateFleet(fleet, accounts, host.port);
const loaded = await loadFleet(fleet);
const bundle = encodeBundle(renderBundle(declare(loaded.fleet), "web1"));
console.log(`bundle: ${(bundle.length / 1e6).toFixed(2)} MB for ${accounts} accounts, encoded`);
const report = await readFile(join(host.root, "var/lib/fairhost/report.json"), "utf8").catch(() => "none");
console.log(`last report on the host: ${report.trim().slice(0, 200)}`);
process.exitCode = exitCode;
