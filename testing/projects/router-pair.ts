import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { execa } from "execa";
import { type RouterPlan, routerPlans } from "../../components/network/router-systems/router-plan.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { ensureDebianPackages } from "../../toolchain/system/system.ts";
import { freshRouter, ofNeighbor, type Speaker } from "../fakes/neighbored-router.ts";
import { succeed } from "../fakes/placed-host.ts";
import { commandsIn, loggingTo } from "../fakes/simulated-host.ts";
import type { TwoHosts } from "./two-hosts.ts";
import { orderOf } from "./with-routers.ts";

/** A router that is reached as a real one is: Debian, its own SSH server, the program of its maker. */
interface ReachedRouter {
  readonly plan: RouterPlan;
  readonly machine: ContainerHost;
  sh(command: string): Promise<string>;
  /** Neighbours that have their sessions with it, and those that do not. */
  established(): Promise<string[]>;
  /** Status of HTTP, asked by whom is behind its first operator, of an account of web1: `200`, or `000` without an answer. */
  fetch(): Promise<string>;
}

/**
 * The two routers of the fleet for trials as containers, of two makers: joined with each other, with both hosts at one switch, and each with its own
 * operators. The hosts' routing and operators are BIRDs in network namespaces; what a deploy delivers to the hosts goes to {@link TwoHosts}.
 */
export interface RouterPair extends AsyncDisposable {
  readonly router1: ReachedRouter;
  readonly router2: ReachedRouter;
  /** Commands that hosts and routers got since the last call, in the order of their times: `router-1 apply`. */
  order(): Promise<string[]>;
  /** Lets a host announce one more prefix. */
  announce(host: string, prefix: string): Promise<void>;
}

const log = "/run/commands";

/** Boots them, and gives the routers of the inventory, which is that for trials, their `ssh`. */
export async function routerPair(two: TwoHosts): Promise<RouterPair> {
  await ensureDebianPackages(["socat"]);
  // Hosts and their switch stay where a router is stopped.
  const [site, ...machines] = await Promise.all([
    bootContainer({ name: "site" }),
    freshRouter("router-1"),
    freshRouter("router-2"),
  ]);
  const ends: (() => Promise<void>)[] = [site, ...machines].map((each) => () => each.stop());
  const dispose = async () => void (await Promise.all(ends.map((end) => end())));
  try {
    // The kernel of these machines has no bonding: each router has one switch, which are joined.
    const withoutIn = (lines: string, after = "") => two.draft.edit("network.yaml", `${after}${lines}`, after);
    withoutIn("      - port: enp2s0\n        switch: switch-b\n");
    withoutIn("      - port: enp1s0\n        switch: switch-a\n", "    address: fd00:8000::2\n    ports:\n");
    withoutIn("      - port: Ethernet50\n        router: router-2\n");
    withoutIn("      - port: et-0/0/48\n        router: router-1\n");
    for (const [index, machine] of machines.entries()) {
      const { port, close } = await reachable(machine, two);
      ends.push(close);
      const address = `    address: fd00:8000::${index + 1}\n`;
      two.draft.edit("network.yaml", address, `${address}    ssh:\n      address: 127.0.0.1\n      port: ${port}\n`);
    }
    const declaration = declare((await loadFleet(two.draft.directory)).fleet);
    const plans = routerPlans(declaration) as [RouterPlan, RouterPlan];
    const [plan] = plans;
    const portsOf = ({ interfaces }: RouterPlan) =>
      new Map(interfaces.map(({ leadsTo, ports }) => [leadsTo, ports[0]!] as const));
    const [ports1, ports2] = plans.map(portsOf) as [Map<string, string>, Map<string, string>];
    const atSwitch = "switches of the site";
    // Made from outside of their mount namespaces, where `ip` knows the ids of all.
    const join = (one: ContainerHost, own: string, two: ContainerHost, other: string) =>
      execa("nsenter", [
        ...["-t", `${one.netnsPid}`, "-n", "--", "ip", "link", "add", own, "type", "veth"],
        ...["peer", "name", other, "netns", `${two.netnsPid}`],
      ]);
    await join(site, "p1", machines[0], ports1.get(atSwitch)!);
    await join(site, "p2", machines[1], ports2.get(atSwitch)!);
    await join(machines[0], ports1.get("router router-2")!, machines[1], ports2.get("router router-1")!);
    await succeed(
      site,
      "ip link add br0 type bridge; ip link set br0 up; for each in p1 p2; do ip link set $each master br0 up; done",
    );

    const speak = async (on: ContainerHost, space: string, speaker: Speaker, id: number) => {
      await on.writeFile(`/run/${space}.conf`, ofNeighbor(speaker, id));
      await succeed(
        on,
        `ip -n ${space} link set lo up; ip -n ${space} link set eth0 up; ip -n ${space} address add ${speaker.address} dev eth0 nodad
        systemd-run --quiet --unit=${space} ip netns exec ${space} bird -f -c /run/${space}.conf -s /run/${space}.ctl`,
      );
    };
    const hosts = new Map<string, Speaker>();
    for (const [index, { name, address, asNumber, prefixes }] of plan.hosts.entries()) {
      await succeed(
        site,
        `ip netns add ${name}; ip link add h${index} type veth peer name eth0 netns ${name}; ip link set h${index} master br0 up`,
      );
      const routers = plans.map((each) => each.address);
      hosts.set(name, { address: `${address}/64`, asNumber, routers, routes: prefixes });
      await speak(site, name, hosts.get(name)!, 10 + index);
    }
    const asked = plan.hosts[0]!.prefixes.find((prefix) => prefix.includes(":"))!.replace("/64", "1");
    await succeed(
      site,
      `ip -n web1 address add ${asked}/128 dev lo nodad
      systemd-run --quiet --unit=web ip netns exec web1 python3 -m http.server --bind :: 8080`,
    );
    const routers = await Promise.all(
      plans.map(async (own, index): Promise<ReachedRouter> => {
        const machine = machines[index]!;
        const sh = (command: string) => succeed(machine, command);
        for (const [n, { name, address, neighbor, asNumber }] of own.operators.entries()) {
          await sh(`ip netns add ${name}
            ip link add ${[ports1, ports2][index]!.get(`operator ${name}`)} type veth peer name eth0 netns ${name}`);
          const routes = ["::/0", "0.0.0.0/0", ...(n === 0 ? [`2620:4f:800${index}::/48`] : [])];
          const speaker = { address: `${neighbor}/64`, asNumber, routers: [address], routes };
          await speak(machine, name, speaker, 100 + 10 * index + n);
        }
        const from = `2620:4f:800${index}::5`;
        const [outside] = own.operators;
        await sh(`ip -n ${outside!.name} address add ${from}/128 dev lo nodad
          sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd`);
        return {
          ...{ plan: own, machine, sh },
          established: () => sessionsOf(site, machine, own, index),
          fetch: async () =>
            (
              await machine.run(
                `ip netns exec ${outside!.name} curl -sg -o /dev/null -w '%{http_code}' -m 2 --interface ${from} http://[${asked}]:8080/`,
              )
            ).stdout,
        };
      }),
    );
    const [router1, router2] = routers as [ReachedRouter, ReachedRouter];
    const seenOf = (machine: ContainerHost) => {
      let last = "";
      return async () => {
        last = (await machine.run(`cat ${log}`).catch(() => undefined))?.stdout || last;
        return { connections: 0, commands: commandsIn(last) };
      };
    };
    return {
      ...{ router1, router2 },
      order: orderOf({
        ...{ web1: two.web1, web2: two.web2 },
        ...{ "router-1": { seen: seenOf(machines[0]) }, "router-2": { seen: seenOf(machines[1]) } },
      }),
      async announce(host, prefix) {
        const before = hosts.get(host)!;
        const speaker = { ...before, routes: [...before.routes, prefix] };
        hosts.set(host, speaker);
        await site.writeFile(`/run/${host}.conf`, ofNeighbor(speaker, 10 + [...hosts.keys()].indexOf(host)));
        await succeed(site, `birdc -s /run/${host}.ctl configure`);
      },
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** What the other ends say of the sessions of one router: operators are in its own container. */
async function sessionsOf(
  site: ContainerHost,
  machine: ContainerHost,
  plan: RouterPlan,
  index: number,
): Promise<string[]> {
  const ends = [
    ...plan.hosts.map(({ name }) => ({ name, on: site, session: index === 0 ? "router" : `router${index + 1}` })),
    ...plan.operators.map(({ name }) => ({ name, on: machine, session: "router" })),
  ];
  return Promise.all(
    ends.map(async ({ name, on, session }) => {
      const { stdout } = await on.run(`birdc -s /run/${name}.ctl show protocols ${session}`);
      return stdout.includes("Established") ? name : `${name}: no session`;
    }),
  );
}

/** Starts its SSH server, which notes what is asked for, and a way to it from the controller's loopback. */
async function reachable(machine: ContainerHost, two: TwoHosts): Promise<{ port: number; close(): Promise<void> }> {
  const key = await readFile(`${two.web1.privateKeyFile}.pub`, "utf8");
  await machine.writeFile("/run/ssh/authorized_keys", key, 0o600);
  await machine.writeFile(
    "/run/ssh/command",
    `#!/bin/sh\n${loggingTo(log)}\nexec sh -c "$SSH_ORIGINAL_COMMAND"\n`,
    0o700,
  );
  const settings = "HostKey /run/ssh/key\nAuthorizedKeysFile /run/ssh/authorized_keys\nForceCommand /run/ssh/command\n";
  await machine.writeFile("/run/ssh/config", `${settings}UsePAM no\nStrictModes no\n`);
  await succeed(
    machine,
    `: >${log}; ssh-keygen -q -t ed25519 -N '' -f /run/ssh/key; mkdir -p /run/sshd
    ip link set lo up; systemd-run --quiet --unit=reached /usr/sbin/sshd -D -f /run/ssh/config`,
  );
  const server = createServer((socket) => {
    const inside = ["-t", `${machine.netnsPid}`, "-n", "--", "socat", "-", "TCP:127.0.0.1:22"];
    const child = spawn("nsenter", inside, { stdio: ["pipe", "pipe", "ignore"] });
    socket.pipe(child.stdin);
    child.stdout.pipe(socket);
    for (const each of [socket, child.stdin, child.stdout]) each.on("error", () => child.kill());
    socket.on("close", () => child.kill());
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port from the kernel");
  const { port } = address;
  const publicKey = (await succeed(machine, "cat /run/ssh/key.pub")).split(" ").slice(0, 2).join(" ");
  await appendFile(two.settings.knownHosts!, `[127.0.0.1]:${port} ${publicKey}\n`);
  return { port, close: async () => void server.close() };
}
