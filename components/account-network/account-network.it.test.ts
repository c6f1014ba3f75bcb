import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bootWithOutside, far4, far6, greedy, meek, refused, visited } from "../../testing/fakes/outside.ts";
import { bounds, resolver } from "./links.ts";
import { resolverCases } from "./resolver.cases.ts";
import { visitedCases } from "./visited.cases.ts";

let here: Awaited<ReturnType<typeof bootWithOutside>>;
beforeAll(async () => {
  here = await bootWithOutside("account-network", [...visited, meek, greedy]);
});
afterAll(() => here?.host.stop());

describe("an account reaches the outside", () => {
  test("over IPv6 with the address of its own", async () => {
    expect(await here.call("alice", far6, 7000)).toBe("fd00:8000:0:1::2");
    expect(await here.call("alice", far6, 7000, "DGRAM")).toBe("fd00:8000:0:1::2");
    expect(await here.call("bob", far6, 7000)).toBe("fd00:8000:0:2::2");
  });

  test("over IPv4 with the host's address", async () => {
    expect(await here.call("alice", far4, 7000)).toBe("203.0.113.11");
    expect(await here.call("alice", far4, 7000, "DGRAM")).toBe("203.0.113.11");
  });

  test("by name", async () => {
    const addresses = "print(sorted({a[4][0] for a in s.getaddrinfo('www.example.com', 80)}))";
    expect(await here.python("alice", addresses)).toBe(`['${far4}', '${far6}']`);
    expect(await here.python("alice", "print(s.getaddrinfo('nothing.example.com', 80))")).toContain("gaierror");
  });

  test("with packets that are too large for the way: the errors of routers arrive", async () => {
    const send = (address: string) =>
      here.python(
        "alice",
        `
k = s.socket(s.AF_INET6 if ":" in "${address}" else s.AF_INET, s.SOCK_STREAM); k.settimeout(5)
k.connect(("${address}", 7001)); k.sendall(b"x" * 100000); k.shutdown(1); print(k.recv(100).decode())`,
      );
    expect(await send(far6)).toBe("100000");
    expect(await send(far4)).toBe("100000");
    // And those about visitors' connections, which are not tracked.
    const visit = `curl -sg --max-time 10 --interface ${far6} -d 'head -c 100000 /dev/zero | tr "\\0" x' http://[fd00:8000:0:1::1]/ | wc -c`;
    expect(Number((await here.outside(visit)).stdout)).toBeGreaterThan(100_000);
  });

  test("and each call is in the log, with the account's link and the address that the other side sees", async () => {
    await expect
      .poll(() => here.sh("cat /var/log/fairhost-egress/egress.log"))
      .toMatch(new RegExp(`IN=acc1 OUT=eth0 .*SRC=203.0.113.11 DST=${far4} .*PROTO=TCP SPT=\\d+ DPT=7000 `));
    const log = await here.sh("cat /var/log/fairhost-egress/egress.log");
    expect(log).toMatch(
      new RegExp(`IN=acc2 OUT=eth0 .*SRC=fd00:8000:0:2::2 DST=${far6} .*PROTO=TCP SPT=\\d+ DPT=7000 `),
    );
  });
});

describe("an account does not reach", () => {
  test("the infrastructure: routers, hosts, management controllers", async () => {
    for (const address of ["fd00:8000::1", "fd00:8000::b9", "fd00:8000::11"]) {
      expect(await here.call("alice", address, 80), address).toBe(refused);
      expect(await here.call("alice", address, 7000), address).toBe(refused);
    }
    expect(await here.counted("an account calls the infrastructure")).toBeGreaterThan(5);
  });

  test("addresses that are not of the Internet", async () => {
    expect(await here.call("alice", "fd99::1", 7000)).toBe(refused);
    expect(await here.call("alice", "10.9.9.9", 7000)).toBe(refused);
    expect(await here.counted("an account calls what is not of the Internet")).toBeGreaterThan(1);
    // Without a link-local address there is no way to one.
    expect(await here.call("alice", "fe80::1", 7000)).not.toMatch(/::/);
    // The test can fail: there the same server answers the host.
    expect((await here.host.run("bash -c 'cat </dev/tcp/fd99::1/7000'")).stdout).toBe("fd00:8000::11");
  });

  test("BGP of anybody", async () => {
    expect(await here.call("alice", far6, 179)).toBe(refused);
  });

  test("services of the host", async () => {
    const listen =
      'import socket, time; k = socket.create_server(("::", 9090), family=socket.AF_INET6, dualstack_ipv6=True); time.sleep(999)';
    await here.sh(
      `systemd-run --quiet --unit=service python3 -c '${listen}'; until ss -Hltn | grep -q :9090; do sleep 0.1; done`,
    );
    for (const address of ["fd00:8000:0:1::1", "fd00:8000:0:2::1", resolver]) {
      expect(await here.call("alice", address, 9090), address).toBe(refused);
      expect(await here.call("alice", address, 22), address).toBe(refused);
    }
    expect(await here.call("alice", "203.0.113.11", 9090)).toBe(refused);
  });

  test("a neighbour's network, only what the neighbour offers to the public", async () => {
    const listen = `
import os, time
k = s.socket(s.AF_INET6); k.setsockopt(s.SOL_SOCKET, s.SO_REUSEADDR, 1); k.bind(("::", 7777)); k.listen()
if os.fork() == 0:
    os.setsid(); [os.dup2(os.open("/dev/null", 2), n) for n in range(3)]
    while True:
        c, _ = k.accept(); c.sendall(b"bob"); c.close()`;
    await here.python("bob", listen);
    expect(await here.call("bob", "fd00:8000:0:2::2", 7777)).toBe("bob");
    expect(await here.call("alice", "fd00:8000:0:2::2", 7777)).toBe(refused);
    expect(await here.call("alice", "fd00:8000:0:2::1", 7777)).toBe(refused);
    const [neighbour4 = ""] = /100\.\d+\.\d+\.\d+/.exec(await here.sh("ip route show dev acc2"))!;
    expect(await here.call("alice", neighbour4, 7777)).toBe(refused);
    // Nor does anybody outside, or the host.
    const knock = "curl -sg --http0.9 --max-time 2 http://[fd00:8000:0:2::2]:7777/";
    expect((await here.outside(knock)).exitCode).toBe(28);
    expect((await here.host.run(knock)).exitCode).toBe(7);
    // What is public is answered by the front end.
    const status = "curl -sg -o /dev/null -w '%{http_code}' --max-time 5 -d true";
    expect(await here.inside("alice", `${status} http://[fd00:8000:0:2::1]/`)).toBe("200");
  });

  test("anybody with an address that is not its own", async () => {
    for (const spoofed of ["fd00:8000:0:2::2", "fd00:8000:0:1::1", "fd00:8000::11", "2600:77::1"]) {
      const before = await here.counted("an address that is not its own");
      expect(await here.call("alice", far6, 7000, "DGRAM", spoofed, 0.3), spoofed).toBe("timeout");
      expect(await here.call("alice", resolver, 53, "DGRAM", spoofed, 0.3), spoofed).toBe("timeout");
      expect(await here.counted("an address that is not its own"), spoofed).toBeGreaterThan(before);
    }
    // Binding the address is no obstacle: with the account's own it works.
    expect(await here.call("alice", far6, 7000, "DGRAM", "fd00:8000:0:1::2")).toBe("fd00:8000:0:1::2");
  });

  test("anybody outside with any other address of either IP version: not one packet leaves", async () => {
    // The router counts what is called at a port that nobody else calls.
    await here.sh(`ip netns exec outside nft -f - <<'end'
table inet spoofed { chain seen { type filter hook prerouting priority raw
  th dport != 7777 accept
  meta nfproto ipv6 ip6 saddr fd00:8000:0:1::2 counter accept comment "own"
  meta nfproto ipv4 ip saddr 203.0.113.11 counter accept comment "own"
  counter comment "foreign"
  }
}
end`);
    const counted = async (which: string) =>
      [...(await here.sh("ip netns exec outside nft list table inet spoofed")).matchAll(/packets (\d+) .*"(\w+)"/g)]
        .filter(([, , name]) => name === which)
        .reduce((sum, [, packets]) => sum + Number(packets), 0);
    const send = (sources: string) =>
      here.python(
        "alice",
        `
import ipaddress, random
random.seed(16)
def send(source, kind):
    six = ":" in source
    k = s.socket(s.AF_INET6 if six else s.AF_INET, kind); k.setblocking(False)
    k.setsockopt(*((41, 78, 1) if six else (0, 15, 1)))
    try: k.bind((source, 0)); k.connect(("${far6}" if six else "${far4}", 7777)); k.send(b"x")
    except OSError: pass
    return k
sources = ${sources}
held = [send(source, kind) for source in sources for kind in (s.SOCK_DGRAM, s.SOCK_STREAM)]
print(len(held))`,
      );
    const random = (first: string, bits: number, kind: string) =>
      `[str(ipaddress.${kind}(int(ipaddress.${kind}("${first}")) + random.getrandbits(${bits}))) for _ in range(200)]`;
    const of = [
      `["fd00:8000:0:1::1", "fd00:8000:0:2::2", "fd00:8000::11", "fd00:8000::1", "203.0.113.1", "203.0.113.12", "100.64.0.9", "192.0.2.1"]`,
      random("fd00:8000:0:1::", 64, "IPv6Address"),
      random("fd00:8000::", 80, "IPv6Address"),
      random("2600::", 100, "IPv6Address"),
      random("100.64.0.0", 22, "IPv4Address"),
      random("1.0.0.0", 29, "IPv4Address"),
    ];
    const before = await here.counted("an address that is not its own");
    expect(await send(of.join(" + "))).toBe("2016");
    expect(await here.counted("an address that is not its own")).toBeGreaterThan(before + 1000);
    // The test can fail: its own are seen.
    await send(`["fd00:8000:0:1::2", "0.0.0.0"]`);
    await expect.poll(() => counted("own")).toBeGreaterThanOrEqual(4);
    expect(await counted("foreign")).toBe(0);
    await here.sh("ip netns exec outside nft delete table inet spoofed");
  });

  test("more connections in the kernel's table than its share, half open or UDP, however often it sleeps and wakes", async () => {
    await here.sh("ip -n beyond route add blackhole 2600:9::bad/128");
    const entries = async () => Number(await here.sh("cat /proc/sys/net/netfilter/nf_conntrack_count"));
    const before = await entries();
    // Each time as many as begin at once; the entries of half-open ones stay for two minutes.
    const flood = `
held = []
for n in range(500):
    for kind in [s.SOCK_STREAM] * 3 + [s.SOCK_DGRAM]:
        k = s.socket(s.AF_INET6, kind); k.setblocking(False); held.append(k)
        try: k.connect(("2600:9::bad", 9)); k.send(b"x")
        except OSError: pass`;
    for (let round = 0; round < 4; round++) {
      await here.python("carol", flood);
      await here.sh(
        "systemctl stop account-3-http-shell.service; while ip link show acc3 2>/dev/null; do sleep 0.1; done",
      );
    }
    const left = (await entries()) - before;
    expect(left).toBeGreaterThan(300);
    // With what the host itself calls meanwhile. Without the bound it is 8000.
    expect(left).toBeLessThan(bounds.open.usual * 1.5);
    expect(await here.call("bob", far6, 7000)).toBe("fd00:8000:0:2::2");
  });

  test("more than its share", async () => {
    // Its plan allows it as many a second.
    const flood = `
held = []
for n in range(1600):
    k = s.socket(s.AF_INET6, s.SOCK_DGRAM); k.setblocking(False); held.append(k)
    try: k.connect(("${far6}", 9)); k.send(b"x")
    except OSError: pass`;
    const inTable = async () => Number(await here.sh("cat /proc/sys/net/netfilter/nf_conntrack_count"));
    const before = await inTable();
    await here.python("grace", flood);
    const entries = (await inTable()) - before;
    expect(entries).toBeGreaterThan(bounds.open.usual - 100);
    expect(entries).toBeLessThan(bounds.open.usual + 200);
    expect(await here.call("grace", far6, 7000)).toBe(refused);
    // The neighbour does not notice.
    expect(await here.call("bob", far6, 7000)).toBe("fd00:8000:0:2::2");
    expect(await here.sh("nft list set inet fairhost unlogged")).toContain('"acc7"');
    expect(Number(await here.sh("grep -c 'IN=acc7 ' /var/log/fairhost-egress/egress.log"))).toBeLessThan(300);
  });

  test("more mail than its share", async () => {
    const senders = `
import collections
seen = collections.Counter()
for n in range(80):
    k = s.socket(s.AF_INET6, s.SOCK_STREAM); k.settimeout(10)
    try: k.connect(("${far6}", 25)); seen["sent"] += 1
    except ConnectionRefusedError: seen["refused"] += 1
    k.close()
print(seen["sent"], seen["refused"])`;
    const [sent, turnedAway] = (await here.python("bob", senders)).split(" ").map(Number);
    expect(sent).toBeGreaterThanOrEqual(60);
    expect(sent).toBeLessThan(70);
    expect(turnedAway).toBe(80 - sent!);
    expect(await here.call("bob", far6, 7000)).toBe("fd00:8000:0:2::2");
  });
});

describe("an account with limits of its own", () => {
  /** How many of so many calls came through. */
  const calls = async (name: string, port: number, count: number) =>
    Number(
      await here.python(
        name,
        `
sent, held = 0, []
for n in range(${count}):
    k = s.socket(s.AF_INET6); k.settimeout(10)
    try: k.connect(("${far6}", ${port})); sent += 1
    except ConnectionRefusedError: pass
    held.append(k)
print(sent)`,
      ),
    );

  test("sends no more mail than these allow, and a neighbour as much as usual", async () => {
    expect(await calls("frank", 25, 5)).toBe(5);
    expect(await calls("frank", 587, 5)).toBe(0);
    expect(await calls("dora", 25, 10)).toBe(10);
    expect(await calls("frank", 7000, 5)).toBe(5);
  });

  test("has no more connections at one time than these allow, and new ones after their end", async () => {
    expect(await calls("frank", 7000, 40)).toBe(30);
    expect(await calls("frank", 7000, 5)).toBe(5);
    expect(await calls("dora", 7000, 40)).toBe(40);
  });

  test("finds in its log how many were refused and why, and a neighbour finds nothing", async () => {
    const said = () => here.inside("frank", "cat admin/logs/network.log");
    const say = () => here.sh("systemctl start fairhost-bounds.service");
    await say();
    const line = (count: number, limit: string) =>
      new RegExp(`^\\S+ fairhost: ${count} connections to the outside were refused: limit ${limit}$`, "m");
    expect(await said()).toMatch(line(5, "mailsPerMinute"));
    expect(await said()).toMatch(line(10, "outgoingConnections"));
    expect(await here.inside("dora", "cat admin/logs/network.log")).toBe("");
    // Once: the next look has nothing new to say, and then only what is new.
    const before = await said();
    await say();
    expect(await said()).toBe(before);
    await calls("frank", 7000, 31);
    await say();
    expect((await said()).slice(before.length)).toMatch(line(1, "outgoingConnections"));
  });
});

visitedCases(() => here);
resolverCases(() => here);

describe("units of one account share", () => {
  const listen = (family: string, address: string) => `
import os
k = s.socket(s.${family}); k.bind(${address}); k.listen()
if os.fork() == 0:
    os.setsid(); [os.dup2(os.open("/dev/null", 2), n) for n in range(3)]
    while True:
        c, _ = k.accept(); c.sendall(b"hello"); c.close()`;
  const ask = (family: string, address: string) => `
k = s.socket(s.${family}); k.settimeout(10)
try: k.connect(${address}); print(k.recv(100).decode())
except OSError as e: print(e.strerror)`;

  test.each([
    ["the loopback", "AF_INET", '("127.0.0.1", 7001)'],
    ["its form of IPv6", "AF_INET6", '("::1", 7002)'],
    ["abstract sockets", "AF_UNIX", '"\\0fairhost-test"'],
  ])("%s, and another account does not", async (_, family, address) => {
    await here.python("alice", listen(family, address));
    expect(await here.python("alice", ask(family, address), "second")).toBe("hello");
    expect(await here.python("bob", ask(family, address))).toBe("Connection refused");
  });
});
