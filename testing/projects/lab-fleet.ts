import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect } from "vitest";
import type { DeployRecord } from "../../guard/deploy/record.ts";
import type { HostDrift } from "../../guard/drift/inspect-hosts.ts";
import { sshRun } from "../../lab/lab-api.ts";
import { controllerKey, knownHosts } from "../../lab/paths.ts";
import { type TemporaryProject, temporaryProject } from "./temporary-project.ts";

/** Pulumi's option for the project's policy pack. */
export const pack = ["--policy-pack", fileURLToPath(new URL("../../policies", import.meta.url))];

const main = fileURLToPath(new URL("../../cli/guard.ts", import.meta.url));

/** A stack for the lab's hosts, with a copy of the lab's inventory to edit. */
export class LabFleet implements AsyncDisposable {
  /** The inventory. */
  readonly directory: string;
  readonly #project: TemporaryProject;

  private constructor(directory: string, project: TemporaryProject) {
    this.directory = directory;
    this.#project = project;
  }

  /** Needs the toolchain set up, and the lab up. Removed on disposal; the hosts stay as they are. */
  static async make(): Promise<LabFleet> {
    const directory = join(await mkdtemp(join(tmpdir(), "fairhost-fleet-")), "lab");
    await cp(fileURLToPath(new URL("../../inventory/lab", import.meta.url)), directory, { recursive: true });
    const config = { inventory: directory, knownHosts, sshPrivateKeyFile: controllerKey };
    return new LabFleet(directory, await temporaryProject(config));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#project[Symbol.asyncDispose]();
    await rm(join(this.directory, ".."), { recursive: true });
  }

  pulumi(...args: Parameters<TemporaryProject["pulumi"]>): ReturnType<TemporaryProject["pulumi"]> {
    return this.#project.pulumi(...args);
  }

  /** `pulumi up`, which must succeed. @returns its output */
  async up(...args: string[]): Promise<string> {
    const result = await this.pulumi(["up", "--yes", "--skip-preview", ...args]);
    expect(result.exitCode, result.all).toBe(0);
    return result.all;
  }

  /** A command of the guard on the stack. */
  guard(command: string, ...args: string[]) {
    const own = command === "deploy" ? pack : [];
    const { directory, environment } = this.#project;
    const all = [main, command, "-s", "test", "--cwd", directory, ...own, ...args];
    return execa(process.execPath, all, {
      env: environment,
      extendEnv: false,
      all: true,
      reject: false,
      stdin: "ignore",
    });
  }

  async records(): Promise<DeployRecord[]> {
    return JSON.parse((await this.guard("records", "--json")).stdout) as DeployRecord[];
  }

  /** Drift of the hosts as the command reports it, and its exit status. */
  async drift(): Promise<{ hosts: Record<string, string[]>; exitCode: number | undefined }> {
    const { stdout, stderr, exitCode } = await this.guard("drift", "--json");
    if (stdout === "") throw new Error(stderr);
    const hosts = (JSON.parse(stdout) as HostDrift[]).map((result) => [
      result.host,
      "error" in result ? [result.error] : result.differences.map(({ kind, what }) => `${kind} ${what}`),
    ]);
    return { hosts: Object.fromEntries(hosts) as Record<string, string[]>, exitCode };
  }

  /** Replaces text in a file of the inventory, which must have it. */
  async edit(file: string, from: string | RegExp, to: string): Promise<void> {
    const path = join(this.directory, file);
    const text = await readFile(path, "utf8");
    expect(text, `${file} has ${from}`).toMatch(from);
    await writeFile(path, text.replace(from, to));
  }

  /** Changes every account, two a host. */
  async changeAll(idleSeconds: number): Promise<void> {
    for (const account of ["1-alice", "2-bob", "3-carol", "4-dave"])
      await this.edit(`accounts/${account}.yaml`, /idleSeconds: \d+/, `idleSeconds: ${idleSeconds}`);
  }

  /** A fingerprint that changes if anything on a host is rewritten, restarted or reloaded. */
  async fingerprint(host: string): Promise<string> {
    const script = [
      "stat --dereference --format='%n %i %Y' /var/lib/fairhost/current",
      "systemctl show nginx bird nftables 'account-*.socket' --property=Id,ActiveEnterTimestampMonotonic,NeedDaemonReload",
      'pgrep --parent "$(cat /run/nginx.pid)"',
    ].join("; ");
    return (await sshRun(host, ["sh", "-c", script])).stdout;
  }
}
