import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { type NeighboredRouter, neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { deliveredRouters } from "./delivered-routers.ts";

/**
 * Extension headers, fragments and routes that packets bring: what is closed stays closed however a packet is made, and no packet says where it goes. It
 * is the kernel and the firewall that decide, the same with both makers; with BIRD one port of BFD is free to listen at.
 */
const [host] = plan.hosts as [(typeof plan.hosts)[number]];
const [outside6, outside4] = ["2620:4f:8000::5", "192.31.196.5"];
const inside6 = host.prefixes.find((each) => each.includes(":"))!.replace("/64", "1");
const inside4 = host.prefixes.find((each) => each.includes("."))!.replace("/32", "");
/** The session of IPv4 on its own. */
const { name: operator4, over4 } = plan.operators.find((each) => each.over4)!;
const [closed, through] = [7784, 9999];
const patient = { timeout: 30_000, interval: 300 };

let on: NeighboredRouter;
/** Sends kinds of packets from a namespace. */
const send = (space: string, from: string, to: string, port: number, kinds: readonly string[], via?: string) =>
  on.sh(
    `ip netns exec ${space} python3 /run/odd-packets.py ${from} ${to} ${port} ${via ? `--via ${via} ` : ""}${kinds.join(" ")}`,
  );
/** Listens at both families. @returns a look at which kinds have come, each once */
const hearing = async (space: string | undefined, port: number) => {
  await on.sh(`systemctl stop hearing.service 2>/dev/null || :; rm -f /run/heard
    systemd-run --quiet --collect --unit=hearing ${space ? `ip netns exec ${space}` : ""} socat -u UDP6-RECV:${port},ipv6only=0 OPEN:/run/heard,creat
    until ${space ? `ip netns exec ${space}` : ""} ss -Hlun 'sport = :${port}' | grep -q .; do sleep 0.1; done`);
  return async () => [
    ...new Set((await on.router.run("cat /run/heard")).stdout.split("\n").flatMap((line) => line.trim() || [])),
  ];
};

beforeAll(async () => {
  on = await neighboredRouter();
  const { router, sh } = on;
  const first = { ...oneSwitch.routers[0]!, manufacturer: "bird", ssh: { address: "fd00::1", port: 22 } } as const;
  const [delivered] = deliveredRouters({ routers: [first, ...oneSwitch.routers.slice(1)] });
  const { script, payload } = (await loadBootstrap()).forRouter(delivered!, 0);
  await succeed(router, ["/bin/sh", "-c", script], payload);
  await sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd");
  await succeed(router, ["fairhost-host", "apply"], routerDelivery(renderRouterBundle(delivered!, plan)));
  const program = join(import.meta.dirname, "../../../testing/programs/packets/odd-packets.py");
  await router.writeFile("/run/odd-packets.py", readFileSync(program, "utf8"));
  // The kernels of all look at no source: the router's parameters are left alone in a container.
  await sh(`ip -n ${operator4} address add ${over4!.neighbor}/${over4!.prefixLength} dev eth0
    ip -n transit-1 route add ${over4!.address} via inet6 ${plan.operators[0]!.address} dev eth0
    for within in "" "ip netns exec transit-1" "ip netns exec ${operator4}" "ip netns exec ${host.name}"; do
      $within sh -c 'for each in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 >$each; done'
    done`);
}, 300_000);
afterAll(() => on?.router.stop());

test("it has its sessions and forwards", async () => {
  await on.allEstablished();
  await on.forwards();
}, 300_000);

describe("a port that is for sessions", () => {
  const whole6 = ["plain", "hop-by-hop", "destination", "many-headers", "atomic", "fragments"];
  const whole4 = ["plain", "record", "fragments", "tiny"];
  test.each([
    ["IPv6", host.name, host.address, outside6, plan.address, whole6, ["tiny", "overlapping"]],
    ["IPv4", operator4, over4!.neighbor, outside4, over4!.address, whole4, ["overlapping"]],
  ])(
    "hears nobody else, whatever headers and fragments of %s a packet has",
    async (_, space, neighbor, foreign, to, whole, broken) => {
      const heard = await hearing(undefined, closed);
      const told = async (from: string, sender: string) => {
        await send(from, sender, to, closed, [...broken, ...whole]);
        return (await heard()).sort();
      };
      await told("transit-1", foreign);
      // Neighbours' packets arrive with what is allowed, however they are made; none in pieces that lie about what it is.
      await expect.poll(() => told(space, neighbor), patient).toEqual([...whole].sort());
      // Without the firewall the same packets of others arrive.
      const again = await hearing(undefined, closed);
      const toldAgain = async () => {
        await send("transit-1", foreign, to, closed, [...broken, ...whole]);
        return (await again()).sort();
      };
      expect(await toldAgain()).toEqual([]);
      await on.sh("nft destroy table inet fairhost");
      await expect.poll(toldAgain, patient).toEqual([...whole].sort());
      await on.sh("systemctl reload fairhost-router-firewall.service");
    },
    120_000,
  );
});

describe("no packet says which way it goes", () => {
  test.each([
    [
      "IPv6",
      [outside6, inside6, plan.address],
      ["route-0", "route-2", "route-3", "route-4"],
      ["route-4"],
      "net.ipv6.conf.%.seg6_enabled",
    ],
    [
      "IPv4",
      [outside4, inside4, over4!.address],
      ["route-loose", "route-strict"],
      // The other one leads to who is next to the router, which the account is not.
      ["route-loose"],
      "net.ipv4.conf.%.accept_source_route",
    ],
  ] as const)(
    "with %s",
    async (_, [from, to, via], routed, known, parameter) => {
      const port = plan.interfaces.find(({ leadsTo }) => leadsTo === "operator transit-1")!.ports[0]!;
      const set = (within: string, own: string, value: number) =>
        on.sh(["all", own].map((each) => `${within} sysctl -qw ${parameter.replace("%", each)}=${value}`).join("; "));
      // It is the router alone that takes none: the host would.
      await set(`ip netns exec ${host.name}`, "eth0", 1);
      const heard = await hearing(host.name, through);
      const told = async () => {
        await send("transit-1", from, to, through, routed, via);
        await send("transit-1", from, to, through, ["plain"]);
        return (await heard()).sort();
      };
      await expect.poll(told, patient).toEqual(["plain"]);
      // The packets are right: with the kernel's parameter it would send them on.
      await set("", port, 1);
      await expect.poll(told, patient).toEqual(["plain", ...known].sort());
      await set("", port, 0);
    },
    120_000,
  );
});
