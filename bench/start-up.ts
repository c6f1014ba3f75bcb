/**
 * `node bench/start-up.ts [runs]`: time until the program's own work begins. Prints the time of `pulumi preview` of an empty program, first
 * without compiled files and then warm, without and with a policy pack of one rule.
 */
import Table from "cli-table3";
import { ToyProject, toyPack } from "../testing/projects/toy-project.ts";
import { setupToolchain } from "../toolchain/setup.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { runs } = numbersAsked({ runs: 5 });
const { kind, version } = await setupToolchain();

async function seconds(toy: ToyProject, ...args: string[]): Promise<number> {
  const start = performance.now();
  const { exitCode, output } = await toy.pulumi(...args);
  if (exitCode !== 0) throw new Error(`pulumi ${args.join(" ")}: ${output}`);
  return (performance.now() - start) / 1000;
}

const table = new Table({ head: ["empty program", "first run", "best", "median"] });
for (const [name, args] of [
  ["pulumi version", ["version"]],
  ["preview", ["preview"]],
  ["preview with a policy pack", ["preview", "--policy-pack", "policies"]],
] as const) {
  using toy = new ToyProject({ "index.ts": 'import "@pulumi/pulumi";\n', ...toyPack });
  toy.env.NODE_COMPILE_CACHE = `${toy.directory}/compile`;
  await seconds(toy, "stack", "init", "test");
  const first = await seconds(toy, ...args);
  const warm: number[] = [];
  for (let i = 0; i < runs; i++) warm.push(await seconds(toy, ...args));
  warm.sort((a, b) => a - b);
  const [best, median] = [warm[0]!, warm[Math.floor(warm.length / 2)]!];
  table.push([name, ...[first, best, median].map((s) => `${s.toFixed(2)} s`)]);
}
console.log(`Pulumi ${version} (${kind}), Node ${process.version}, ${runs} warm runs each`);
console.log(table.toString());
