import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ContainerHost } from "../../lab/container.ts";
import { type FixtureServer, programServer } from "../fixtures/bundle-fixture.ts";
import { succeed } from "./placed-host.ts";

/** An HTTP server that runs what {@link inside} sends it; {@link placeShell} brings its program. */
export function shellServer(): FixtureServer {
  return programServer("shell", ["/usr/bin/python3", "shell.py"]);
}

/** Puts the program of {@link shellServer} into an account's home. */
export function placeShell(host: ContainerHost, account: number): Promise<void> {
  const program = readFileSync(join(import.meta.dirname, "../programs/shell.py"));
  return host.writeFile(`/srv/accounts/${account}/home/shell.py`, program);
}

/**
 * Runs a script with /bin/sh inside the sandbox of an account's first server, as the account.
 * @returns what it wrote
 * @throws with what it wrote when its exit status is not 0
 */
export async function inside(host: ContainerHost, account: number, script: string): Promise<string> {
  const address = `http://[fd00:8000:0:${account.toString(16)}::1]/`;
  const answer = await succeed(host, ["curl", "-sSg", "--max-time", "60", "--data-binary", "@-", address], script);
  const { status, output } = JSON.parse(answer) as { status: number; output: string };
  if (status !== 0) throw new Error(`ended with ${status}: ${output}`);
  return output;
}
