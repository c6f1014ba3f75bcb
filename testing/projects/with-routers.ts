import { appendFile, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type SimulatedHost, simulatedHost } from "../fakes/simulated-host.ts";
import type { TwoHosts } from "./two-hosts.ts";

/** A pair of routers beside {@link TwoHosts}, of the makers that the applier serves. */
export interface Routers extends AsyncDisposable {
  readonly router1: SimulatedHost;
  readonly router2: SimulatedHost;
  /** Gives the routers of the inventory as it is their `ssh`. */
  reach(): void;
  /** Commands that hosts and routers got since the last call, in the order of their times: `router-1 apply`. */
  order(): Promise<string[]>;
}

/** Adds a second router to the inventory, and brings up both. */
export async function withRouters(two: TwoHosts): Promise<Routers> {
  const [router1, router2] = await Promise.all([simulatedHost(), simulatedHost()]);
  for (const [router, maker] of [
    [router1, "bird"],
    [router2, "frr"],
  ] as const) {
    await router.admit(`${two.web1.privateKeyFile}.pub`);
    await appendFile(two.settings.knownHosts!, router.knownHosts);
    // As the bootstrap does, which is not run here.
    const state = join(router.root, "var/lib/fairhost");
    await mkdir(state, { recursive: true });
    await writeFile(join(state, "router"), `${maker}\n`);
  }
  return {
    router1,
    router2,
    reach() {
      const ssh = ({ port }: SimulatedHost) => `    ssh:\n      address: 127.0.0.1\n      port: ${port}\n`;
      const first = `    address: fd00:8000::1\n${ssh(router1)}`;
      two.draft.edit("network.yaml", "    address: fd00:8000::1\n", first);
      two.draft.edit(
        "network.yaml",
        "switches:\n",
        `  - name: router-2
    site: lab
    hall: hall-1
    rack: rack-1
    manufacturer: frr
    model: FRR 10
    address: fd00:8000::2
    powerSupplies:
      - name: psu1
        model: modelled
        chain: a
      - name: psu2
        model: modelled
        chain: b
${ssh(router2)}switches:
`,
      );
    },
    order: orderOf({ web1: two.web1, web2: two.web2, "router-1": router1, "router-2": router2 }),
    async [Symbol.asyncDispose]() {
      await Promise.all([router1[Symbol.asyncDispose](), router2[Symbol.asyncDispose]()]);
    },
  };
}

/** @returns a function that says which commands machines got since its last call, in the order of their times: `router-1 apply` */
export function orderOf(machines: Readonly<Record<string, Pick<SimulatedHost, "seen">>>): () => Promise<string[]> {
  const known = new Map<string, number>();
  return async () => {
    const seen = await Promise.all(
      Object.entries(machines).map(async ([name, machine]) => {
        const { commands } = await machine.seen();
        const fresh = commands.slice(known.get(name) ?? 0);
        known.set(name, commands.length);
        return fresh.map(({ at, command }) => ({
          at,
          what: `${name} ${/fairhost-host (\S+)/.exec(command)?.[1] ?? "bootstrap"}`,
        }));
      }),
    );
    return seen
      .flat()
      .sort((one, other) => one.at - other.at)
      .map(({ what }) => what);
  };
}
