/** The main command: from a bare machine to accounts that answer over their own IPv6 addresses, on real Debian hosts. */
import Table from "cli-table3";
import { Command } from "commander";
import { execa } from "execa";
import { declare } from "../fleet/declare/declare.ts";
import { loadFleet } from "../fleet/load/load.ts";
import * as lab from "../lab/lab-api.ts";
import { measure, type Seen } from "../lab/measure.ts";
import { putContent } from "../lab/put-content.ts";
import { UserError } from "../lib/user-error.ts";
import { toolchainEnv } from "../toolchain/env.ts";
import { setupToolchain } from "../toolchain/setup.ts";
import { run, withAction } from "./exit-status.ts";

const begin = Date.now();

function say(text: string): void {
  const seconds = Math.round((Date.now() - begin) / 1000);
  console.log(`\n[${String(seconds).padStart(4)} s] ${text}`);
}

async function pulumi(...args: string[]): Promise<void> {
  const options = { env: toolchainEnv(), stdio: "inherit", reject: false } as const;
  const { failed } = await execa("pulumi", [...args, "--non-interactive"], options);
  if (failed) throw new UserError(`\n\`pulumi ${args.join(" ")}\` failed; see its output above.`);
}

async function selectStack(): Promise<void> {
  const env = toolchainEnv();
  const selected = await execa("pulumi", ["stack", "select", "lab"], { env, reject: false });
  if (selected.exitCode !== 0) await pulumi("stack", "init", "lab");
}

function table(seen: readonly Seen[]): string {
  const head = ["account", "host", "prefix", "first request", "second", "idle stop", "neighbour"];
  const rows = new Table({ head, style: { head: [] } });
  for (const { account, host, prefix, coldMs, warmMs, idleStopSeconds, neighbour } of seen) {
    const idle = idleStopSeconds === undefined ? "not seen" : `seen, ${Math.round(idleStopSeconds)} s`;
    const refused = neighbour.connect !== "ok" && neighbour.read !== "ok";
    const verdict = `${neighbour.by} ${refused ? "refused" : "GOT IN"}: ${neighbour.connect}, ${neighbour.read}`;
    rows.push([account, host, prefix, `${Math.round(coldMs)} ms`, `${Math.round(warmMs)} ms`, idle, verdict]);
  }
  return rows.toString();
}

async function demo(): Promise<"done" | "failed"> {
  say("Tools: Pulumi's engine, language host and providers");
  await setupToolchain((text) => console.log(`  ${text}`));
  say("Lab: two Debian 13 hosts, each with its own kernel, mirror and two links");
  await lab.up((text) => console.log(`  ${text}`));
  await selectStack();
  say("Preview, judged by the policy pack");
  await pulumi("preview", "--stack", "lab", "--policy-pack", "policies");
  say("Deploy");
  await pulumi("up", "--stack", "lab", "--yes", "--skip-preview", "--policy-pack", "policies");
  const { fleet } = await loadFleet("inventory/lab");
  const declaration = declare(fleet);
  say("Content: example files of the accounts' owners");
  await putContent(declaration);
  say(
    "Requests to each account's own IPv6 address, attempts to get in from a neighbour, then waiting for the idle stop",
  );
  const seen = await measure(declaration);
  console.log(table(seen));
  const first = declaration.addresses[0]!.address;
  console.log(`
Reach it:  npm run lab -- curl http://[${first}]/        (the lab has its own network: nothing leaves the machine)
Look in:   npm run lab -- ssh web1                       npm run lab -- status
Change it: edit inventory/lab, then  . toolchain/activate && pulumi up
Stop it:   npm run lab -- down`);
  const bad = seen.filter(
    ({ idleStopSeconds, neighbour }) =>
      idleStopSeconds === undefined || neighbour.connect === "ok" || neighbour.read === "ok",
  );
  say(bad.length === 0 ? "Done" : `Failed for: ${bad.map(({ account }) => account).join(", ")}`);
  return bad.length === 0 ? "done" : "failed";
}

await run(
  withAction(
    new Command("demo").description("Sets up the tools, starts the lab, deploys to it and measures its accounts."),
    ["failed", "blocked"],
    demo,
  ),
);
