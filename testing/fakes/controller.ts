import { setTimeout as sleep } from "node:timers/promises";
import { nothingDeclared } from "../../components/registry/subject.ts";
import { loadBootstrap } from "../../delivery/bootstrap.ts";
import type { ApplyReport, Bundle } from "../../delivery/protocol/bundle.ts";
import { encodeBundle } from "../../delivery/protocol/digest.ts";
import type { ContainerHost } from "../../lab/container.ts";
import { fixtureHost } from "../fixtures/bundle-fixture.ts";
import { succeed } from "./placed-host.ts";

/** Addresses of a controller and of its host, at the two ends of a link: namespace `controller`, interface `eth0`. */
const [theirs, own] = ["fd00:77::2", "fd00:77::1"];

/** A controller that comes from outside, to a host that has the applier. */
export interface Controller {
  /** `SSH_CONNECTION` of its session. */
  readonly connection: string;
  /** What a deploy sends, for standard input. */
  delivery(of: Bundle): string;
  /** Applies a bundle, in its session or in another one. */
  apply(of: Bundle, session?: string): Promise<ApplyReport>;
}

/** Links a controller to the host, whose SSH server listens on this port, and installs the applier. */
export async function controllerOf(host: ContainerHost, port: number): Promise<Controller> {
  await succeed(
    host,
    `ip netns add controller
    ip link add eth0 type veth peer name eth0 netns controller
    ip link set eth0 up && ip -6 address add ${own}/64 dev eth0 nodad
    ip -n controller link set eth0 up && ip -n controller -6 address add ${theirs}/64 dev eth0 nodad`,
  );
  return applierOn(host, `${theirs} 50000 ${own} ${port}`);
}

/** Installs the applier on a host that a controller reaches already. @param connection `SSH_CONNECTION` of its session */
export async function applierOn(host: ContainerHost, connection: string): Promise<Controller> {
  const { script, payload } = (await loadBootstrap()).for({ declaration: nothingDeclared, host: fixtureHost }, 0);
  await succeed(host, ["/bin/sh", "-c", script], payload);
  const delivery = (of: Bundle) => {
    const masterSecret = Buffer.alloc(32, 7).toString("base64");
    return JSON.stringify({ bundle: encodeBundle(of), masterSecret, secretEpoch: 1, repair: 0 });
  };
  return {
    connection,
    delivery,
    async apply(of, session = connection) {
      const command = ["/usr/bin/env", `SSH_CONNECTION=${session}`, "fairhost-host", "apply"];
      const { stdout, stderr } = await host.run(command, { stdin: delivery(of), timeout: 120_000 });
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout) as ApplyReport;
    },
  };
}

/** Waits until something holds. @throws Error after these seconds */
export async function until(what: string, holds: () => Promise<boolean>, seconds = 60): Promise<void> {
  for (const end = performance.now() + seconds * 1000; performance.now() < end; await sleep(100)) {
    if (await holds()) return;
  }
  throw new Error(`not seen in ${seconds} s: ${what}`);
}
