import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { bootWithOutside, far4, far6 } from "../../testing/fakes/outside.ts";
import { resolver } from "../account-network/links.ts";

/** Extension headers, fragments and routes that packets bring, to a host and from an account: what is closed stays closed, and no packet says where it goes. */
const [own6, own4, router6] = ["fd00:8000::11", "203.0.113.11", "fd00:8000::1"];
const [closed, open] = [7001, 7002];
const patient = { timeout: 30_000, interval: 300 };

let here: Awaited<ReturnType<typeof bootWithOutside>>;
/** Listens at both families. @returns a look at which kinds have come, each once */
const hearing = async (port: number, space = "", bind = "ipv6only=0") => {
  const within = space && `ip netns exec ${space}`;
  await here.sh(`rm -f /run/heard-${port}
    systemd-run --quiet --collect --unit=hearing-${port} ${within} socat -u UDP6-RECV:${port},${bind} OPEN:/run/heard-${port},creat
    until ${within} ss -Hlun 'sport = :${port}' | grep -q .; do sleep 0.1; done`);
  return async () => [
    ...new Set((await here.host.run(`cat /run/heard-${port}`)).stdout.split("\n").flatMap((line) => line.trim() || [])),
  ];
};

beforeAll(async () => {
  here = await bootWithOutside("odd-packets");
  for (const name of ["odd-packets.py", "redirect.py", "advertise.py", "too-big.py"])
    await here.host.writeFile(
      `/run/${name}`,
      readFileSync(join(import.meta.dirname, "../../testing/programs/packets", name), "utf8"),
    );
  await here.sh(`nft insert rule inet fairhost input udp dport ${open} accept
    nft insert rule inet fairhost untracked_in udp dport ${open} accept`);
}, 300_000);
afterAll(() => here?.host.stop());

test.each([
  [
    ...["IPv6", far6, own6],
    ["plain", "hop-by-hop", "destination", "many-headers", "atomic", "fragments"],
    ["tiny", "overlapping"],
  ],
  [...["IPv4", far4, own4], ["plain", "record", "fragments", "tiny"], ["overlapping"]],
] as const)(
  "a port that is closed is closed to packets of %s with any headers, and in any pieces",
  async (_, from, to, whole, broken) => {
    const [never, heard] = [await hearing(closed), await hearing(open)];
    const told = async () => {
      for (const port of [closed, open])
        await here.outside(`python3 /run/odd-packets.py ${from} ${to} ${port} ${[...broken, ...whole].join(" ")}`);
      return (await heard()).sort();
    };
    await expect.poll(told, patient).toEqual([...whole].sort());
    expect(await never()).toEqual([]);
    await here.sh(`systemctl stop hearing-${closed} hearing-${open}`);
  },
  120_000,
);

test.each([
  [...["IPv6", far6, router6, own6], ["route-0", "route-2", "route-3", "route-4"], ["route-4"], "ipv6", "seg6_enabled"],
  [
    ...["IPv4", far4, "203.0.113.1", own4],
    ["route-loose", "route-strict"],
    ["route-loose"],
    "ipv4",
    "accept_source_route",
  ],
] as const)(
  "no packet of %s goes on by the way it brings",
  async (_, from, to, via, routed, known, family, parameter) => {
    const set = (within: string, value: number) =>
      here.sh(
        ["all", "eth0", "eth1"]
          .map(
            (each) =>
              `f=/proc/sys/net/${family}/conf/${each}/${parameter}; ${within} sh -c "[ ! -e $f ] || echo ${value} >$f"`,
          )
          .join("; "),
      );
    // Others would take it: it is the host alone that does not.
    await set("ip netns exec outside", 1);
    const heard = await hearing(open, "outside");
    const told = async () => {
      await here.outside(`python3 /run/odd-packets.py ${from} ${to} ${open} --via ${via} ${routed.join(" ")}
        python3 /run/odd-packets.py ${from} ${to} ${open} plain`);
      return (await heard()).sort();
    };
    await expect.poll(told, patient).toEqual(["plain"]);
    await set("", 1);
    await here.sh("nft destroy table inet fairhost");
    await expect.poll(told, patient).toEqual(["plain", ...known].sort());
    await set("", 0);
    await here.sh(`systemctl reload nftables.service; systemctl stop hearing-${open}`);
  },
  120_000,
);

test("no program of an account leads a packet by the resolver to the infrastructure", async () => {
  const heard = await hearing(53, "outside", `bind=[${router6}]`);
  // An account may write a routing header: the kernel asks for no right.
  const program = `
k = s.socket(s.AF_INET6, s.SOCK_DGRAM)
last, first = (s.inet_pton(s.AF_INET6, each) for each in ("${router6}", "${resolver}"))
k.setsockopt(41, 57, bytes([0, 4, 4, 1, 1, 0, 0, 0]) + last + first)
k.sendto(b"by the resolver\\n", ("${router6}", 53)); print("sent")`;
  const told = async () => {
    expect(await here.python("alice", program)).toBe("sent");
    await here.sh(`ip netns exec outside python3 /run/odd-packets.py ${router6} ${router6} 53 plain`);
    return (await heard()).sort();
  };
  await expect.poll(told, patient).toEqual(["plain"]);
  // With the kernel's parameter it is the firewall that keeps it back, with neither of both it arrives.
  const set = (within: string, value: number) =>
    here.sh(`${within} sh -c 'for each in /proc/sys/net/ipv6/conf/*/seg6_enabled; do echo ${value} >$each; done'`);
  await set("ip netns exec outside", 1);
  await set("", 1);
  const refused = () => here.counted("an account calls the infrastructure");
  const before = await refused();
  expect(await told()).toEqual(["plain"]);
  expect(await refused()).toBeGreaterThan(before);
  await here.sh("nft destroy table inet fairhost");
  await expect.poll(told, patient).toEqual(["by the resolver", "plain"]);
  await set("", 0);
  await here.sh("systemctl reload nftables.service; systemctl stop hearing-53");
}, 60_000);

test.each([
  ["IPv6", far6, own6, router6, "-6", { 300: 1300, 1280: 1280 }],
  ["IPv4", far4, own4, "203.0.113.1", "-4", { 300: 552, 68: 552 }],
] as const)(
  "who lies about the size of packets of %s is believed only if it sees them, and no connection ends by it",
  async (_, far, own, router, family, believed) => {
    // Counts what comes; each part is sent as one packet.
    const sender = `
import socket, time
k = socket.create_connection(("${far}", 7001))
k.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for n in range(300): k.sendall(bytes(1400)); time.sleep(0.02)
k.shutdown(socket.SHUT_WR); print(k.recv(100).decode())`;
    const send = async () => (await here.host.run(["python3", "-c", sender])).stdout;
    // Meanwhile nothing is acknowledged, as if the packet had not gone on: errors about older ones count for nothing.
    const lie = (size: number, seen: "seen" | "unseen") =>
      here.sh(`until ss -Htn state established 'dport = :7001' | grep -q .; do sleep 0.1; done
        ip netns exec outside sh -ec '
        nft "table inet held { chain through { type filter hook forward priority 0; tcp sport 7001 drop; }; }"
        python3 /run/too-big.py ${router} ${own} 7001 ${size} ${seen}
        sleep 0.5; nft destroy table inet held'`);
    const size = async () =>
      Number(/ mtu (?:lock )?(\d+)/.exec(await here.sh(`ip ${family} route get ${far}`))?.[1] ?? 1500);
    const whole = `${300 * 1400}\n`;
    await here.sh(`ip ${family} route flush cache`);
    const blind = send();
    await lie(1000, "unseen");
    await lie(1000, "unseen");
    expect(await blind).toBe(whole);
    // Of the way to the servers, as the router has truly said.
    expect(await size()).toBe(1300);
    const belied = send();
    for (const [said, is] of Object.entries(believed)) {
      await lie(Number(said), "seen");
      await expect.poll(size, patient).toBe(is);
    }
    expect(await belied).toBe(whole);
    // The kernel forgets it, after ten minutes at most.
    expect(Number(/ expires (\d+)sec/.exec(await here.sh(`ip ${family} route get ${far}`))?.[1])).toBeLessThanOrEqual(
      600,
    );
    await here.sh(`ip ${family} route flush cache`);
  },
  120_000,
);

test("nobody on the link gives the host an address, a way or a size of packets", async () => {
  const given = async () => {
    const all = await here.sh(
      "ip -6 -o address show dev eth0 scope global; ip -6 route show dev eth0; cat /proc/sys/net/ipv6/conf/eth0/mtu",
    );
    return [...new Set(all.match(/2600:bad:|default via fe80|^1400$/gm))].sort();
  };
  const after = async <T>(look: () => Promise<T>) => {
    await here.sh("ip netns exec outside python3 /run/advertise.py eth0 2600:bad:: 1400");
    return look();
  };
  const heard = async () =>
    Number(/InRouterAdvertisements\s+(\d+)/.exec(await here.sh("nstat -asz Icmp6InRouterAdvertisements"))?.[1]);
  const before = await heard();
  await expect.poll(() => after(heard), patient).toBeGreaterThan(before);
  expect(await given()).toEqual([]);
  // Nor does anything ask for an address.
  expect(await here.sh("ss -Hlun '( sport = :68 or sport = :546 )'")).toBe("");
  // One that does not forward, as the kernel is by itself, believes the same packet.
  await here.sh(
    "sysctl -qw net.ipv6.conf.eth0.forwarding=0 net.ipv6.conf.eth0.accept_ra=1 net.ipv6.conf.eth0.accept_ra_rt_info_max_plen=64",
  );
  await expect.poll(() => after(given), patient).toEqual(["1400", "2600:bad:", "default via fe80"]);
  await here.sh(
    "sysctl -qw net.ipv6.conf.eth0.accept_ra=0 net.ipv6.conf.eth0.forwarding=1 net.ipv6.conf.eth0.mtu=1500; ip -6 route flush proto ra",
  );
}, 60_000);

test("no neighbour redirects the host", async () => {
  const [there6, there4, bad6, bad4] = ["2600:1::5", "198.51.100.99", "fe80::bad", "203.0.113.66"];
  const local = (await here.sh("ip -n outside -6 -brief address show dev eth0 scope link")).match(/fe80:\S+(?=\/)/)![0];
  await here.sh(`ip -6 route add ${there6}/128 via ${local} dev eth0; ip route add ${there4}/32 via 203.0.113.1
    ip -n outside address add ${bad4}/24 dev eth0`);
  const ways = async () => (await here.sh(`ip -6 route get ${there6}; ip route get ${there4}`)).match(/(?<=via )\S+/g);
  const redirect = () =>
    here.sh(`ip netns exec outside python3 /run/redirect.py ${local} ${own6} ${there6} ${bad6}
      ip netns exec outside python3 /run/redirect.py 203.0.113.1 ${own4} ${there4} ${bad4}`);
  await redirect();
  expect(await ways()).toEqual([local, "203.0.113.1"]);
  // One that is no host of Fairhost's believes the same packets.
  await here.sh(`nft destroy table inet fairhost
    sysctl -qw net.ipv6.conf.eth0.forwarding=0 net.ipv6.conf.eth0.accept_redirects=1 net.ipv4.conf.all.accept_redirects=1 net.ipv4.conf.eth0.accept_redirects=1`);
  const told = async () => {
    await redirect();
    return ways();
  };
  await expect.poll(told, patient).toEqual([bad6, bad4]);
}, 60_000);
