/**
 * Cost of `guard preview` in addition to the engine, for a change of a whole fleet of 10,000 resources: the time before the engine starts
 * and after it ends, compared with the same preview without the guard, in one run because machines differ.
 * `npm run bench:guard-preview -- [accounts]`: an account is three resources.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { execa } from "execa";
import { benchProject } from "../measure/bench-project.ts";
import { accountFile, accountText, generateFleet } from "../measure/generate-fleet.ts";
import { numbersAsked } from "../measure/numbers-asked.ts";

const { accounts } = numbersAsked({ accounts: 3333 });
const [pack, guard] = ["../../policies", "../../cli/guard.ts"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);

await using own = await benchProject();
const { host, project, directory, fleet } = own;
await generateFleet(fleet, accounts, host.port);

/** Seconds of the guard before its engine, of the engine, and of the guard after it. */
async function guarded(): Promise<{ before: number; engine: number; after: number; level: string }> {
  const json = join(directory, "review.json");
  const outputs = ["--json", json, "--markdown", join(directory, "review.md"), "--svg", join(directory, "review.svg")];
  const nursery = ["--min-semi-space-size=64", "--max-semi-space-size=128"]; // As `npm run guard` has it.
  const args = ["preview", "-s", "test", "--cwd", project.directory, "--policy-pack", pack!, ...outputs];
  const start = performance.now();
  const running = execa(process.execPath, [...nursery, guard!, ...args], {
    env: project.environment,
    extendEnv: false,
    all: true,
    reject: false,
  });
  const children = () => readFile(`/proc/${running.pid}/task/${running.pid}/children`, "utf8").catch(() => "");
  while ((await children()) === "") await sleep(5);
  const begin = performance.now();
  while ((await children()) !== "") await sleep(5);
  const end = performance.now();
  const { exitCode, all } = await running;
  if (![0, 3, 4].includes(exitCode ?? 255)) throw new Error(all);
  const { verdict } = JSON.parse(await readFile(json, "utf8")) as { verdict: string };
  const seconds = (from: number, to: number) => (to - from) / 1000;
  return {
    before: seconds(start, begin),
    engine: seconds(begin, end),
    after: seconds(end, performance.now()),
    level: verdict,
  };
}

async function plain(args: readonly string[]): Promise<number> {
  const begin = performance.now();
  const { exitCode, all } = await project.pulumi([...args, "--policy-pack", pack!], {
    PULUMI_SKIP_CHECKPOINTS: "true",
  });
  if (exitCode !== 0) throw new Error(all);
  return (performance.now() - begin) / 1000;
}

const table = new Table({
  head: ["change", "verdict", "pulumi preview", "guard preview", "of it before the engine", "after it"],
  style: { compact: true, head: [], border: [] },
});

async function bench(name: string): Promise<void> {
  const without = await plain(["preview"]);
  const { before, engine, after, level } = await guarded();
  table.push([
    name,
    level,
    ...[without, before + engine + after, before, after].map((seconds) => `${seconds.toFixed(2)} s`),
  ]);
}

await bench(`${accounts} accounts are new`);
await plain(["up", "--yes", "--skip-preview"]);
for (let number = 1; number <= accounts; number++)
  await writeFile(accountFile(fleet, number), accountText(number, 120));
await bench("every HTTP server changes");
console.log(table.toString());
