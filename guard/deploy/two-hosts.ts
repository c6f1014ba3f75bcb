import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Draft } from "../../inventory/wrong-inventory.cases.ts";
import { type SimulatedHost, simulatedHost } from "../../lab/simulated-host.ts";
import { type TemporaryProject, temporaryProject } from "../../toolchain/temporary-project.ts";

const labFleet = fileURLToPath(new URL("../../inventory/lab", import.meta.url));

/** For tests: the lab's fleet on two simulated hosts, with a project and a stack of its own. */
export interface TwoHosts extends AsyncDisposable {
  readonly project: TemporaryProject;
  readonly web1: SimulatedHost;
  readonly web2: SimulatedHost;
  /** Changes files of the inventory. */
  readonly draft: Draft;
  /** Puts the inventory back as it was. */
  restore(): Promise<void>;
}

export async function twoHosts(): Promise<TwoHosts> {
  const directory = await mkdtemp(join(tmpdir(), "fairhost-two-"));
  const [web1, web2] = await Promise.all([simulatedHost(), simulatedHost()]);
  const inventory = join(directory, "fleet");
  const key = join(directory, "id");
  const draft = new Draft(inventory);
  const restore = async () => {
    await rm(inventory, { recursive: true, force: true });
    await cp(labFleet, inventory, { recursive: true });
    draft.edit("hosts/web1.yaml", "port: 2201", `port: ${web1.port}`);
    draft.edit("hosts/web2.yaml", "port: 2202", `port: ${web2.port}`);
    draft.write("limits.yaml", "hosts: 1\ncapacityPercent: 100\n");
  };
  await restore();
  // One key for both: a stack has one.
  await writeFile(key, await readFile(web1.privateKeyFile), { mode: 0o600 });
  await web2.admit(`${web1.privateKeyFile}.pub`);
  await writeFile(join(directory, "known_hosts"), web1.knownHosts + web2.knownHosts);
  const project = await temporaryProject({
    inventory,
    knownHosts: join(directory, "known_hosts"),
    sshPrivateKeyFile: key,
  });
  return {
    project,
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
