import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashPassword } from "../../cli/password.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, service, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/**
 * Every port of a host and of its accounts, asked from outside, over both IP versions: what is declared answers, and nothing else. A port that
 * the firewall lets through answers also if nobody listens, with a reset or an error of ICMP, so no listener hides one.
 */
const [address, address4] = ["fd00:8000::11", "192.0.2.10"];
const [visitor, visitor4] = ["fd00:9::5", "198.51.100.7"];
/** Another host of the site, by its own address, and an account of it. */
const [neighbor, stranger] = ["fd00:8000::12", "fd00:8000:0:77::2"];
const declared = declarationOf([
  {
    number: 1,
    name: "alice",
    servers: [staticServer("www")],
    services: [service("game", ["/bin/true"], { port: 8300 })],
  },
  { number: 2, name: "bob" },
  {
    ...{ number: 3, name: "carol" },
    users: [
      { name: "ada", directory: ".", protocols: ["ftps"], keys: [], passwordHash: await hashPassword("correct horse") },
    ],
  },
]);
const bundle = renderBundle(
  {
    ...declared,
    hosts: declared.hosts.map((host) => ({
      ...host,
      firewall: ["accept in udp port 7000", "accept in tcp port 9000-9002"],
    })),
    frontEnds: declared.frontEnds.map((frontEnd) => ({ ...frontEnd, address4, ports: [80, 443] })),
  },
  "web1",
);

let host: ContainerHost;
beforeAll(async () => {
  host = await bootContainer({ name: "ports" });
  const scan = readFileSync(join(import.meta.dirname, "../../testing/programs/packets/scan.py"), "utf8");
  await host.writeFile("/run/scan.py", scan);
  // The kernel tells of each closed port, not of some a second.
  await succeed(
    host,
    `sysctl -qw net.ipv6.icmp.ratelimit=0 net.ipv4.icmp_ratemask=0 net.ipv4.icmp_msgs_per_sec=100000
    ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip link set eth0 up
    ip address add ${address}/64 dev eth0 nodad
    ip route add ${visitor4} via inet6 fd00:8000::1 dev eth0
    ip -6 route add default via fd00:8000::1
    ip -n outside link set lo up; ip -n outside link set eth0 up
    ip -n outside address add fd00:8000::1/64 dev eth0 nodad
    ip -n outside address add ${neighbor}/64 dev eth0 nodad; ip -n outside address add ${stranger}/128 dev lo
    ip -n outside address add ${visitor}/128 dev lo; ip -n outside address add ${visitor4}/32 dev lo
    ip -n outside route add fd00:8000::/48 via ${address}
    ip -n outside route add ${address4} via inet6 ${address} dev eth0`,
  );
  await placeBundle(host, bundle);
}, 120_000);
afterAll(() => host?.stop());

const scanned = async (
  protocol: "tcp" | "udp",
  to: string,
  from = to.includes(":") ? visitor : visitor4,
): Promise<number[]> => {
  const command = ["ip", "netns", "exec", "outside", "python3", "/run/scan.py", protocol, from, to];
  const { open, closed } = JSON.parse(await succeed(host, command)) as { open: number[]; closed: number[] };
  return [...open, ...closed].toSorted((one, other) => one - other);
};
const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, index) => first + index);
const [ssh, web] = [22, [80, 443]];

const offered = [
  ["a host", address, [ssh, ...web, ...range(9000, 9002)], [7000]],
  ["a host over IPv4", address4, [ssh, ...web, ...range(9000, 9002)], [7000]],
  ["an account with a service", "fd00:8000:0:1::1", [ssh, ...web, 8300], []],
  ["an account with nothing", "fd00:8000:0:2::1", [ssh, ...web], []],
  ["an account with FTPS", "fd00:8000:0:3::1", [21, ssh, ...web, ...range(8900, 8999)], []],
  ["what an account calls out from", "fd00:8000:0:1::2", [], []],
  ["another address of an account", "fd00:8000:0:1::7", [ssh, ...web], []],
  ["nobody's address of the site", "fd00:8000:0:99::1", [], []],
] as const;

describe("from outside, of all 65,535 ports answer", () => {
  test.each(offered)("%s: those that are declared", async (_, to, tcp, udp) => {
    expect([await scanned("tcp", to), await scanned("udp", to)]).toEqual([tcp, udp]);
  });

  // An account answers no address of the infrastructure: not even its service does.
  const services = [8300];
  const toNeighbor = offered.filter(([what, to]) => to !== address4 && /^a host|service|FTPS|calls/.test(what));
  test.each([
    ...toNeighbor.map(
      ([what, to, tcp, udp]) =>
        ["another host of the site", neighbor, what, to, tcp.filter((port) => !services.includes(port)), udp] as const,
    ),
    ...toNeighbor.slice(0, 2).map((each) => ["an account of another host", stranger, ...each] as const),
  ])("to %s, %s, %s: those alone", async (_, from, __, to, tcp, udp) => {
    expect([await scanned("tcp", to, from), await scanned("udp", to, from)]).toEqual([tcp, udp]);
  });

  test("and each port more that a rule opens is seen", async () => {
    await succeed(
      host,
      "nft insert rule inet fairhost input meta l4proto { tcp, udp } th dport { 1, 5000, 65535 } accept",
    );
    expect(await scanned("tcp", address)).toEqual([1, ssh, ...web, 5000, ...range(9000, 9002), 65_535]);
    expect(await scanned("udp", address4)).toEqual([1, 5000, 7000, 65_535]);
    await succeed(host, "systemctl reload nftables.service");
  });
});
