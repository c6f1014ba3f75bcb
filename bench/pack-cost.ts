/**
 * Cost of the policy pack's rules: a preview of a fleet that is not deployed yet, without a pack, with an empty one and with this one, in
 * turns. The engine calls any pack for every resource, so the empty one shows the cost of a pack without rules.
 * `node bench/pack-cost.ts [accounts] [rounds]`
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Table from "cli-table3";
import { endings } from "../cli/exit-status.ts";
import { temporaryProject } from "../testing/projects/temporary-project.ts";
import { setupToolchain } from "../toolchain/setup.ts";
import { generateFleet } from "./measure/generate-fleet.ts";
import { median } from "./measure/median.ts";
import { numbersAsked } from "./measure/numbers-asked.ts";

const { accounts, rounds } = numbersAsked({ accounts: 1000, rounds: 5 });
/** Limit: time with this pack, divided by the time with an empty one. */
const most = 1.25;

const emptyPack = {
  "PulumiPolicy.yaml": "runtime: nodejs\n",
  "package.json": JSON.stringify({ name: "empty", version: "0.0.1", type: "module", main: "index.js" }),
  "index.js": 'import { PolicyPack } from "@pulumi/policy";\nnew PolicyPack("empty", { policies: [] });\n',
};

await setupToolchain();
await using project = await temporaryProject({});
const at = (path: string) => join(project.directory, path);
await mkdir(at("fleet"));
await generateFleet(at("fleet"), accounts, 9);
// A preview connects to no host, but the program needs the host's key.
await writeFile(at("known_hosts"), `[127.0.0.1]:9 ssh-ed25519 ${"A".repeat(68)}\n`);
await writeFile(at("id"), "none\n");
await project.configure({ inventory: "fleet", knownHosts: "known_hosts", sshPrivateKeyFile: "id" });
await mkdir(at("empty"));
for (const [name, text] of Object.entries(emptyPack)) await writeFile(at(`empty/${name}`), text);

const packs = {
  "no pack": [],
  "an empty pack": ["--policy-pack", at("empty")],
  "the pack": ["--policy-pack", fileURLToPath(new URL("../policies", import.meta.url))],
};
const seconds = new Map<string, number[]>(Object.keys(packs).map((name) => [name, []]));
let resources = 0;
// Round 0 compiles. They take turns, so that other load on the machine affects all three alike.
for (let round = 0; round <= rounds; round++) {
  for (const [name, args] of Object.entries(packs)) {
    const begin = performance.now();
    const { exitCode, all } = await project.pulumi(["preview", ...args]);
    if (exitCode !== 0) throw new Error(all);
    resources = Number(/\+ (\d+) to create/.exec(all)?.[1]);
    if (round > 0) seconds.get(name)!.push((performance.now() - begin) / 1000);
  }
}

const medianOf = (name: keyof typeof packs) => median(seconds.get(name)!);
const table = new Table({ head: [`preview, ${resources} resources`, "best", "median", "over an empty pack"] });
for (const name of Object.keys(packs) as (keyof typeof packs)[]) {
  const shown = [Math.min(...seconds.get(name)!), medianOf(name)].map((s) => `${s.toFixed(2)} s`);
  table.push([name, ...shown, `${(medianOf(name) / medianOf("an empty pack")).toFixed(2)} x`]);
}
console.log(table.toString());
if (medianOf("the pack") > most * medianOf("an empty pack")) process.exitCode = endings.failed[0];
