#!/usr/bin/env node
/**
 * Records what a release leaves behind, for the upgrade test of later ones: `node testing/upgrade/record.ts` in a clean checkout of
 * the release, with the lab up and deployed (`npm run demo`). Makes `testing/upgrade/<version>/`; docs/how-to/develop/release.md has the rest.
 */
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { execa } from "execa";
import { hostNamed, requireUp, sshRun } from "../../lab/lab-api.ts";
import { checkout, knownHosts } from "../../lab/paths.ts";
import { utcToday } from "../../lib/today.ts";
import { toolchainEnv } from "../../toolchain/env.ts";

/** The host whose generation is kept; the other's differs in nothing that matters. */
const host = "web1";

/** Without secrets: the applier makes them again from whatever master secret it is delivered. */
const archive =
  "set -o pipefail; tar -C / --numeric-owner --sort=name --exclude=./var/lib/fairhost/secrets -c ./var/lib/fairhost | gzip -9n | base64 -w0";

async function record(): Promise<void> {
  const { version } = JSON.parse(readFileSync(join(checkout, "package.json"), "utf8")) as { version: string };
  const directory = join(checkout, "testing/upgrade", version);
  if (existsSync(directory))
    throw new Error(`${directory} is there already: a recording is made once, from the release itself`);
  const commit = await output("git", ["rev-parse", "HEAD"]);
  // What runs has to be what the commit says.
  const changed = await output("git", ["status", "--porcelain"]);
  if (changed !== "")
    throw new Error(`the checkout is not clean, so ${commit.slice(0, 12)} is not what was deployed:\n${changed}`);
  const state = await exportState();
  requireUp();
  const generation = Buffer.from((await sshRun(hostNamed(host).name, archive)).stdout, "base64");
  const status = JSON.parse((await sshRun(host, ["fairhost-host", "status", "--json"])).stdout) as object;

  mkdirSync(join(directory, "generation"), { recursive: true });
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(directory, name), content);
  write("state.json.gz", gzipSync(state, { level: 9 }));
  write(`generation/${host}.tar.gz`, generation);
  write(`generation/${host}.status.json`, json(status));
  write("recording.json", json({ commit, day: utcToday(), steps: [] }));
  cpSync(join(checkout, "Pulumi.lab.yaml"), join(directory, "Pulumi.lab.yaml"));
  cpSync(join(checkout, "inventory/lab"), join(directory, "inventory"), { recursive: true });
  cpSync(knownHosts, join(directory, "known_hosts"));
  console.log(`Recorded ${version} (${commit.slice(0, 12)}) in ${directory}.`);
}

/** The lab's stack, with secrets as ciphertext. */
async function exportState(): Promise<string> {
  const state = await output("pulumi", ["stack", "export", "--stack", "lab"]);
  const { deployment } = JSON.parse(state) as { deployment: { resources?: unknown[]; pending_operations?: unknown[] } };
  if (!deployment.resources?.length) throw new Error("stack lab holds nothing: run `npm run demo` first");
  if (deployment.pending_operations?.length) throw new Error("stack lab has pending operations: run `pulumi up` first");
  if (state.includes('"plaintext"')) throw new Error("the export has secrets in plain text");
  return `${state}\n`;
}

function json(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa(command, args, { cwd: checkout, env: toolchainEnv(), extendEnv: false });
  return stdout;
}

try {
  await record();
} catch (error) {
  console.error(`Not recorded: ${(error as Error).message}`);
  process.exitCode = 1;
}
