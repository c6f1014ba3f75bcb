import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { links } from "../../../components/host/links.host.ts";
import type { ApplyReport, Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { applierOn, type Controller, until } from "../../../testing/fakes/controller.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, fixtureHost } from "../../../testing/fixtures/bundle-fixture.ts";

/** A host whose network systemd-networkd has, with one link; at the other end a BIRD that plays both of the site's routers, and the controller behind it. */
let host: ContainerHost;
let controller: Controller;
const sh = (command: string) => succeed(host, command);

const [address, far] = [fixtureHost.address, "fd00:99::5"];
const link = { port: "eth0", switch: "sw1", switchPort: "1", switchManufacturer: "arista" };
const file = `${links.name}/05-fairhost-eth0.network`;

/** The host's bundle; without `setUpLinks` its network is the installer's. */
function bundle(change: { readonly setUpLinks?: boolean }, tasksMax = 100): Bundle {
  const declared = declarationOf([{ number: 1, name: "one", limits: { tasksMax } }]);
  return renderBundle({ ...declared, hosts: [{ ...fixtureHost, sshPort: 2222, links: [link], ...change }] }, "web1");
}
const right = bundle({ setUpLinks: true });
const { content: text = "" } = right.groups.host!.files.find(({ path }) => path === file)!;

/** The right bundle with other files of its links. */
function withFiles(changed: Readonly<Record<string, string>>): Bundle {
  const files = right.groups.host!.files.filter(({ path }) => !(path in changed));
  for (const [path, content] of Object.entries(changed)) files.push({ path, content });
  return sealBundle("web1", { ...right.groups, host: sealGroup({ ...right.groups.host!, files }) });
}

const routers = `
router id 10.0.0.1;
protocol device {}
protocol bfd { interface "*" { interval 200 ms; multiplier 3; }; }
protocol static { ipv6; route ::/0 unreachable; }
protocol kernel { ipv6 { import none; export where source = RTS_BGP; }; }
template bgp host {
  bfd on; hold time 90; connect delay time 1; connect retry time 2; error wait time 1, 2;
  ipv6 { import all; export where source = RTS_STATIC; };
}
${fixtureHost.routers.map((router) => `protocol bgp ${router.name.replace("-", "_")} from host { local ${router.address} as ${router.asNumber}; neighbor ${address} as ${fixtureHost.asNumber}; }\n`).join("")}`;

/** Whether both sessions are up, and since when. */
const sessions = async () =>
  [...(await sh("birdc show protocols")).matchAll(/^edge\S+ .* up +(\S+) +Established/gm)].map(([, since]) => since);
const works = async () =>
  (await sessions()).length === 2 &&
  (await host.run(`ip netns exec routers ssh-keyscan -T 5 -p 2222 ${address}`)).stdout.includes("ssh-");
const setUpBy = async () =>
  (JSON.parse(await sh("networkctl --json=short status eth0")) as { NetworkFile: string }).NetworkFile;
const addresses = () => sh("ip -6 -brief address show dev eth0 scope global");

beforeAll(async () => {
  host = await bootContainer({ name: "links" });
  await host.writeFile("/run/router.conf", routers);
  await host.writeFile(
    "/etc/systemd/network/50-installer.network",
    `[Match]\nName=eth0\n[Network]\nAddress=${address}/64\n[Route]\nGateway=fd00:8000::1\nMetric=4096\n`,
  );
  await sh(`ip netns add routers
    ip link add eth0 type veth peer name eth0 netns routers
    ip -n routers link set lo up; ip -n routers link set eth0 up
    for each in ${fixtureHost.routers.map((router) => router.address).join(" ")}; do ip -n routers address add $each/64 dev eth0 nodad; done
    ip -n routers address add ${far}/128 dev lo
    systemd-run --quiet --unit=router ip netns exec routers bird -f -c /run/router.conf -s /run/router.ctl
    rm /etc/systemd/network/[12]0-*; rm /etc/systemd/system/systemd-networkd.service /etc/systemd/system/systemd-networkd.socket
    systemctl daemon-reload; systemctl start systemd-networkd.service
    [ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    mkdir -p /run/sshd && systemd-run --quiet --unit=sshd-2222 /usr/sbin/sshd -D -p 2222`);
  controller = await applierOn(host, `${far} 50000 ${address} 2222`);
  const { errors } = await controller.apply(bundle({}));
  expect(errors).toEqual([]);
  await until("both sessions", works);
}, 300_000);
afterAll(() => host?.stop());

test("links that the installer set up are taken over, and sessions stay", async () => {
  expect(await setUpBy()).toBe("/etc/systemd/network/50-installer.network");
  const others = () => sh("ip -6 rule; ip -6 route show proto bird; ip -6 route show table all proto 66");
  const [before, routes] = [await sessions(), await others()];
  expect(routes).toMatch(/default .*\n(?:.*\n)*local fd00:8000:0:1::\/64/);
  const report = await controller.apply(right);
  expect([report.result, report.errors]).toEqual(["applied", []]);
  expect(report.hooks).toContain("set up the links");
  expect(await setUpBy()).toContain("05-fairhost-eth0.network");
  expect(await sessions()).toEqual(before);
  expect(await others()).toBe(routes);
  expect(await controller.apply(right)).toMatchObject({ result: "unchanged", hooks: [] });
});

test("nobody on the link gives it an address or a way, and it asks nobody for one", async () => {
  const program = join(import.meta.dirname, "../../../testing/programs/packets/advertise.py");
  await host.writeFile("/run/advertise.py", readFileSync(program, "utf8"));
  await sh(`ip netns exec routers nft 'table netdev asked {
    chain hears { type filter hook ingress device "eth0" priority 0; udp dport { 67, 547 } counter; icmpv6 type nd-router-solicit counter; }; }'`);
  const given = async () => {
    await sh("ip netns exec routers python3 /run/advertise.py eth0 2600:bad:: 1400");
    const has = (await sh("ip -6 address show dev eth0; ip -6 route show dev eth0")).includes("2600:bad:");
    const counters = await sh("ip netns exec routers nft list table netdev asked");
    const asked = [...counters.matchAll(/counter packets (\d+)/g)].some(([, packets]) => packets !== "0");
    return { has, asked };
  };
  // Its own way of setting up a link, from the beginning.
  await sh("networkctl reconfigure eth0");
  for (let times = 0; times < 5; times++) {
    expect(await given()).toEqual({ has: false, asked: false });
    await until("both sessions", works);
  }
  // One that is not told otherwise takes and asks.
  const open = "/run/systemd/network/04-open.network";
  await host.writeFile(open, text.replace("IPv6AcceptRA=no", "IPv6AcceptRA=yes\nDHCP=yes"));
  await sh("networkctl reload && networkctl reconfigure eth0");
  await until("an address of the advertisement, and a request", async () => {
    const { has, asked } = await given();
    return has && asked;
  });
  await sh(
    `rm ${open}; networkctl reload && networkctl reconfigure eth0; ip netns exec routers nft delete table netdev asked`,
  );
  await until("the network", works);
  expect(await addresses()).not.toContain("2600:bad:");
}, 120_000);

type Change = readonly [what: string, files: Readonly<Record<string, string>>];
const change = (what: string, from: string, to: string): Change => {
  if (!text.includes(from)) throw new Error(`${what}: the file has no ${from}`);
  return [what, { [file]: text.replace(from, to) }];
};

/** Lines that systemd-networkd cannot read: it would go on without them. */
const refused: readonly Change[] = [
  change("a word that it does not know", "Address=", "Adress="),
  change("a section that it does not know", "[Route]", "[Routes]"),
  change("an address that is none", `Address=${address}`, "Address=fd00:8000:::11"),
  change("a length that is none", "/64", "/129"),
  change("a gateway that is none", "Gateway=fd00:8000::1", "Gateway=router"),
  change("a metric that is none", "Metric=4096", "Metric=many"),
  change("an answer that is neither yes nor no", "IPv6AcceptRA=no", "IPv6AcceptRA=perhaps"),
  change("a line that says nothing", `Address=${address}/64`, `Address ${address}/64`),
  change("a size that is none", "[Network]", "[Link]\nMTUBytes=large\n\n[Network]"),
  change("no address", `Address=${address}/64\n`, ""),
  change("an address of the hardware that is none", "[Network]", "[Link]\nMACAddress=02:00\n\n[Network]"),
];

/** What it reads, and takes the host away. */
const restored: readonly Change[] = [
  change("another interface", "Name=eth0", "Name=eth9"),
  change("another host's", "[Match]", "[Match]\nHost=web9"),
  change("another address", `Address=${address}`, "Address=fd00:8000::99"),
  change("an address without a network", "/64", "/128"),
  change("a link that is left alone", "[Network]", "[Link]\nUnmanaged=yes\n\n[Network]"),
  change("a link that is down", "[Network]", "[Link]\nActivationPolicy=always-down\n\n[Network]"),
  change("another address of the hardware, and no neighbours", "[Network]", "[Link]\nARP=no\n\n[Network]"),
  change(
    "routers behind a hole",
    "[Network]",
    "[Route]\nDestination=fd00:8000::/64\nType=blackhole\nMetric=1\n\n[Network]",
  ),
  change(
    "all behind a hole by a rule",
    "[Network]",
    "[RoutingPolicyRule]\nFamily=ipv6\nTo=fd00::/8\nPriority=1\nType=blackhole\n\n[Network]",
  ),
  ["a file more that counts first", { [`${links.name}/01-more.network`]: "[Match]\nName=eth*\n" }],
];

describe("settings of links that are wrong", () => {
  test(`in ${refused.length} ways are refused before the switch`, async () => {
    const before = await sessions();
    for (const [what, files] of refused) {
      const report = await controller.apply(withFiles(files));
      expect.soft([report.result, report.hooks], what).toEqual(["rolled-back", []]);
      expect.soft(report.errors[0]?.message, what).toMatch(/^networkd: links\/05-fairhost-eth0\.network:\d+: /);
    }
    expect(await sessions()).toEqual(before);
  }, 240_000);

  test(`in ${restored.length} other ways do not stay, and the old ones are back within a minute`, async () => {
    const before = await addresses();
    const took: number[] = [];
    for (const [what, files] of restored) {
      const begun = performance.now();
      const report = await controller.apply(withFiles(files));
      expect.soft(report.result, what).toBe("rolled-back");
      expect
        .soft(report.errors.map(({ message }) => message).join(), what)
        .toMatch(/^set up the links: .*; the old links are restored/s);
      await until(`the network after ${what}`, works);
      took.push((performance.now() - begun) / 1000);
      expect.soft(await addresses(), what).toBe(before);
      // Where a file more has gone with its generation, nothing sets up the links again: until the next boot, the restored one counts, which is the same.
      expect
        .soft(await setUpBy(), what)
        .toMatch(/\/(?:current\/links|run\/systemd\/network)\/05-fairhost-eth0\.network$/);
    }
    console.info(`back after ${Math.min(...took).toFixed(0)} to ${Math.max(...took).toFixed(0)} s`);
    expect(await controller.apply(right)).toMatchObject({ result: "unchanged" });
  }, 900_000);

  test("are gone by the timer if the applier has ended, and the next deploy knows", async () => {
    const [, files] = restored[2]!;
    await host.writeFile("/run/delivery", controller.delivery(withFiles(files)));
    await sh(`SSH_CONNECTION='${controller.connection}' fairhost-host apply </run/delivery >/run/out 2>/run/err &`);
    await until("the wrong address", async () => (await addresses()).includes("fd00:8000::99"));
    await sh("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    await until("the old address", works);
    expect(await addresses()).not.toContain("fd00:8000::99");
    expect(await controller.apply(right)).toMatchObject({ errors: [] });
    expect(await setUpBy()).toContain("/current/links/05-fairhost-eth0.network");
    expect(await works()).toBe(true);
  }, 180_000);

  test("do not stay if the controller alone hears nothing any more, over the connection by which it delivers", async () => {
    await sh(`ssh-keygen -q -t ed25519 -N '' -f /run/controller
      mkdir -p -m 700 /root/.ssh && install -m 600 /run/controller.pub /root/.ssh/authorized_keys`);
    const deliver = async (of: Bundle) => {
      await host.writeFile("/run/delivery", controller.delivery(of));
      const options = `-F none -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -b ${far}`;
      const session = `ip netns exec routers ssh ${options} -p 2222 -i /run/controller root@${address}`;
      const { stdout, stderr } = await host.run(`${session} fairhost-host apply </run/delivery`, { timeout: 150_000 });
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout) as ApplyReport;
    };
    expect(await deliver(right)).toMatchObject({ result: "unchanged" });
    const [, files] = change(
      "a hole for the controller",
      "[Network]",
      `[Route]\nDestination=${far}/128\nType=blackhole\n\n[Network]`,
    );
    const report = await deliver(withFiles(files));
    expect(report.result).toBe("rolled-back");
    expect(report.errors.map(({ message }) => message).join()).toContain(
      `set up the links: the controller at ${far} does not answer any more; the old links are restored`,
    );
    await until("the network", works);
  }, 240_000);
});
