import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nftables } from "../../components/network/nftables.host.ts";
import type { Bundle } from "../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../delivery/protocol/digest.ts";
import type { Health } from "../../delivery/protocol/inspection.ts";
import { renderBundle } from "../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { type Controller, controllerOf, until } from "../../testing/fakes/controller.ts";
import { succeed } from "../../testing/fakes/placed-host.ts";
import { declarationOf, staticServer } from "../../testing/fixtures/bundle-fixture.ts";

/** A host with a front end for both IP versions, HTTP and HTTPS, whose visitors come from elsewhere: not by the loopback interface. */
let host: ContainerHost;
let controller: Controller;
const sh = (command: string) => succeed(host, command);

function bundle(firewall: readonly string[] = []): Bundle {
  const declared = declarationOf([{ number: 1, name: "alice", servers: [staticServer("www")] }], {
    ...(firewall.length > 0 && { firewall }),
  });
  const frontEnds = declared.frontEnds.map((each) => ({ ...each, ports: [80, 443], address4: "192.0.2.80" }));
  return renderBundle({ ...declared, frontEnds }, "web1");
}

/** The bundle with other rules of nftables, as a fault of the renderer would make it. */
function faulty(change: (rules: string) => string): Bundle {
  const right = bundle();
  const group = right.groups.host!;
  const files = group.files.map((file) =>
    file.path === nftables.entry.file ? { ...file, content: change(file.content!) } : file,
  );
  return sealBundle("web1", { ...right.groups, host: sealGroup({ ...group, files }) });
}

async function health(): Promise<Health & { exitCode: number }> {
  const { stdout, exitCode } = await host.run(["fairhost-host", "health", "--json"]);
  return { ...(JSON.parse(stdout) as Health), exitCode };
}

const reload = () => sh(`nft -f /var/lib/fairhost/current/${nftables.entry.file}`);
/** Without what the kernel has put into sets by itself. */
const rules = async () => (await sh("nft -s list ruleset")).replaceAll(/^\t\telements = .* limit rate .*\n/gm, "");
const leftOver = () => sh("ip netns list | grep fairhost; ip -brief link | grep fairhost; true");

beforeAll(async () => {
  host = await bootContainer({ name: "reached" });
  await sh(`[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    mkdir -p /run/sshd && systemd-run --quiet --unit=sshd-22 /usr/sbin/sshd -D -p 22`);
  controller = await controllerOf(host, 22);
  await until("the SSH server", async () =>
    (await sh("ip netns exec controller ssh-keyscan -T 20 -t ed25519 fd00:77::1 || true")).includes("ssh-ed25519"),
  );
  const report = await controller.apply(bundle());
  expect([report.result, report.errors]).toEqual(["applied", []]);
}, 300_000);

afterAll(() => host?.stop());

describe("the health of a host is that which visitors see", () => {
  test("they reach its front end", async () => {
    expect(await health()).toMatchObject({ healthy: true, problems: [], exitCode: 0 });
    expect(await leftOver()).toBe("");
  });

  test("two looks at once, and one that was killed, are in nobody's way", async () => {
    await sh("ip netns add fairhost-outside-999999999");
    const both = await Promise.all([health(), health()]);
    expect(both.map(({ problems }) => problems)).toEqual([[], []]);
    expect(await leftOver()).toBe("");
  });

  test.each([
    ["ipv6", 80, "IPv6"],
    ["ipv6", 443, "IPv6"],
    ["ipv4", 80, "IPv4"],
    ["ipv4", 443, "IPv4"],
  ])("rules in the kernel drop %s, port %i", async (family, port, version) => {
    await sh(`nft insert rule inet fairhost input iifname != lo meta nfproto ${family} tcp dport ${port} drop`);
    const seen = await health();
    await reload();
    expect(seen).toMatchObject({ healthy: false, exitCode: 7 });
    expect(seen.problems).toEqual([
      {
        group: "host",
        message: `the front end answers the host itself, but no visitor: port ${port} over ${version}. If it is meant to be closed, declare that in \`firewall\` of the host; otherwise see \`nft list ruleset\``,
      },
    ]);
  });

  test("an account's own address is dropped", async () => {
    const address = (await sh("cd /var/lib/fairhost/current/sites/names && grep -l '^/ 1/' fd00*")).trim();
    await sh(`nft insert rule inet fairhost input iifname != lo ip6 daddr ${address} drop`);
    const seen = await health();
    await reload();
    expect(seen.problems.map(({ message }) => message)).toEqual([
      expect.stringContaining(`but no visitor: port 80 of ${address}, port 443 of ${address}.`),
    ]);
  });

  test("a port that a declared rule closes is a note", async () => {
    const report = await controller.apply(bundle(["drop in tcp port 80", "reject in tcp port 440-450 over IPv4"]));
    expect([report.result, report.errors]).toEqual(["applied", []]);
    expect(await health()).toMatchObject({
      healthy: true,
      exitCode: 0,
      notes: [expect.stringContaining("a declared rule closes the front end: port 80 over IPv6, ")],
    });
  });
});

test("rules that shut visitors out are rolled back at once, with the rest of the change", async () => {
  expect(await controller.apply(bundle())).toMatchObject({ errors: [] });
  const before = await rules();
  const report = await controller.apply(faulty((rules) => rules.replace("tcp dport { 80, 443 } goto offered", "")));
  expect(report.result).toBe("rolled-back");
  expect(report.errors.map(({ message }) => message).join()).toContain(
    "the new rules shut visitors out of the front end: port 80 over IPv6, port 443 over IPv6, port 80 over IPv4, port 443 over IPv4",
  );
  expect(await rules()).toBe(before);
  expect(await controller.apply(bundle(["drop in tcp port 80"]))).toMatchObject({ result: "applied", errors: [] });
});
