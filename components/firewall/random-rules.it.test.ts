import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { within4, within6 } from "../../lib/ranges.ts";
import { succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, service } from "../../testing/fixtures/bundle-fixture.ts";
import { type FirewallRule, familyOf, ruleText } from "./rule.ts";

/**
 * The kernel decides as a reading of the rules does that was written for this test: rules at random for a host and an account, all loaded
 * together as a deploy loads them, and probes between the host, the account's network and two visitors.
 */

let host: ContainerHost;
/** Who sends probes, by network namespace. `host` is the container's own. */
const spaces = ["host", "outside", "acc"] as const;
type Space = (typeof spaces)[number];
const askers = {} as Record<Space, (probes: readonly Probe[]) => Promise<Verdict[]>>;
const stops: (() => void)[] = [];

type Verdict = FirewallRule["action"];
interface Probe {
  readonly space: Space;
  readonly protocol: "tcp" | "udp";
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

const visitors = ["2600:9::5", "2600:9:0:1::5", "198.51.100.7", "198.51.100.130"];
const own = ["fd00:8000::11", "203.0.113.11"];
/** Outside and inside of the account: `::2` has its network, `::1` is called. */
const [outsideAddress, insideAddress, inside4] = ["fd00:8000:0:1::1", "fd00:8000:0:1::2", "100.64.0.1"];
/** SSH, the front end, two that nothing offers, and one above those that the kernel takes for itself. */
const ports = [22, 80, 5000, 5001, 40_000];
const servicePort = 8300;

const accounts = (firewall: readonly string[]) =>
  declarationOf([
    { number: 1, name: "one", services: [service("game", ["/bin/true"], { port: servicePort })] },
  ]).accounts.map((account) => ({ ...account, ...(firewall.length > 0 && { firewall }) }));
function bundleOf(ofHost: readonly FirewallRule[], ofAccount: readonly FirewallRule[]) {
  const declared = declarationOf([
    { number: 1, name: "one", services: [service("game", ["/bin/true"], { port: servicePort })] },
  ]);
  const hosts = declared.hosts.map((each) => ({ ...each, address4: own[1]!, firewall: ofHost.map(ruleText) }));
  return renderBundle({ ...declared, hosts, accounts: accounts(ofAccount.map(ruleText)) }, "web1");
}

/** All files of the firewall as one that `nft -f` loads in one step. */
function tableOf(bundle: ReturnType<typeof bundleOf>): string {
  const files = Object.values(bundle.groups).flatMap((group) => group?.files ?? []);
  const nft = files
    .filter(({ path }) => path.startsWith("nftables/"))
    .map(({ path, content }) => [path, content!] as const);
  const main = nft.find(([path]) => path === "nftables/fairhost.nft")![1];
  const rest = nft.filter(([path]) => path !== "nftables/fairhost.nft").map(([, content]) => content);
  return [main.replace(/^include .*$/m, ""), ...rest].join("\n");
}

beforeAll(async () => {
  host = await bootContainer({ name: "random-rules" });
  const sh = (command: string) => succeed(host, command);
  await host.writeFile(
    "/run/probe.py",
    readFileSync(join(import.meta.dirname, "../../testing/programs/probe.py"), "utf8"),
  );
  await sh(`systemctl stop nginx.service ssh.service ssh.socket 2>/dev/null; ip netns add outside; ip netns add acc
    ip link add eth0 type veth peer name eth0 netns outside
    ip link add acc1 group 66 address 02:00:00:00:00:01 type veth peer name eth0 address 02:00:00:00:00:01 netns acc
    sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1 net.ipv4.icmp_ratemask=0 net.ipv4.icmp_msgs_per_sec=100000 net.ipv6.icmp.ratelimit=0
    ip link set eth0 up; ip link set acc1 addrgenmode none arp off up
    ip address add ${own[0]}/64 dev eth0 nodad; ip address add ${own[1]}/24 dev eth0
    ip address add ${outsideAddress}/128 dev lo
    ip route replace ${insideAddress}/128 dev acc1 table local proto 67; ip route add ${inside4}/32 dev acc1 proto 67
    ip -n outside link set lo up; ip -n outside link set eth0 up
    ip -n outside address add fd00:8000::1/64 dev eth0 nodad; ip -n outside address add 203.0.113.1/24 dev eth0
    for a in ${visitors.join(" ")}; do ip -n outside address add $a dev lo; done
    ip -n outside route add fd00:8000:0:1::/64 via ${own[0]}
    ip -n acc link set lo up; ip -n acc link set eth0 addrgenmode none arp off up
    ip -n acc address add ${insideAddress}/128 dev eth0 nodad; ip -n acc address add ${inside4}/32 dev eth0
    ip -n acc route add default dev eth0; ip -n acc -6 route add ::/0 dev eth0
    ip route add default via 203.0.113.1; ip -6 route add default via fd00:8000::1
    ip rule add fwmark 66 lookup 66; ip -6 rule add fwmark 66 lookup 66`);
  const within = (space: Space) => (space === "host" ? [] : ["ip", "netns", "exec", space]);
  const enter = ["-t", `${host.netnsPid}`, "-m", "-n", "-p", "-r", "-w", "--"];
  const start = (space: Space, args: readonly string[]) => {
    const child = spawn("nsenter", [...enter, ...within(space), "/usr/bin/python3", "/run/probe.py", ...args], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    stops.push(() => child.kill("SIGKILL"));
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return { child, next: async () => (await lines.next()).value as string };
  };
  const all = [...ports, servicePort].map(String);
  for (const [space, addresses] of [
    ["host", [...own, outsideAddress]],
    ["outside", visitors],
    ["acc", [insideAddress, inside4]],
  ] as const) {
    expect(await start(space, ["serve", ...addresses, "--", ...all]).next()).toBe("ready");
    const { child, next } = start(space, ["ask"]);
    askers[space] = async (probes) => {
      const lines = probes.map(({ protocol, from, to, port }, index) => [
        protocol,
        from,
        to,
        port,
        expectedOf[index] ?? "",
      ]);
      child.stdin.write(`${JSON.stringify(lines)}\n`);
      return JSON.parse(await next()) as Verdict[];
    };
  }
}, 120_000);
afterAll(async () => {
  for (const stop of stops) stop();
  await host?.stop();
});
let expectedOf: readonly Verdict[] = [];

/** First match wins; nothing if none does. */
function decide(rules: readonly FirewallRule[], direction: "in" | "out", probe: Probe): Verdict | undefined {
  const other = direction === "in" ? probe.from : probe.to;
  const family = familyOf(other);
  const within = family === 6 ? within6 : within4;
  return rules.find(
    (rule) =>
      rule.direction === direction &&
      (rule.protocol === "all" || rule.protocol === probe.protocol) &&
      (rule.ip === undefined || rule.ip === family) &&
      (rule.ports.length === 0 || rule.ports.some(([first, last]) => first <= probe.port && probe.port <= last)) &&
      (rule.hosts.length === 0 || rule.hosts.some((each) => familyOf(each) === family && within(other, each))),
  )?.action;
}

/** What becomes of a probe by the rules, with those of the platform around them. */
function interpret(ofHost: readonly FirewallRule[], ofAccount: readonly FirewallRule[], probe: Probe): Verdict {
  const refusing = (...verdicts: (Verdict | undefined)[]) =>
    verdicts.find((each) => each === "drop" || each === "reject");
  const { space, protocol, to, port } = probe;
  if (space === "host") {
    const verdict = refusing(decide(ofHost, "out", probe)) ?? "accept";
    // The kernel tells its own sender of a datagram at once, with the same error for both.
    return protocol === "udp" && verdict === "reject" ? "drop" : verdict;
  }
  if (space === "acc") {
    return refusing(decide(ofHost, "out", probe), decide(ofAccount, "out", probe)) ?? "accept";
  }
  const byHost = decide(ofHost, "in", probe);
  if (to === outsideAddress) {
    // Its service. All else on its address is not offered, whatever rules say.
    if (protocol === "tcp" && port === servicePort) return refusing(byHost, decide(ofAccount, "in", probe)) ?? "accept";
    return protocol === "tcp" && port === 80 ? (refusing(byHost) ?? "accept") : (refusing(byHost) ?? "drop");
  }
  // No controller is declared, so SSH of the host is everybody's, over IPv4 too: that was once taken for SSH of an account.
  if (protocol === "tcp" && port === 22) return "accept";
  return byHost ?? (protocol === "tcp" && port === 80 ? "accept" : "drop");
}

const probes: readonly Probe[] = (["tcp", "udp"] as const).flatMap((protocol) =>
  [...ports, servicePort].flatMap((port) => [
    ...visitors.flatMap((from) =>
      [...own, ...(port === 22 ? [] : [outsideAddress])]
        .filter((to) => familyOf(to) === familyOf(from))
        .map((to): Probe => ({ space: "outside", protocol, from, to, port })),
    ),
    ...visitors.flatMap((to): Probe[] =>
      // What calls out from a port that is open, or to BGP, is another test's.
      [
        { space: "host", protocol, from: familyOf(to) === 6 ? own[0]! : own[1]!, to, port },
        { space: "acc", protocol, from: familyOf(to) === 6 ? insideAddress : inside4, to, port },
      ],
    ),
  ]),
);

const subset = <T>(items: readonly T[]) => fc.subarray([...items], { minLength: 0, maxLength: 2 });
const hostsOf = (six: boolean) =>
  subset([
    "2600:9::/32",
    "2600:9::/64",
    "2600:9:0:1::5",
    "::/0",
    ...(six ? [] : ["198.51.100.0/25", "198.51.100.130", "0.0.0.0/0"]),
  ]);
const ruleFor = (direction: "in" | "out", isAccounts = false) =>
  fc
    .record({
      action: fc.constantFrom("accept", "drop", "reject"),
      protocol: fc.constantFrom(...(["all", "tcp", ...(isAccounts && direction === "in" ? [] : ["udp"])] as const)),
      ports: subset<readonly [number, number]>([
        [22, 22],
        [80, 80],
        [5000, 5001],
        [5001, 9000],
        [40_000, 65_535],
      ]),
      hosts: hostsOf(isAccounts && direction === "in"),
      ip: fc.constantFrom(undefined, undefined, undefined, 4, 6),
    })
    .map(({ action, protocol, ports, hosts, ip }): FirewallRule => {
      const version = hosts.length > 0 || (isAccounts && direction === "in") ? undefined : ip;
      return {
        ...({ action, direction, protocol, hosts } as Pick<
          FirewallRule,
          "action" | "direction" | "protocol" | "hosts"
        >),
        ports: protocol === "all" ? [] : ports,
        ...(version !== undefined && { ip: version as 4 | 6 }),
      };
    });
const rulesOf = (isAccounts: boolean) =>
  fc.array(fc.oneof(ruleFor("in", isAccounts), ruleFor("out", isAccounts)), { minLength: 1, maxLength: 6 });

test("of 100 sets of rules made at random the kernel does what their interpreter says", async () => {
  const seen: Record<Verdict, number> = { accept: 0, drop: 0, reject: 0 };
  await fc.assert(
    fc.asyncProperty(rulesOf(false), rulesOf(true), async (ofHost, ofAccount) => {
      await succeed(host, ["nft", "-f", "-"], tableOf(bundleOf(ofHost, ofAccount)));
      const expected = probes.map((probe) => interpret(ofHost, ofAccount, probe));
      for (const space of spaces) {
        const own = probes.flatMap((probe, index) =>
          probe.space === space ? [[probe, expected[index]!] as const] : [],
        );
        expectedOf = own.map(([, verdict]) => verdict);
        const found = await askers[space](own.map(([probe]) => probe));
        const wrong = own.flatMap(([{ protocol, from, to, port }, verdict], index) =>
          found[index] === verdict
            ? []
            : [`${space} ${protocol} ${from} to ${to} port ${port}: ${found[index]}, not ${verdict}`],
        );
        expect(wrong).toEqual([]);
        for (const verdict of found) seen[verdict]++;
      }
    }),
    { numRuns: 100, seed: 16, endOnFailure: true },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(1000);
}, 300_000);
