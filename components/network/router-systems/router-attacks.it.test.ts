import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { type NeighboredRouter, neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { deliveredRouters } from "./delivered-routers.ts";

/** What a host that is not what it was, and visitors who mean harm, do to a delivered router: it believes none of it, and serves all others. */
const [host, otherHost] = plan.hosts as [(typeof plan.hosts)[number], (typeof plan.hosts)[number]];
const [operator] = plan.operators as [(typeof plan.operators)[number]];
const [own6, own4] = [":", "."].map((mark) => host.prefixes.find((each) => each.includes(mark))!) as [string, string];
/** Behind the first operator. */
const [outside6, outside4] = ["2620:4f:8000::5", "192.31.196.5"];
const patient = { timeout: 60_000, interval: 500 };

/** Sends a datagram to each of so many addresses of a /64 that nobody has. Prints how many seconds it took. */
const knock = `import socket, sys, time
source, prefix, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
k = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM); k.bind((source, 0))
begun = time.monotonic()
for each in range(count): k.sendto(b"knock", (f"{prefix}:dead:{each:x}", 9))
print(time.monotonic() - begun)
`;

/** Asks for an answer of the first router on the way: the lifetime of the packet ends there. Prints who answers, and the type of ICMP. */
const trace = `import socket, sys
source, target = sys.argv[1:]
six = ":" in source
family = socket.AF_INET6 if six else socket.AF_INET
errors = socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP)
errors.bind((source, 0)); errors.settimeout(5)
k = socket.socket(family, socket.SOCK_DGRAM); k.bind((source, 0))
k.setsockopt(*((socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS) if six else (socket.IPPROTO_IP, socket.IP_TTL)), 1)
for _ in range(5):
    k.sendto(b"trace", (target, 33434))
    try:
        data, peer = errors.recvfrom(2000)
    except TimeoutError:
        continue
    kind = data[0] if six else data[(data[0] & 15) * 4]
    if kind == (3 if six else 11):
        print(peer[0], kind); break
else:
    print("nobody")
`;

/** Asks whether there is a router (RFC 4861). Prints who says so. */
const solicit = `import socket, struct
k = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
index = socket.if_nametoindex("eth0")
k.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
k.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, index)
k.setsockopt(socket.IPPROTO_ICMPV6, 1, struct.pack("=8I", *[~(1 << 6) & 0xFFFFFFFF if word == 4 else 0xFFFFFFFF for word in range(8)]))
k.settimeout(3)
for _ in range(5):
    k.sendto(bytes([133, 0, 0, 0, 0, 0, 0, 0]), ("ff02::2", 0, 0, index))
    try:
        data, peer = k.recvfrom(2000)
    except TimeoutError:
        continue
    print(peer[0]); break
else:
    print("nobody")
`;

describe.each(["bird", "frr"] as const)("a delivered router of %s", (manufacturer) => {
  let on: NeighboredRouter;
  const first = { ...oneSwitch.routers[0]!, manufacturer, ssh: { address: "fd00::1", port: 22 } };
  const [delivered] = deliveredRouters({ routers: [first, ...oneSwitch.routers.slice(1)] });
  const asked = (space: string, what: string) => on.sh(`birdc -s /run/${space}.ctl '${what}'`);
  const portTo = (leadsTo: string) => plan.interfaces.find((each) => each.leadsTo === leadsTo)!.ports[0]!;
  const portOf = (space: string) =>
    portTo(
      space === host.name
        ? "switches of the site"
        : `${space === plan.routers[0]!.name ? "router" : "operator"} ${space}`,
    );
  /** Since when all others than the host have their sessions. */
  const others = async () => (await on.since()).split(",").slice(1);
  /** Prefixes that the other router, and operators, were told of. */
  const told = async () => {
    const ofEach = [...plan.routers, ...plan.operators].map(async ({ name }) =>
      [...(await asked(name, "show route protocol router")).matchAll(/^(\S+\/\d+) /gm)].map(
        ([, prefix]) => `${name} ${prefix}`,
      ),
    );
    return (await Promise.all(ofEach)).flat().sort();
  };
  /** Another configuration of a neighbour's routing: of the host's, unless it is said. */
  const asHost = async (change: (text: string) => string, space = host.name) => {
    const configured = await on.sh(`cat /run/${space}.first`);
    await on.router.writeFile(`/run/${space}.conf`, change(configured));
    await asked(space, "configure");
  };

  beforeAll(async () => {
    on = await neighboredRouter();
    const { router, sh } = on;
    const { script, payload } = (await loadBootstrap()).forRouter(delivered!, 0);
    await succeed(router, ["/bin/sh", "-c", script], payload);
    await sh(`sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd
      for each in ${host.name} ${operator.name}; do cp /run/$each.conf /run/$each.first; done`);
    await succeed(router, ["fairhost-host", "apply"], routerDelivery(renderRouterBundle(delivered!, plan)));
    await router.writeFile("/run/knock.py", knock);
    await router.writeFile("/run/trace.py", trace);
    await router.writeFile("/run/solicit.py", solicit);
  }, 300_000);
  afterAll(() => on?.router.stop());

  test("has its sessions and forwards", async () => {
    await on.allEstablished();
    await on.forwards();
  }, 300_000);

  test("believes no host's link-local address, which it says beside its own and may be another's", async () => {
    const ways = `ip -6 route show ${own6}; ip route show ${own4}`;
    await expect.poll(() => on.sh(ways), patient).toMatch(/ via [\s\S]* via inet6 /);
    expect((await on.sh(ways)).match(/(?<= via )(?:inet6 )?\S+/g)).toEqual([host.address, `inet6 ${host.address}`]);
  });

  test("believes a host no prefix of others, no part of its own, and no way out", async () => {
    const [before, since] = [await told(), await on.since()];
    // Its own way out stays, whatever it says.
    await on.sh(`ip -n ${host.name} -6 route add ${outside6}/128 via ${plan.address}
      ip -n ${host.name} route add ${outside4}/32 via inet6 ${plan.address} dev eth0`);
    const leaked = [
      ...["::/0", plan.infrastructure, "fd00:8000::/32", "fd00:8000::/48", "fd00:8000:0:77::/64", "2620:4f:8000::/48"],
      ...[
        otherHost.prefixes.find((each) => each.includes(":"))!,
        own6.replace("/64", "/65"),
        own6.replace("/64", "1/128"),
      ],
    ];
    const leaked4 = ["0.0.0.0/0", "192.0.2.0/24", "192.0.2.12/32", "192.31.196.0/24"];
    const routes = (prefixes: readonly string[]) => prefixes.map((prefix) => `route ${prefix} unreachable; `).join("");
    await asHost(
      (text) =>
        `${text}\nprotocol static leaked { ipv6; ${routes(leaked)}}\nprotocol static leaked4 { ipv4; ${routes(leaked4)}}\n`,
    );
    // Its program has told all of them.
    const sent = new RegExp(
      `, ${leaked.length + host.prefixes.length - 1} exported[\\s\\S]*, ${leaked4.length + 1} exported`,
    );
    await expect
      .poll(
        async () => (await asked(host.name, "show protocols all router")).replace(/^[\s\S]*?Channel ipv6/, ""),
        patient,
      )
      .toMatch(sent);
    await on.forwards();
    expect(await told()).toEqual(before);
    await asHost((text) => text);
    await on.sh(`ip -n ${host.name} -6 route del ${outside6}/128; ip -n ${host.name} route del ${outside4}/32`);
    await on.forwards();
    expect(await on.since()).toBe(since);
  }, 240_000);

  const strangers = [
    ["another host", otherHost.address],
    ["the other router", plan.address.replace(/1$/, "2")],
    ["an operator", plan.operators[1]!.neighbor],
  ] as const;
  test.each([
    ...strangers.map((each) => [host.name, "its accounts are", ...each, host.prefixes] as const),
    ...strangers.map(
      (each) => [operator.name, "networks of others are", ...each, ["2620:4f:8000::/48", "192.31.196.0/24"]] as const,
    ),
  ])(
    "does not believe %s that %s behind %s",
    async (space, _, __, nextHop, prefixes) => {
      const before = await told();
      const mine = (lines: readonly string[]) =>
        lines.filter((line) => prefixes.some((own) => line.endsWith(` ${own}`)));
      expect(mine(before)).not.toEqual([]);
      await asHost(
        (text) =>
          text.replaceAll(
            "export where source = RTS_STATIC;",
            `export filter { if source != RTS_STATIC then reject; bgp_next_hop = ${nextHop}; accept; };`,
          ),
        space,
      );
      await expect.poll(async () => mine(await told()), patient).toEqual([]);
      await asHost((text) => text, space);
      await expect.poll(told, patient).toEqual(before);
      await on.forwards();
    },
    240_000,
  );

  test("keeps all other sessions while one host's link comes and goes, and takes the host back each time", async () => {
    await on.allEstablished();
    const [before, since] = [await told(), await others()];
    for (let time = 0; time < 4; time++) {
      const [began] = (await on.since()).split(",");
      await on.sh(
        `ip netns exec ${host.name} nft 'table inet cut { chain in { type filter hook input priority -300; udp dport 3784 drop; }; }'`,
      );
      // Its program calls again at once, and goes on without BFD.
      await expect.poll(async () => (await on.since()).split(",")[0], patient).not.toBe(began);
      expect(await others()).toEqual(since);
      await on.sh(`ip netns exec ${host.name} nft destroy table inet cut`);
      await on.allEstablished();
    }
    await expect.poll(told, patient).toEqual(before);
    await on.forwards();
    expect(await others()).toEqual(since);
  }, 300_000);

  test.each([
    [outside6, own6.replace("/64", "1")],
    [outside4, own4.replace("/32", "")],
  ])(
    "answers %s whose packets end at it, also without an address of the family",
    async (source, target) => {
      const said = () => on.sh(`ip netns exec ${operator.name} python3 /run/trace.py ${source} ${target}`);
      const answered = source.includes(":") ? / 3\n$/ : / 11\n$/;
      expect(await said()).toMatch(answered);
      if (source.includes(":")) return;
      // As a router has it whose operators all carry IPv4 over IPv6: the kernel answers with RFC 7600's address.
      const [address] = plan.operators.flatMap(({ over4 }) => over4 ?? []);
      const port = portTo(`operator ${plan.operators.find(({ over4 }) => over4)!.name}`);
      const own = `${address!.address}/${address!.prefixLength}`;
      await on.sh(`ip address del ${own} dev ${port}`);
      expect(await said()).toBe("192.0.0.8 11\n");
      await on.sh(`ip address add ${own} dev ${port}`);
    },
    120_000,
  );

  test.each([
    ["the network of hosts", "transit-1", outside6, plan.address.replace(/1$/, ""), portTo("switches of the site")],
    [
      "the link to an operator",
      host.name,
      own6.replace("/64", "1"),
      operator.address.replace(/2$/, ""),
      portTo(`operator ${operator.name}`),
    ],
  ])(
    "looks for few neighbours at a time, however many addresses of %s are asked for",
    async (_, space, source, prefix, port) => {
      // The table of neighbours belongs to the machine: so many are no harm.
      const count = 300;
      const took = Number(
        await on.sh(`ip netns exec ${space} python3 /run/knock.py ${source} ${prefix.replace(/:$/, "")} ${count}`),
      );
      const sought = (await on.sh(`ip -6 neighbor show dev ${port} nud all`)).match(/:dead:/g)?.length ?? 0;
      expect(sought).toBeGreaterThan(0);
      expect(sought).toBeLessThan(100 + 50 * took);
      await on.forwards();
    },
    120_000,
  );

  test.each([
    ["a host", host.name],
    ["the other router", plan.routers[0]!.name],
    ["an operator", operator.name],
  ])(
    "does not tell %s to take it for its way out, or an address of its network",
    async (_, space) => {
      const solicited = () => on.sh(`ip netns exec ${space} python3 /run/solicit.py`);
      expect(await solicited()).toBe("nobody\n");
      // Its program sends none: the firewall of a router whose ports nobody has declared has no rule against them.
      await on.sh("nft destroy table inet fairhost");
      expect(await solicited()).toBe("nobody\n");
      if (manufacturer === "frr") {
        // Told to by hand it does, and the firewall keeps it back.
        const tell = (what: string) =>
          on.sh(
            `vtysh -c 'configure terminal' -c 'interface ${portOf(space)}' -c '${what}ipv6 nd suppress-ra' 2>/dev/null`,
          );
        await tell("no ");
        await expect.poll(solicited, patient).toMatch(/^fe80:/);
        await on.sh("systemctl reload fairhost-router-firewall.service");
        expect(await solicited()).toBe("nobody\n");
        await tell("");
      }
      await on.sh("systemctl reload fairhost-router-firewall.service");
    },
    120_000,
  );

  test("finds neighbours that have spoken, however many others are looked for", async () => {
    const { sh } = on;
    const [there, far] = ["fd00:8000::b1", outside6];
    // A management controller, which no session is with.
    await sh(`ip -n ${host.name} address add ${there}/64 dev eth0 nodad
      systemd-run --quiet --collect --unit=flood ip netns exec transit-1 sh -c 'while :; do python3 /run/knock.py ${far} fd00:8000: 100; sleep 0.2; done'`);
    await sh(
      `ip netns exec ${host.name} sh -c 'until python3 /run/knock.py ${there} 2620:4f:8000: 1; do sleep 0.1; done'`,
    );
    const page = `ip netns exec transit-1 curl -sg -o /dev/null -w '%{http_code}' -m 20 --interface ${far} http://[${there}]:8080/`;
    const refused = async () =>
      Number(/chain neighbors[\s\S]*?counter packets (\d+)/.exec(await sh("nft list table inet fairhost"))![1]);
    for (let time = 0; time < 5; time++) {
      const before = await refused();
      await expect.poll(refused, patient).toBeGreaterThan(before);
      expect((await on.router.run(page)).stdout).toBe("200");
    }
    await sh(`systemctl stop flood.service; ip -n ${host.name} address del ${there}/64 dev eth0`);
  }, 120_000);
});
