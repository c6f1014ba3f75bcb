import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SimulatedHost, simulatedHost } from "../../testing/fakes/simulated-host.ts";
import { type TemporaryProject, temporaryProject } from "../../testing/projects/temporary-project.ts";

/** A project with one simulated host, for benchmarks. */
export interface BenchProject extends AsyncDisposable {
  readonly host: SimulatedHost;
  readonly project: TemporaryProject;
  readonly directory: string;
  /** The inventory's directory, empty. */
  readonly fleet: string;
}

/** Needs the toolchain. Everything is removed on disposal. */
export async function benchProject(): Promise<BenchProject> {
  const host = await simulatedHost();
  const directory = await mkdtemp(join(tmpdir(), "fairhost-bench-"));
  const fleet = join(directory, "fleet");
  const knownHosts = join(directory, "known_hosts");
  await mkdir(fleet);
  await writeFile(knownHosts, host.knownHosts);
  const project = await temporaryProject({ inventory: fleet, knownHosts, sshPrivateKeyFile: host.privateKeyFile });
  return {
    ...{ host, project, directory, fleet },
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]();
      await host[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}
