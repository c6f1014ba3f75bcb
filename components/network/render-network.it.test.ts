import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { placeBundle, succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";
import { resolver } from "../account-network/links.ts";
import type { OpenPort } from "../registry/bundle/renderer.ts";
import { renderTable } from "./nftables/firewall-table.ts";

const account = (number: number) => ({ number, name: `site-${number}`, servers: [staticServer("web")] });
const bundleOf = (...numbers: number[]) => renderBundle(declarationOf(numbers.map(account)), "web1");

/** The router of the site, in a network namespace of the container; its clients are behind it. */
const router = `
router id 10.0.0.1;
log stderr all;
protocol device {}
protocol static { ipv6; route ::/0 unreachable; route fd00:77::/48 unreachable; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
protocol bgp web1 {
  local fd00:8000::1 as 60362;
  neighbor fd00:8000::11 as 4200000011;
  ipv6 { import all; export where source = RTS_STATIC; };
}
`;

let host: ContainerHost;
const sh = (command: string) => succeed(host, command);
const outside = (command: string) => host.run(["ip", "netns", "exec", "outside", "sh", "-c", command]);

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (await holds()) return;
    await sleep(100);
  }
  throw new Error(`not seen in 20 s: ${what}`);
}

beforeAll(async () => {
  host = await bootContainer({ name: "network" });
  await sh(`ip netns add outside
    ip link add eth0 type veth peer name eth0 netns outside
    ip link set eth0 up
    ip -6 address add fd00:8000::11/64 dev eth0 nodad
    ip netns exec outside sh -c 'ip link set lo up; ip link set eth0 up; ip -6 address add fd00:8000::1/64 dev eth0 nodad
      ip -6 address add fd00:8000::99/64 dev eth0 nodad; ip -6 address add fd00:9::5/128 dev lo'`);
  await placeBundle(host, bundleOf(1, 2));
  await host.writeFile("/run/router.conf", router);
  await sh("systemd-run --quiet --unit=router ip netns exec outside bird -f -c /run/router.conf -s /run/router.ctl");
  await until("both prefixes at the router", async () => (await announced()).length === 2);
});
afterAll(() => host?.stop());

async function announced(): Promise<string[]> {
  const { stdout } = await host.run("birdc -s /run/router.ctl 'show route protocol web1'");
  return [...stdout.matchAll(/^(fd\S+\/\d+)/gm)].map(([, prefix]) => prefix!).sort();
}

/** Those of accounts. The resolver's is always there. */
async function localRoutes(): Promise<string[]> {
  const all = (await sh("ip -6 route show table local proto 66")).trim().split("\n").sort();
  const accounts = all.filter((route) => !route.startsWith(`local ${resolver} `));
  expect(all).toHaveLength(accounts.length + 1);
  return accounts;
}

test("exactly the accounts' prefixes are announced and local, and the way out is the router's", async () => {
  expect(await announced()).toEqual(["fd00:8000:0:1::/64", "fd00:8000:0:2::/64"]);
  expect((await localRoutes()).map((route) => route.split(" ").slice(0, 4).join(" "))).toEqual([
    "local fd00:8000:0:1::/64 dev lo",
    "local fd00:8000:0:2::/64 dev lo",
  ]);
  await until("a default route by BGP", async () =>
    /via fd00:8000::1 /.test(await sh("ip -6 route show default proto bird")),
  );
  expect(await sh("ip -6 route show proto bird")).not.toContain("fd00:77:");
});

test("what is offered is reached from outside, with the client's own address in the log", async () => {
  const words = "curl -sg --max-time 10 --interface fd00:9::5 -o /dev/null -w '%{http_code}'";
  await sh("echo hello > /srv/accounts/1/home/www/index.html");
  expect((await outside(`${words} http://[fd00:8000:0:1::1]/`)).stdout).toBe("200");
  expect((await outside(`${words} http://[fd00:8000:0:1:abcd::9]/ -H 'Host: web.site-1.test'`)).stdout).toBe("200");
  expect((await outside(`${words} http://[fd00:8000::11]/ -H 'Host: nobody.test'`)).stdout).toBe("421");
  // nginx writes a line after the answer that it is about.
  const log = () => sh("cat /srv/accounts/1/admin/logs/front-end/access.log");
  await expect.poll(async () => (await log()).match(/^fd00:9::5 - - /gm)).toHaveLength(2);
});

test("what is not offered is dropped and counted", async () => {
  const open = async (address: string, port: number, from = "fd00:9::5") =>
    (
      await outside(
        `bash -c 'timeout 2 curl -sg --interface ${from} --max-time 1 telnet://[${address}]:${port} </dev/null'; echo $?`,
      )
    ).stdout.trim();
  // The listening socket is there: from the host itself they answer.
  await sh("systemd-run --quiet --unit=open-port python3 -m http.server --bind :: 8080");
  await until("the open port", async () => (await host.run("curl -sg http://[::1]:8080/")).exitCode === 0);
  const timedOut = "28";
  expect(await open("fd00:8000::11", 8080)).toBe(timedOut);
  expect(await open("fd00:8000:0:2::1", 8080)).toBe(timedOut);
  expect(await open("fd00:8000::11", 179, "fd00:8000::99")).toBe(timedOut);
  // Nobody listens for SSH here: refused by the host, not dropped by the firewall.
  const refused = "7";
  expect(await open("fd00:8000::11", 22)).toBe(refused);
  expect(await sh("nft list chain inet fairhost input")).toMatch(
    /counter packets [1-9]\d* bytes \d+ comment "dropped: not offered/,
  );
});

test("ports that another kind opens are reached on every address, its neighbours are not, and their sockets only answer", async () => {
  const [declared] = declarationOf([]).hosts;
  const ports: OpenPort[] = [
    { protocol: "tcp", port: 22 },
    { protocol: "tcp", port: 80 },
    { protocol: "tcp", port: [2121, 2123] },
    { protocol: "tcp", port: [2122, 2124] },
    { protocol: "udp", port: 443 },
  ];
  const around = {
    ownPorts: [],
    accountUids: "1900000001-1900065535",
    sites: [],
    infrastructure: [],
    owned: [],
    controllers: [],
  };
  const [rules] = renderTable(declared!, { ...around, openPorts: ports });
  await host.writeFile("/run/open.nft", rules!.content!);
  await sh("nft -f /run/open.nft");
  const knock = async (address: string, port: number) =>
    (await outside(`curl -sg --interface fd00:9::5 --max-time 1 http://[${address}]:${port}/ </dev/null`)).exitCode;
  const [timedOut, refused] = [28, 7];
  for (const port of [2121, 2124]) {
    expect(await knock("fd00:8000::11", port)).toBe(refused);
    expect(await knock("fd00:8000:0:2::1", port)).toBe(refused);
  }
  for (const port of [2120, 2125]) expect(await knock("fd00:8000::11", port)).toBe(timedOut);
  const call = (kind: string, port: number) =>
    host.run(`python3 -c "
import socket as s
k = s.socket(s.AF_INET6, s.${kind}); k.bind(('::', ${port})); k.settimeout(2); k.connect(('fd00:8000::99', 9)); k.send(b'x')"`);
  await call("SOCK_STREAM", 2123);
  await call("SOCK_DGRAM", 443);
  const chain = await sh("nft list chain inet fairhost output");
  expect(chain).toMatch(/tcp sport .* counter packets [1-9]\d* .*"a socket of an open port calls out"/);
  expect(chain).toMatch(/udp sport 443 counter packets [1-9]\d* .*"a socket of an open port calls out"/);
  await sh("systemctl reload nftables");
});

test("addresses of the host itself are not believed from outside", async () => {
  await sh("ip netns exec outside ip -6 address add fd00:8000:0:2::66/128 dev lo nodad");
  expect(
    (await outside("curl -sg --max-time 2 --interface fd00:8000:0:2::66 http://[fd00:8000:0:1::1]/")).exitCode,
  ).toBe(28);
  expect(await sh("nft list chain inet fairhost input")).toMatch(/fib saddr type local counter packets [1-9]/);
});

test("an account that leaves takes its route and its announcement along, and the other's stays untouched", async () => {
  const [kept] = await localRoutes();
  await placeBundle(host, bundleOf(1, 3));
  const routes = await localRoutes();
  expect(routes).toHaveLength(2);
  expect(routes[0]).toBe(kept);
  expect(routes[1]).toContain("fd00:8000:0:3::/64");
  await until(
    "the new prefix at the router",
    async () => (await announced()).join() === "fd00:8000:0:1::/64,fd00:8000:0:3::/64",
  );
  await placeBundle(host, bundleOf());
  expect(await localRoutes()).toEqual([]);
  await until("no prefix at the router", async () => (await announced()).length === 0);
});

test("a reload takes over what changed, and no session or socket is lost", async () => {
  await placeBundle(host, bundleOf(1));
  await until("the session", async () => (await announced()).join() === "fd00:8000:0:1::/64");
  const before = await sh("systemctl show -p MainPID nginx bird");
  await sh("echo 'route fd00:8000:0:7::/64 unreachable;' > /var/lib/fairhost/current/bird/accounts/7.conf");
  await sh("echo '/ 1/unix:/run/fairhost-http/account-1-http-web' > /var/lib/fairhost/current/sites/names/new.test");
  await sh("systemctl reload bird nginx");
  await until("the new prefix", async () => (await announced()).length === 2);
  const status = "curl -s --max-time 10 -o /dev/null -w '%{http_code}' -H 'Host: new.test' http://[::1]/";
  await until("the new site", async () => (await host.run(status)).stdout === "200");
  expect(await sh("systemctl show -p MainPID nginx bird")).toBe(before);
});

test("the firewall is replaced as a whole, beside what others have", async () => {
  await sh("nft add table inet others && systemctl reload nftables && systemctl reload nftables");
  const tables = await sh("nft list tables");
  expect(tables).toContain("table inet others");
  for (const own of ["fairhost", "fairhost_bans"])
    expect(tables.match(new RegExp(`^table inet ${own}$`, "gm"))).toHaveLength(1);
});

test("a thousand accounts' routes are set in one go", async () => {
  await placeBundle(host, bundleOf(1));
  const numbers = Array.from({ length: 1000 }, (_, index) => `fd00:8000:0:${(index + 1).toString(16)}::/64`);
  await sh(
    `cd /var/lib/fairhost/current/network/accounts && i=0; for p in ${numbers.join(" ")}; do i=$((i+1)); echo $p > $i; done`,
  );
  const begin = performance.now();
  await sh("systemctl restart fairhost-routes");
  const all = performance.now() - begin;
  expect(await localRoutes()).toHaveLength(1000);
  await sh("systemctl restart fairhost-routes");
  console.info(`1,000 routes: ${all.toFixed(0)} ms, again: ${(performance.now() - begin - all).toFixed(0)} ms`);
});
