import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { type NeighboredRouter, neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { deliveredRouters } from "./delivered-routers.ts";

/** Addresses of somebody behind the first operator, and of an account and the front end of the host. */
const [outside6, outside4] = ["2620:4f:8000::5", "192.31.196.5"];
const [host] = plan.hosts as [(typeof plan.hosts)[number]];
const inside6 = host.prefixes.find((each) => each.includes(":"))!.replace("/64", "1");
const inside4 = host.prefixes.find((each) => each.includes("."))!.replace("/32", "");

/** The router's only address of IPv4. The first operator has a way to it. */
const own4 = plan.operators.flatMap(({ over4 }) => over4?.address ?? [])[0]!;

const bracketed = (address: string) => (address.includes(":") ? `[${address}]` : address);

/** Sends its own address. */
const send = `import socket, sys
source, target = sys.argv[1:]
k = socket.socket(socket.AF_INET6 if ":" in source else socket.AF_INET, socket.SOCK_DGRAM)
k.bind((source, 0))
k.sendto(f"{source}\\n".encode(), (target, 9999))
`;

describe.each(["bird", "frr"])("a delivered router of %s", (manufacturer) => {
  let on: NeighboredRouter;
  const first = { ...oneSwitch.routers[0]!, manufacturer, ssh: { address: "fd00::1", port: 22 } };
  const [delivered] = deliveredRouters({ routers: [first, ...oneSwitch.routers.slice(1)] });
  const deliver = (declared: typeof plan) =>
    succeed(on.router, ["fairhost-host", "apply"], routerDelivery(renderRouterBundle(delivered!, declared)));
  /** Listens there. @returns a look at what has come so far, each once */
  const hearing = async (space: string, address: string) => {
    await on.sh(`systemctl stop hearing.service 2>/dev/null || :; rm -f /run/heard
    systemd-run --quiet --collect --unit=hearing ip netns exec ${space} socat -u UDP${address.includes(":") ? 6 : 4}-RECV:9999,bind=${bracketed(address)} OPEN:/run/heard,creat`);
    return async () => [...new Set((await on.router.run(["cat", "/run/heard"])).stdout.trim().split("\n"))];
  };
  /** Asks all ports: those that are open, and those that do not answer at all. */
  const scan = async (space: string, protocol: "tcp" | "udp", from: string, address: string) => {
    const command = ["ip", "netns", "exec", space, "python3", "/run/scan.py", protocol, from, address];
    const { open, closed } = JSON.parse(await succeed(on.router, command)) as { open: number[]; closed: number[] };
    const answered = new Set([...open, ...closed]);
    return { open, silent: Array.from({ length: 65_535 }, (_, i) => i + 1).filter((port) => !answered.has(port)) };
  };
  beforeAll(async () => {
    on = await neighboredRouter();
    const { router, sh } = on;
    const { script, payload } = (await loadBootstrap()).forRouter(delivered!, 0);
    await succeed(router, ["/bin/sh", "-c", script], payload);
    await sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd");
    await deliver(plan);
    await router.writeFile(
      "/run/scan.py",
      readFileSync(join(import.meta.dirname, "../../../testing/programs/packets/scan.py"), "utf8"),
    );
    await router.writeFile("/run/send.py", send);
    // The router tells of each closed port, not of some a second. The kernels of all three look at no source: its parameters are left alone in a container.
    await sh(`systemctl stop nginx.service
      sysctl -qw net.ipv6.icmp.ratemask=2 net.ipv4.icmp_ratemask=0 net.ipv4.icmp_msgs_per_sec=100000
      ip -n transit-1 route add ${own4} via inet6 ${plan.operators[0]!.address} dev eth0
      for within in "" "ip netns exec transit-1" "ip netns exec ${host.name}"; do
        $within sh -c 'for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done'
      done`);
  }, 300_000);
  afterAll(() => on?.router.stop());

  test("has its sessions and forwards", async () => {
    await on.allEstablished();
    await on.forwards();
  }, 300_000);

  test.each([plan.address, plan.operators[0]!.address, own4])(
    "answers nobody outside on any port of %s: those of sessions are silent, all others closed",
    async (address) => {
      const from = address.includes(":") ? outside6 : outside4;
      const scanned = (protocol: "tcp" | "udp") => scan("transit-1", protocol, from, address);
      expect(await scanned("tcp")).toEqual({ open: [], silent: [179] });
      // Above are ports that BFD sends from.
      const { open, silent } = await scanned("udp");
      expect([open, silent.filter((port) => port < 32_768)]).toEqual([[], [3784, 3785, 4784, 7784]]);
      // It is the firewall that keeps them silent.
      await on.sh(`nft destroy table inet fairhost
      ip netns exec transit-1 socat -u OPEN:/dev/null TCP:${bracketed(address)}:179,bind=${bracketed(address.includes(":") ? outside6 : outside4)},connect-timeout=10`);
      await on.sh("systemctl reload fairhost-router-firewall.service");
    },
    240_000,
  );

  const [other] = plan.routers as [(typeof plan.routers)[number]];
  test.each([
    ["an account of a host", host.name, inside6, plan.address],
    ["an account of a host, at the link to an operator", host.name, inside6, plan.operators[0]!.address],
    ["a front end of a host, over IPv4", host.name, inside4, own4],
  ])(
    "answers %s as it answers those outside: no session, no other port",
    async (_, space, from, address) => {
      expect(await scan(space, "tcp", from, address)).toEqual({ open: [], silent: [179] });
      const { open, silent } = await scan(space, "udp", from, address);
      expect([open, silent.filter((port) => port < 32_768)]).toEqual([[], [3784, 3785, 4784, 7784]]);
    },
    240_000,
  );

  // What listens takes a datagram without an answer: BFD of one hop and of several, and of FRR the one without sessions.
  const listening = manufacturer === "bird" ? [3784, 4784] : [3784, 4784, 7784];
  test.each([
    ["a host", host.name, host.address, plan.address],
    ["the other router", other.name, other.neighbor, other.address],
  ])(
    "offers %s BGP over TCP, BFD over UDP, and no other port",
    async (_, space, from, address) => {
      expect(await scan(space, "tcp", from, address)).toEqual({ open: [179], silent: [] });
      const { open, silent } = await scan(space, "udp", from, address);
      expect([open, silent.filter((port) => port < 32_768)]).toEqual([[], listening]);
      await on.allEstablished();
    },
    240_000,
  );

  test.each([
    ["in over IPv6", "transit-1", host.name, "fd00:8000:0:77::5/128", outside6, inside6],
    ["in over IPv4", "transit-1", host.name, "185.31.40.5/32", outside4, inside4],
    ["out over IPv6", host.name, "transit-1", "2620:4f:8000:1::5/128", inside6, outside6],
    ["out over IPv4", host.name, "transit-1", "198.51.100.5/32", inside4, outside4],
    ["out over IPv6 as the router", host.name, "transit-1", `${plan.operators[0]!.address}/128`, inside6, outside6],
  ])(
    "lets no false source %s",
    async (_, from, to, address, right, target) => {
      const { sh } = on;
      const [wrong] = address.split("/") as [string];
      await sh(`ip -n ${from} address replace ${address} dev lo`);
      const heard = await hearing(to, target);
      // Each time the false one goes first, on the same way.
      const told = async () => {
        for (const source of [wrong, right]) await sh(`ip netns exec ${from} python3 /run/send.py ${source} ${target}`);
        return heard();
      };
      await expect.poll(told, { timeout: 60_000, interval: 500 }).toEqual([right]);
      // What was refused was counted, and without the firewall it arrives: nothing else keeps it out.
      expect(await sh("nft list table inet fairhost")).toMatch(/counter packets [1-9]\d* bytes \d+ drop/);
      await sh("nft destroy table inet fairhost");
      await expect.poll(told, { timeout: 60_000, interval: 500 }).toContain(wrong);
      await sh("systemctl reload fairhost-router-firewall.service");
    },
    180_000,
  );

  test.each([
    ["to an owned address", "snat to 192.0.2.77"],
    ["to an address of the router", "masquerade"],
  ])(
    "lets out what rules of others translate %s",
    async (_, translation) => {
      const { sh } = on;
      await sh(`ip -n ${host.name} address replace 10.77.0.5/32 dev lo
      nft 'table ip others { chain out { type nat hook postrouting priority srcnat; ip saddr 10.77.0.0/24 ${translation}; }; }'`);
      const heard = await hearing("transit-1", outside4);
      const told = async () => {
        await sh(`ip netns exec ${host.name} python3 /run/send.py 10.77.0.5 ${outside4}`);
        return heard();
      };
      await expect.poll(told, { timeout: 60_000, interval: 500 }).toEqual(["10.77.0.5"]);
      await sh("nft destroy table ip others");
    },
    120_000,
  );

  test("keeps back nothing of the router itself: not even what it sends before it has an address", async () => {
    const { sh } = on;
    const refused = async () =>
      /chain to_operators [\s\S]*?counter packets (\d+) bytes/.exec(await sh("nft list table inet fairhost"))![1];
    const port = plan.interfaces.find(({ leadsTo }) => leadsTo === `operator ${plan.operators[0]!.name}`)!.ports[0]!;
    const before = await refused();
    // It asks whether somebody else has the address.
    await sh(`sysctl -qw net.ipv6.conf.${port}.accept_dad=1 net.ipv6.conf.${port}.dad_transmits=1
    ip address add fd00:9:1::77/64 dev ${port}`);
    await expect.poll(() => sh(`ip -6 address show dev ${port} tentative`), { timeout: 30_000 }).toBe("");
    await on.allEstablished();
    expect(await refused()).toBe(before);
    await sh(`ip address del fd00:9:1::77/64 dev ${port}`);
  }, 120_000);

  test("a host that goes is let go, though its program calls on", async () => {
    await on.allEstablished();
    const sessions = async () =>
      Object.keys(JSON.parse((await on.router.run("fairhost-host health --json")).stdout).sessions).sort();
    const all = await sessions();
    expect(all).toContain(`host ${host.name}`);
    await deliver({ ...plan, hosts: plan.hosts.filter((each) => each !== host) });
    expect(await sessions()).toEqual(all.filter((name) => !name.startsWith(`host ${host.name}`)));
  }, 240_000);
});
