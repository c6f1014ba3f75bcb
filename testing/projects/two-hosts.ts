import { readFileSync } from "node:fs";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Engine } from "../../guard/engine/engine.ts";
import { type SimulatedHost, simulatedHost } from "../fakes/simulated-host.ts";
import { Draft } from "../inventory/wrong-inventory.cases.ts";
import { type TemporaryProject, temporaryProject } from "./temporary-project.ts";

const inventories = fileURLToPath(new URL("../../inventory", import.meta.url));
const guardMain = fileURLToPath(new URL("../../cli/guard.ts", import.meta.url));

/** For tests: the lab's fleet, or that for trials, on two simulated hosts, with a project and a stack of its own. */
export interface TwoHosts extends AsyncDisposable {
  readonly project: TemporaryProject;
  /** The stack's configuration, for `project.configure`. */
  readonly settings: Readonly<Record<string, string>>;
  readonly web1: SimulatedHost;
  readonly web2: SimulatedHost;
  /** Changes files of the inventory. */
  readonly draft: Draft;
  /** Puts the inventory back as it was. */
  restore(): Promise<void>;
  /** Changes every account's server, two accounts a host: a change that takes two waves. Or only those of some files. */
  change(idleSeconds: number, files?: readonly string[]): void;
  /** Runs a command of the guard on a stack, by default the project's; the running process and its result, which never throws on an exit status. */
  guard(args: readonly string[], stack?: string): ReturnType<typeof runGuard>;
  readonly engine: Engine;
}

/** @param environment variables beside the toolchain's own */
export async function twoHosts(environment: NodeJS.ProcessEnv = {}, fleet: "lab" | "trial" = "lab"): Promise<TwoHosts> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-two-"));
  const [web1, web2] = await Promise.all([simulatedHost(), simulatedHost()]);
  const inventory = join(directory, "fleet");
  const key = join(directory, "id");
  const draft = new Draft(inventory);
  const restore = async () => {
    await rm(inventory, { recursive: true, force: true });
    await cp(join(inventories, fleet), inventory, { recursive: true });
    for (const [name, number, { port }] of [["web1", 1, web1] as const, ["web2", 2, web2] as const])
      if (fleet === "lab") draft.edit(`hosts/${name}.yaml`, `port: 220${number}`, `port: ${port}`);
      else
        draft.edit(
          `hosts/${name}.yaml`,
          `ssh:\n  address: fd00:8000::1${number}\n`,
          `ssh:\n  address: 127.0.0.1\n  port: ${port}\n`,
        );
    draft.write("limits.yaml", "hosts: 1\naccounts: 2\ncapacityPercent: 100\n");
  };
  await restore();
  // One key for both: a stack has one.
  await writeFile(key, await readFile(web1.privateKeyFile), { mode: 0o600 });
  await web2.admit(`${web1.privateKeyFile}.pub`);
  await writeFile(join(directory, "known_hosts"), web1.knownHosts + web2.knownHosts);
  const settings = { inventory, knownHosts: join(directory, "known_hosts"), sshPrivateKeyFile: key };
  const project = await temporaryProject(settings, { environment });
  const engine = { directory: project.directory, stack: "test", environment: project.environment };
  return {
    project,
    settings,
    engine,
    change(idleSeconds, files = ["1-alice", "2-bob", "3-carol", "4-dave"]) {
      for (const file of files) {
        const path = `accounts/${file}.yaml`;
        const text = readFileSync(join(inventory, path), "utf8");
        draft.write(path, text.replace(/idleSeconds: \d+/, `idleSeconds: ${idleSeconds}`));
      }
    },
    guard: (args, stack = engine.stack) => runGuard({ ...engine, stack }, args),
    web1,
    web2,
    draft,
    restore,
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await Promise.all([web1[Symbol.asyncDispose](), web2[Symbol.asyncDispose]()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function runGuard({ directory, stack, environment: env }: Engine, args: readonly string[]) {
  const all = [guardMain, ...args, "--stack", stack, "--cwd", directory];
  return execa(process.execPath, all, { env, extendEnv: false, all: true, reject: false, stdin: "ignore" });
}
