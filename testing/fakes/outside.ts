import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer } from "../../lab/container.ts";
import { declarationOf, type FixtureAccount, service } from "../fixtures/bundle-fixture.ts";
import { placeShell, shellServer } from "./inside-sandbox.ts";
import { placeBundle, succeed } from "./placed-host.ts";

const sleeping: readonly FixtureAccount[] = [
  { number: 1, name: "alice", servers: [shellServer(), { ...shellServer(), name: "second" }] },
  { number: 2, name: "bob", servers: [shellServer()] },
  { number: 3, name: "carol", servers: [shellServer()] },
];

/** One whose plan lets it do little outside. */
export const meek: FixtureAccount = {
  number: 6,
  name: "frank",
  limits: { outgoingConnections: 30, outgoingPerSecond: 20, mailsPerMinute: 5 },
  servers: [shellServer()],
};

/** One whose plan lets it call as often as any may. */
export const greedy: FixtureAccount = {
  ...{ number: 7, name: "grace", limits: { outgoingPerSecond: 1000 } },
  servers: [shellServer()],
};

/** Two that everybody visits, by services with the program testing/programs/visited.py. */
export const visited: readonly FixtureAccount[] = [
  {
    number: 4,
    name: "dora",
    servers: [shellServer()],
    services: [
      service("game", ["/usr/bin/python3", "visited.py"], { port: 8300 }),
      service("deaf", ["/usr/bin/sleep", "infinity"], { port: 8302 }),
    ],
  },
  {
    number: 5,
    name: "erin",
    servers: [shellServer()],
    services: [service("chat", ["/usr/bin/python3", "visited.py"], { port: 8301 })],
  },
];

/** What is outside: a router, beyond it somebody's servers, and the root of DNS (A.ROOT-SERVERS.NET). */
export const far6 = "2600:9::5";
export const far4 = "198.51.100.7";
const root = "2001:503:ba3e::2:30";
const zone = `. 3600 IN SOA a.root-servers.net. nobody.invalid. 1 3600 3600 3600 3600
. 3600 IN NS a.root-servers.net.
a.root-servers.net. 3600 IN AAAA ${root}
www.example.com. 3600 IN AAAA ${far6}
www.example.com. 3600 IN A ${far4}
silent. 3600 IN NS ns.silent.
ns.silent. 3600 IN AAAA 2600:9::bad
`;
const nameServer = `server:
  interface: ${root}
  access-control: ::/0 allow
  chroot: ""
  use-syslog: no
  pidfile: ""
  module-config: "iterator"
auth-zone:
  name: "."
  zonefile: /run/root.zone
  for-downstream: yes
remote-control:
  control-enable: no
`;

/** What refused TCP gets. */
export const refused = "ECONNREFUSED";

const programText = (file: string) => readFileSync(join(import.meta.dirname, "../programs", file));

/** Boots a host with accounts (by default three that sleep), these others and an outside, and gives ways to call from one to the other. */
export async function bootWithOutside(name: string, others: readonly FixtureAccount[] = [], first = sleeping) {
  const accounts = [...first, ...others];
  const host = await bootContainer({ name });
  const sh = (command: string) => succeed(host, command);
  // The way from the router to the servers takes smaller packets than they do themselves.
  await sh(`ip netns add outside; ip netns add beyond
    ip link add eth0 type veth peer name eth0 netns outside
    ip -n outside link add eth1 mtu 1300 type veth peer name eth0 netns beyond
    ip link set eth0 up
    ip address add fd00:8000::11/64 dev eth0 nodad; ip address add 203.0.113.11/24 dev eth0
    ip netns exec outside sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding
      for link in lo eth0 eth1; do ip link set $link up; done
      ip address add fd00:8000::1/64 dev eth0 nodad; ip address add fd00:8000::b9/64 dev eth0 nodad
      ip address add 203.0.113.1/24 dev eth0; ip address add 192.0.2.1/24 dev eth1; ip address add 2600:8::1/64 dev eth1 nodad
      ip route add ${far4} via 192.0.2.2; ip route add 2600:9::/48 via 2600:8::2; ip route add fd00:8000::/48 via fd00:8000::11
      ip address add ${root}/128 dev lo; ip address add fd99::1/128 dev lo; ip address add 10.9.9.9/32 dev lo'
    ip netns exec beyond sh -c 'ip link set lo up; ip link set eth0 up
      ip address add 192.0.2.2/24 dev eth0; ip address add 2600:8::2/64 dev eth0 nodad
      ip route add default via 192.0.2.1; ip -6 route add default via 2600:8::1
      ip address add ${far6}/128 dev lo; ip address add ${far4}/32 dev lo'
    ip route add default via 203.0.113.1
    ip -6 route add default via fd00:8000::1`);
  const visitedProgram = programText("visited.py");
  for (const { number } of others) await host.writeFile(`/srv/accounts/${number}/home/visited.py`, visitedProgram);
  await placeBundle(host, renderBundle(declarationOf(accounts), "web1"));
  for (const { number } of accounts) await placeShell(host, number);
  await host.writeFile("/run/root.zone", zone);
  await host.writeFile("/run/root.hints", `. 3600 NS a.root-servers.net.\na.root-servers.net. 3600 AAAA ${root}\n`);
  await host.writeFile("/run/root.conf", nameServer);
  await host.writeFile("/run/far.py", programText("far.py"));
  const run = (unit: string, namespace: string, command: string) =>
    sh(`systemd-run --quiet --unit=${unit} ip netns exec ${namespace} ${command}`);
  await run("root", "outside", "unbound -d -c /run/root.conf");
  await run("near", "outside", "python3 /run/far.py fd00:8000::1 fd00:8000::b9 fd99::1 10.9.9.9");
  await run("far", "beyond", `python3 /run/far.py ${far6} ${far4}`);
  // The zone is not signed.
  const file = "/var/lib/fairhost/current/unbound/unbound.conf";
  await sh(`sed -i 's/validator iterator/iterator/; /trust-anchor/d; s,^server:,& root-hints: /run/root.hints,' ${file}
    systemctl restart unbound`);

  /** Runs a script inside the sandbox of a server of an account. */
  const inside = async (name: string, script: string, server = "shell"): Promise<string> => {
    const curl = ["curl", "-sS", "--max-time", "30", "-H", `Host: ${server}.${name}.test`, "--data-binary", "@-"];
    const answer = await succeed(host, [...curl, "http://[fd00:8000::11]/"], script);
    return (JSON.parse(answer) as { output: string }).output.trim();
  };
  const python = (name: string, program: string, server?: string) =>
    inside(name, `python3 - 2>&1 <<'END'\nimport socket as s\n${program}\nEND`, server);
  /** What comes of a call: what the other side says, or the error. */
  const call = (
    name: string,
    address: string,
    port: number,
    kind = "STREAM",
    bind = "",
    seconds = 10,
  ): Promise<string> =>
    python(
      name,
      `
import errno
k = s.socket(s.AF_INET6 if ":" in "${address}" else s.AF_INET, s.SOCK_${kind}); k.settimeout(${seconds})
try:
    if "${bind}":
        k.setsockopt(41, 78, 1)
        k.bind(("${bind}", 0))
    k.connect(("${address}", ${port}))
    if ${kind === "DGRAM" ? "True" : "False"}: k.send(b"x")
    print(k.recv(100).decode())
except OSError as e: print(errno.errorcode.get(e.errno, "timeout"))`,
    );
  /** What a visitor at {@link far6} gets of a port, for a line: or the error. Another visitor than this is at the router. */
  const visit = async (address: string, port: number, line = "hello", seconds = 10, from = far6): Promise<string> => {
    const program = `import socket, errno
k = socket.socket(socket.AF_INET6); k.settimeout(${seconds})
try:
    k.bind(("${from}", 0)); k.connect(("${address}", ${port})); k.sendall(b"${line}\\n")
    said = b"".join(iter(lambda: k.recv(65536), b"")); print(said.decode().strip() if len(said) < 200 else len(said))
except OSError as e: print(errno.errorcode.get(e.errno, "timeout"))`;
    return (
      await host.run(["ip", "netns", "exec", from === far6 ? "beyond" : "outside", "python3", "-c", program])
    ).stdout.trim();
  };
  /** Packets that the rules with a comment have counted. */
  const counted = async (comment: string): Promise<number> => {
    const rules = await sh("nft list table inet fairhost");
    const found = rules.split("\n").filter((line) => line.includes(comment));
    expect(found).not.toEqual([]);
    return found.reduce((sum, line) => sum + Number(/counter packets (\d+)/.exec(line)?.[1]), 0);
  };

  /** Runs a command where the servers are. */
  const outside = (command: string) => host.run(["ip", "netns", "exec", "beyond", "sh", "-c", command]);
  return { host, sh, outside, inside, python, call, visit, counted };
}
