import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { withCertificates } from "../../testing/acme-ca.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { programServer, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

const address4 = "192.0.2.10";
/** An account's own domain, with and without `www`, every other name below it, and one of the platform's. */
const names = ["alice.test", "www.alice.test", "*.alice.test", "alice.hosted.test"];
const servers = [
  { ...staticServer("www"), hostnames: names, https: true },
  { ...programServer("app", ["/usr/bin/node", "answers.mjs"]), https: true },
];
const declaration = withCertificates([{ number: 1, name: "alice", servers }]);
const bundle = (change: { address4?: string }) =>
  renderBundle(
    {
      ...declaration,
      frontEnds: declaration.frontEnds.map((frontEnd) => ({ ...frontEnd, ...change })),
    },
    "web1",
  );

/** The router of the site, in a network namespace of the container; visitors are behind it. It knows RFC 8950. */
const router = `
router id 10.0.0.1;
protocol device {}
protocol static { ipv6; route ::/0 unreachable; }
protocol static { ipv4; route 0.0.0.0/0 unreachable; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
protocol kernel { ipv4 { import none; export where source = RTS_BGP; }; }
protocol bgp web1 {
  local fd00:8000::1 as 60362;
  neighbor fd00:8000::11 as 4200000011;
  ipv6 { import all; export where source = RTS_STATIC; };
  ipv4 { import all; export where source = RTS_STATIC; extended next hop on; };
};
`;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const outside = async (command: string) =>
  (await host.run(["ip", "netns", "exec", "outside", "sh", "-c", command])).stdout;
const remembered = async () => Number(await sh("cat /proc/sys/net/netfilter/nf_conntrack_count"));
const visitor4 = "198.51.100.7";
const visit4 = (host: string) =>
  outside(`curl -s --max-time 10 --interface ${visitor4} -w ' %{http_code}' http://${address4}/ -H 'Host: ${host}'`);

beforeAll(async () => {
  host = await bootContainer({ name: "visitors" });
  await sh(`ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip link set eth0 up
    ip -6 address add fd00:8000::11/64 dev eth0 nodad
    ip netns exec outside sh -c 'ip link set lo up; ip link set eth0 up; ip -6 address add fd00:8000::1/64 dev eth0 nodad
      ip -6 address add fd00:9::5/128 dev lo; ip -6 address add fd00:a::5/128 dev lo; ip address add ${visitor4}/32 dev lo'`);
  await placeBundle(host, bundle({ address4 }));
  await host.writeFile("/srv/accounts/1/home/www/index.html", "Hello\n");
  const answers = join(import.meta.dirname, "../../testing/programs/answers.mjs");
  await host.writeFile("/srv/accounts/1/home/answers.mjs", readFileSync(answers));
  await host.writeFile("/run/router.conf", router);
  await sh("systemd-run --quiet --unit=router ip netns exec outside bird -f -c /run/router.conf -s /run/router.ctl");
  await sh("until ip -6 route show default proto bird | grep -q via; do sleep 0.2; done");
});
afterAll(() => host?.stop());

describe("a declared IPv4 address", () => {
  test("is served by name, with the visitor's own address for the account", async () => {
    await expect.poll(() => visit4("www.alice.test")).toBe("Hello\n 200");
    await expect
      .poll(() => sh("cat /srv/accounts/1/admin/logs/front-end/access.log"))
      .toMatch(new RegExp(`^${visitor4} - - `, "m"));
    expect(await visit4(address4)).toContain("Unknown site");
  });

  test.each([...names.map((name) => name.replace("*", "shop")), "app.alice.test"])(
    "leads whoever has IPv4 alone to %s, by HTTP and by HTTPS",
    async (name) => {
      // Without IPv6 behind the router: nothing else can answer.
      const visit = (scheme: "http" | "https") =>
        outside(
          `curl -sk --max-time 60 --interface ${visitor4} --connect-to ::${address4}: -o /dev/null -w '%{http_code} %{remote_ip}' ${scheme}://${name}/`,
        );
      expect(await visit("http")).toBe(`200 ${address4}`);
      expect(await visit("https")).toBe(`200 ${address4}`);
    },
  );

  test("is announced to the router, with an IPv6 next hop", async () => {
    await expect.poll(() => sh(`birdc -s /run/router.ctl 'show route for ${address4}'`)).toContain("via fd00:8000::11");
    await expect.poll(() => sh("ip -4 route show default proto bird")).toContain("via inet6 fd00:8000::1");
  });

  test("is not asked on other ports", async () => {
    await sh("systemd-run --quiet --unit=open-port python3 -m http.server --bind 0.0.0.0 8080");
    await sh("until curl -s -o /dev/null http://127.0.0.1:8080/; do sleep 0.1; done");
    expect(await outside(`curl -s --max-time 2 --interface ${visitor4} http://${address4}:8080/; echo $?`)).toBe(
      "28\n",
    );
  });

  test("is gone when it is no longer declared, and IPv6 stays", async () => {
    await placeBundle(host, bundle({}));
    await sh("systemctl reload bird nginx");
    expect(await sh("ip -4 route show table local proto 66")).toBe("");
    await expect.poll(() => sh("ss -Hltn 'sport = :80'")).not.toContain("0.0.0.0");
    await expect.poll(() => sh("birdc -s /run/router.ctl 'show route protocol web1'")).not.toContain(address4);
    const visit6 = () => outside("curl -sg --max-time 2 --interface fd00:9::5 http://[fd00:8000:0:1::1]/");
    await expect.poll(visit6).toBe("Hello\n");
  });
});

// A full table of connections takes a host out of reach: what visitors do must not fill it.
describe("the kernel remembers nothing that visitors do", () => {
  const flood = (kind: string) => outside(`python3 -c '${kind}'`);

  // With `app.alice.test` each request goes on from the front end to a program of the account, which is proxied to in its own network.
  test.each([
    ["connections, ended or left open", "nobody.test", 421, 1],
    ["requests that a program answers", "app.alice.test", 200, 1],
    ["requests that a program answers, five over a connection", "app.alice.test", 200, 5],
  ])("%s", async (_what, name, status, each) => {
    const visit = () =>
      outside(
        `curl -sg --max-time 60 --interface fd00:9::5 http://[fd00:8000:0:1::1]/ -o /dev/null -w '%{http_code}' -H 'Host: ${name}'`,
      );
    expect(await visit()).toBe(`${status}`);
    await sleep(500);
    const before = await remembered();
    const answered = await flood(`
import http.client
held, right = [], 0
for n in range(300):
    c = http.client.HTTPConnection("fd00:8000:0:1::1", 80, source_address=("fd00:9::5", 0))
    for m in range(${each}):
        c.request("GET", "/", headers={"Host": "${name}"})
        answer = c.getresponse()
        answer.read()
        right += answer.status == ${status}
    if n % 2: c.close()
    else: held.append(c)
print(right)
`);
    expect(answered).toBe(`${300 * each}\n`);
    expect((await remembered()) - before).toBeLessThan(20);
    // In the account's own network, where it is proxied to, nothing is counted against the host's table either.
    if (status === 200) {
      const pid = await sh("systemctl show -P MainPID account-1-http-app.service");
      expect(Number(await sh(`nsenter -t ${pid.trim()} -n sysctl -n net.netfilter.nf_conntrack_count`))).toBeLessThan(
        20,
      );
    }
  });

  test("connections to SSH, and refused ones", async () => {
    const before = await remembered();
    await flood(`
import socket
for n in range(300):
    for port in (22, 80):
        s = socket.socket(socket.AF_INET6); s.setblocking(False); s.bind(("fd00:9::5", 0))
        try: s.connect(("fd00:8000::11", port))
        except BlockingIOError: pass
        s.close()
`);
    expect((await remembered()) - before).toBeLessThan(20);
  });

  // Whoever sends no whole request is in no limit of the front end.
  test("one that opens thousands of connections is slowed down, and no other", async () => {
    const held = outside(`python3 -c '
import socket, time
held = []
for n in range(4000):
    s = socket.socket(socket.AF_INET6); s.setblocking(False); s.bind(("fd00:9::5", 0))
    try: s.connect(("fd00:8000:0:1::1", 80))
    except BlockingIOError: pass
    held.append(s)
time.sleep(2)
'`);
    const dropped = async () =>
      Number(/counter packets (\d+)/.exec(await sh("nft list chain inet fairhost offered | grep callers6"))?.[1]);
    await expect.poll(dropped).toBeGreaterThan(500);
    expect(await sh("nft list set inet fairhost callers6")).toContain("fd00:9:: ");
    const visit = (from: string) => outside(`curl -s --max-time 5 --interface ${from} -g http://[fd00:8000:0:1::1]/`);
    expect(await visit("fd00:a::5")).toBe("Hello\n");
    await held;
    await expect.poll(() => visit("fd00:9::5")).toBe("Hello\n");
  });

  test("one that has a whole /48 is slowed down with a new /64 for each connection, and no other", async () => {
    const dropped = async () =>
      Number(
        /counter packets (\d+)/.exec(
          await sh("nft list chain inet fairhost offered | grep 'ip6 saddr & ffff:ffff:ffff:: '"),
        )?.[1],
      );
    const before = await dropped();
    await outside(`python3 -c '
import socket
for n in range(40000):
    s = socket.socket(socket.AF_INET6); s.setblocking(False)
    s.setsockopt(socket.IPPROTO_IPV6, 78, 1)
    s.bind((f"fd00:9:0:{n % 4000 + 16:x}::5", 0))
    try: s.connect(("fd00:8000:0:1::1", 80))
    except BlockingIOError: pass
    s.close()
'`);
    await expect.poll(dropped).toBeGreaterThan(before + 500);
    const visit = (from: string) => outside(`curl -s --max-time 5 --interface ${from} -g http://[fd00:8000:0:1::1]/`);
    expect(await visit("fd00:a::5")).toBe("Hello\n");
    await expect.poll(() => visit("fd00:9::5")).toBe("Hello\n");
  });

  test("pings, and packets to ports that are not offered", async () => {
    const before = await remembered();
    await flood(`
import socket, struct
icmp = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
for n in range(300):
    icmp.sendto(struct.pack("!BBHHH", 128, 0, 0, n, 1), ("fd00:8000::11", 0))
    udp.sendto(b"x", ("fd00:8000::11", 20000 + n))
`);
    expect((await remembered()) - before).toBeLessThan(20);
  });

  test("what it still remembers is bounded by the parameters of the bundle, set with the rules", async () => {
    expect(await sh("cat /proc/sys/net/netfilter/nf_conntrack_tcp_timeout_time_wait")).toBe("30\n");
    expect(await sh("grep -h nf_conntrack_max /usr/local/lib/sysctl.d/*")).toBe(
      "-net.netfilter.nf_conntrack_max = 1048576\n",
    );
  });

  test("and the host's own connections out are remembered, so their answers come in", async () => {
    await sh("systemd-run --quiet --unit=far ip netns exec outside python3 -m http.server --bind fd00:9::5 8000");
    const fetch = "curl -sg --max-time 5 -o /dev/null -w '%{http_code}' http://[fd00:9::5]:8000/";
    await expect.poll(async () => (await host.run(fetch)).stdout).toBe("200");
  });
});

test("with the table of connections full visitors are served and the controller gets in", async () => {
  const most = Number(await sh("cat /proc/sys/net/netfilter/nf_conntrack_max"));
  const fill = join(import.meta.dirname, "../../testing/programs/fill-conntrack.py");
  await host.writeFile("/run/fill.py", readFileSync(fill));
  await sh("systemd-run --quiet --unit=full-table python3 /run/fill.py");
  const full = () => expect.poll(remembered).toBeGreaterThanOrEqual(most);
  // Until what the host itself had remembered has gone, there may be room for a moment. Then its own new connections fail: the table is really full.
  const isRefused = async () => {
    await full();
    return (await host.run("curl -sg --max-time 2 -o /dev/null -w '%{http_code}' http://[fd00:9::5]:8000/")).stdout;
  };
  await expect.poll(isRefused).toBe("000");
  const visit = () => outside("curl -sg --max-time 5 --interface fd00:9::5 http://[fd00:8000:0:1::1]/");
  for (let times = 0; times < 20; times++) {
    await full();
    expect(await visit()).toBe("Hello\n");
  }
  await host.writeFile(
    "/run/ssh.py",
    "import socket\nlistening = socket.create_server(('::', 22), family=socket.AF_INET6)\nwhile True: listening.accept()[0].sendall(b'in')\n",
  );
  await sh("systemd-run --quiet --unit=ssh-port python3 /run/ssh.py");
  const controller = `import socket; print(socket.create_connection(("fd00:8000::11", 22), 5, ("fd00:9::5", 0)).recv(9).decode())`;
  await expect.poll(() => outside(`python3 -c '${controller}'`)).toBe("in\n");
  await full();
  expect(await sh("systemctl is-active full-table")).toBe("active\n");
  await expect.poll(isRefused).toBe("000");
});

// Each of its addresses opens one connection: no limit of a visitor slows it down.
test("with the queue of new connections full of half-open ones a visitor is served by a cookie", async () => {
  const longest = (await sh("sysctl -n net.core.somaxconn")).trim();
  const visit = async () => outside("curl -s --max-time 3 --interface fd00:a::5 -g http://[fd00:8000:0:1::1]/");
  const cookies = async (which: "Sent" | "Recv") =>
    Number(/\s(\d+)\s/.exec(await sh(`nstat -asz TcpExtSyncookies${which} | tail -n 1`))?.[1]);
  const halfOpen = async () => Number(await sh("ss -Htn state syn-recv 'sport = :80' | wc -l"));
  await sh("sysctl -qw net.core.somaxconn=16; systemctl restart nginx");
  await expect.poll(visit).toBe("Hello\n");
  await host.writeFile(
    "/run/half-open.py",
    `import itertools, socket, time
held = []
for n in itertools.count():
    s = socket.socket(socket.AF_INET6); s.setblocking(False)
    s.setsockopt(socket.IPPROTO_IPV6, 78, 1)
    s.bind((f"fd00:b:{n % 1000 + 1:x}::5", 0))
    try: s.connect(("fd00:8000:0:1::1", 80))
    except BlockingIOError: pass
    held.append(s)
    if len(held) > 900: held.pop(0).close()
    time.sleep(0.005)
`,
  );
  try {
    // Without cookies it would be turned away: so the queue is really full.
    await sh("sysctl -qw net.ipv4.tcp_syncookies=0");
    await sh("systemd-run --quiet --unit=half-open ip netns exec outside python3 /run/half-open.py");
    await expect.poll(halfOpen, { timeout: 20_000 }).toBeGreaterThan(15);
    await expect.poll(visit, { timeout: 60_000 }).toBe("");
    const sent = await cookies("Sent");
    expect(await visit()).toBe("");
    expect(await cookies("Sent")).toBe(sent);
    // As the bundle has it.
    await sh("sysctl -qw $(grep -h tcp_syncookies /usr/local/lib/sysctl.d/* | tr -d ' ')");
    await expect.poll(() => cookies("Sent"), { timeout: 20_000 }).toBeGreaterThan(sent);
    const before = await cookies("Recv");
    for (let times = 0; times < 10; times++) expect(await visit()).toBe("Hello\n");
    expect(await cookies("Recv")).toBeGreaterThan(before);
    expect(await halfOpen()).toBeGreaterThan(15);
  } finally {
    await sh(
      `systemctl stop half-open; sysctl -qw net.ipv4.tcp_syncookies=1 net.core.somaxconn=${longest}; systemctl restart nginx`,
    );
  }
  await expect.poll(visit).toBe("Hello\n");
}, 180_000);
