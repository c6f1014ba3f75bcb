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
  beforeAll(async () => {
    on = await neighboredRouter();
    const { router, sh } = on;
    const { script, payload } = (await loadBootstrap()).forRouter(delivered!, 0);
    await succeed(router, ["/bin/sh", "-c", script], payload);
    await sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd");
    await deliver(plan);
    await router.writeFile(
      "/run/scan.py",
      readFileSync(join(import.meta.dirname, "../../../testing/programs/scan.py"), "utf8"),
    );
    await router.writeFile("/run/send.py", send);
    // The router tells of each closed port, not of some a second. The kernels of all three look at no source: its parameters are left alone in a container.
    await sh(`systemctl stop nginx.service; sysctl -qw net.ipv6.icmp.ratemask=2
      for within in "" "ip netns exec transit-1" "ip netns exec ${host.name}"; do
        $within sh -c 'for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done'
      done`);
  }, 300_000);
  afterAll(() => on?.router.stop());

  test("has its sessions and forwards", async () => {
    await on.allEstablished();
    await on.forwards();
  }, 300_000);

  test.each([plan.address, plan.operators[0]!.address])(
    "answers nobody outside on any port of %s: those of sessions are silent, all others closed",
    async (address) => {
      const scanned = async (protocol: "tcp" | "udp") => {
        const command = ["ip", "netns", "exec", "transit-1", "python3", "/run/scan.py", protocol, outside6, address];
        const { open, closed } = JSON.parse(await succeed(on.router, command)) as { open: number[]; closed: number[] };
        const answered = new Set([...open, ...closed]);
        return { open, silent: Array.from({ length: 65_535 }, (_, i) => i + 1).filter((port) => !answered.has(port)) };
      };
      expect(await scanned("tcp")).toEqual({ open: [], silent: [179] });
      // Above are ports that BFD sends from.
      const { open, silent } = await scanned("udp");
      expect([open, silent.filter((port) => port < 32_768)]).toEqual([[], [3784, 3785, 4784, 7784]]);
      await on.sh("nft destroy table inet fairhost");
      expect(await scanned("tcp")).toEqual({ open: [179], silent: [] });
      await on.sh("systemctl reload fairhost-router-firewall.service");
    },
    240_000,
  );

  test.each([
    ["in over IPv6", "transit-1", host.name, "fd00:8000:0:77::5/128", outside6, inside6],
    ["in over IPv4", "transit-1", host.name, "185.31.40.5/32", outside4, inside4],
    ["out over IPv6", host.name, "transit-1", "2620:4f:8000:1::5/128", inside6, outside6],
    ["out over IPv4", host.name, "transit-1", "198.51.100.5/32", inside4, outside4],
  ])(
    "lets no false source %s",
    async (way, from, to, address, right, target) => {
      const { sh, router } = on;
      const [wrong] = address.split("/") as [string];
      const heard = `/run/heard-${way.replaceAll(" ", "-")}`;
      const version = target.includes(":") ? 6 : 4;
      await sh(`ip -n ${from} address replace ${address} dev lo
      systemd-run --quiet ip netns exec ${to} socat -u UDP${version}-RECV:9999,bind=${version === 6 ? `[${target}]` : target} OPEN:${heard},creat`);
      // Each time the false one goes first, on the same way.
      const told = async () => {
        for (const source of [wrong, right]) await sh(`ip netns exec ${from} python3 /run/send.py ${source} ${target}`);
        return [...new Set((await router.run(["cat", heard])).stdout.trim().split("\n"))];
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
