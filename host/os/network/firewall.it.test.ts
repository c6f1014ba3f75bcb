import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { nftables } from "../../../components/network/nftables.host.ts";
import type { Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import { renderBundle } from "../../../delivery/render-bundle.ts";
import { bootContainer, type ContainerHost } from "../../../lab/container.ts";
import { type Controller, controllerOf, until } from "../../../testing/fakes/controller.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { declarationOf, fixtureHost } from "../../../testing/fixtures/bundle-fixture.ts";

/** A host whose real sshd listens on port 2222 alone, and a controller at the other end of a link. */
let host: ContainerHost;
const sh = (command: string) => succeed(host, command);

/** The host's bundle; `tasksMax` makes it another one. */
function bundle(change: Partial<typeof fixtureHost>, tasksMax = 100): Bundle {
  const declared = declarationOf([{ number: 1, name: "one", limits: { tasksMax } }]);
  return renderBundle({ ...declared, hosts: [{ ...fixtureHost, ...change }] }, "web1");
}
const open = (tasksMax?: number) => bundle({ sshPort: 2222 }, tasksMax);
/** What a release without the inventory's port rendered. */
const lockingOut = (tasksMax?: number) => bundle({}, tasksMax);

/** The host's bundle with a rule that closes its SSH to all but these. */
function closing(controllers: readonly string[]): Bundle {
  const declared = declarationOf([]);
  const networks = declared.networks.map((network) => ({ ...network, controllers }));
  const hosts = [{ ...fixtureHost, sshPort: 2222, firewall: ["drop in tcp port 2222"] }];
  return renderBundle({ ...declared, networks, hosts }, "web1");
}

let controller: Controller;
const delivery = (of: Bundle) => controller.delivery(of);
const apply = (of: Bundle, session?: string) => controller.apply(of, session);

/** Whether the controller still gets in, as itself. @param seconds it tries for */
async function letsIn(seconds = 20): Promise<boolean> {
  const scan = `ip netns exec controller ssh-keyscan -T ${seconds} -t ed25519 -p 2222 fd00:77::1`;
  return (await sh(`${scan} || true`)).includes("ssh-ed25519");
}

/**
 * Tables by name: nft lists them in the order in which they were made, which a table that was restored changes. Without who
 * has called lately: the controller's own calls are counted, too.
 */
const rules = async () =>
  (await sh("/usr/sbin/nft -s list ruleset"))
    .replaceAll(/(set callers\d* \{[^}]*?)\s+elements = \{[^}]*\}/g, "$1")
    .split(/^(?=table )/m)
    .toSorted()
    .join("");

beforeAll(async () => {
  host = await bootContainer({ name: "firewall" });
  await sh(`[ -e /etc/ssh/ssh_host_ed25519_key ] || ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/ssh_host_ed25519_key
    mkdir -p /run/sshd && systemd-run --quiet --unit=sshd-2222 /usr/sbin/sshd -D -p 2222`);
  controller = await controllerOf(host, 2222);
  await until("the SSH server", letsIn);
}, 300_000);

afterAll(() => host?.stop());

describe("a host whose SSH server listens on another port than 22", () => {
  test("the first apply of a firewall that shuts it out changes nothing in the kernel", async () => {
    const report = await apply(lockingOut());
    expect(report.result).toBe("rolled-back");
    expect(report.errors.map(({ message }) => message)).toContainEqual(
      "load the firewall: the new rules block SSH on port 2222 from fd00:77::2; the old rules are restored",
    );
    expect(await letsIn()).toBe(true);
    expect(await rules()).not.toContain("fairhost");
  });

  test("the inventory's port is open to the outside, and a second apply changes nothing", async () => {
    const report = await apply(open());
    expect([report.result, report.errors]).toEqual(["applied", []]);
    expect(await letsIn()).toBe(true);
    expect(await rules()).toMatch(/tcp dport \{ 22, 2222 \} goto ssh_of_host/);
    expect(await apply(open())).toMatchObject({ result: "unchanged", hooks: [] });
    expect(await sh("ip netns list; ip -brief link")).not.toContain("fairhost");
  });

  test("a firewall that shuts it out is rolled back at once, with the rest of the change", async () => {
    const before = await rules();
    const report = await apply(lockingOut(101));
    expect(report.result).toBe("rolled-back");
    expect(await letsIn()).toBe(true);
    expect(await rules()).toBe(before);
    expect(await sh("systemctl list-units --all 'fairhost-firewall*' --no-legend")).toBe("");
  });

  test("SSH closed to all but controllers: in force if the controller is one of them, else back at once", async () => {
    const before = await rules();
    const refused = await apply(closing(["fd00:99::/64"]));
    expect(refused.errors.map(({ message }) => message)).toEqual([
      "load the firewall: the new rules block SSH on port 2222 from fd00:77::2; the old rules are restored",
    ]);
    expect(await rules()).toBe(before);
    // A range that has the client of the check too: it stays whole.
    for (const controllers of [["fd00:77::2"], ["fd00::/8"]]) {
      expect(await apply(closing(controllers))).toMatchObject({ result: "applied", errors: [] });
      expect(await letsIn()).toBe(true);
      expect(await sh("nft list set inet fairhost controllers")).toContain(`elements = { ${controllers} }`);
      expect(await sh("nft list set inet fairhost controllers4")).not.toContain("elements");
    }
    await apply(closing(["fd00:77::2"]));
    const greeting = (address: string, seconds: number) =>
      sh(
        `ip netns exec controller python3 -c 'import socket; print(socket.create_connection(("fd00:77::1", 2222), ${seconds}, ("${address}", 0)).recv(100))' 2>&1 || true`,
      );
    await sh("ip -n controller -6 address add fd00:77::3/64 dev eth0 nodad");
    expect(await greeting("fd00:77::3", 2)).toMatch(/timed out/);
    expect(await greeting("fd00:77::2", 20)).toContain("SSH-2.0");
    await sh("ip -n controller -6 address del fd00:77::3/64 dev eth0");
    await apply(open());
  });

  test("if the applier hangs before it has looked, the timer lets the controller in again; going on, it knows", async () => {
    const before = await rules();
    // An account that is awake, and rests while the timer runs.
    await sh(
      "ip link add awake type veth peer name resting && nft add element inet fairhost rate { awake limit rate over 9/second }",
    );
    await host.writeFile("/run/delivery", delivery(lockingOut(102)));
    await sh(`SSH_CONNECTION='${controller.connection}' fairhost-host apply </run/delivery >/run/out 2>/run/err &`);
    await until("the rules that shut out", async () => !(await rules()).includes("2222"));
    await sh("systemctl kill --signal=STOP 'fairhost-apply-*.service'");
    await sh("ip link del awake");
    expect(await letsIn(2)).toBe(false);
    await until("the old rules", async () => (await rules()) === before);
    expect(await letsIn()).toBe(true);
    await sh("systemctl kill --signal=CONT 'fairhost-apply-*.service'");
    await until("the report", async () => (await sh("cat /run/out")).includes('"result"'));
    expect(JSON.parse(await sh("cat /run/out"))).toMatchObject({ result: "rolled-back" });
    expect(await rules()).toBe(before);
  }, 180_000);

  test("if the applier was killed and the host boots, the rules that shut out do not stay", async () => {
    await host.writeFile("/run/delivery", delivery(lockingOut(103)));
    await sh(`SSH_CONNECTION='${controller.connection}' fairhost-host apply </run/delivery >/run/out 2>/run/err &`);
    await until("the rules that shut out", async () => !(await rules()).includes("2222"));
    await sh("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    // A boot: the timer is gone, nftables.service reads the generation in force, and nobody is connected.
    await sh("systemctl stop fairhost-firewall-dead-man.timer; systemctl restart nftables.service");
    expect(await letsIn(2)).toBe(false);
    await host.run("systemctl start fairhost-recover.service");
    expect(await letsIn()).toBe(true);
    expect(await apply(open())).toMatchObject({ result: "unchanged" });
  }, 180_000);
});

type Change = readonly [what: string, from: string, to: string];
const { content: ofOpen = "" } = open().groups.host!.files.find(({ path }) => path === nftables.entry.file)!;
function changed([what, from, to]: Change): string {
  if (!ofOpen.includes(from)) throw new Error(`${what}: the rules have no ${from}`);
  return ofOpen.replace(from, to);
}

/** The open host's bundle with other rules. */
function withRules(content: string): Bundle {
  const { groups } = open();
  const files = groups.host!.files.map((file) => (file.path === nftables.entry.file ? { ...file, content } : file));
  return sealBundle("web1", { ...groups, host: sealGroup({ ...groups.host!, files }) });
}

/** What nft refuses to read. */
const refused: readonly Change[] = [
  ["a word that nft does not know", "policy drop;", "polices drop;"],
  ["a brace too few", "chain opened {", "chain opened"],
  ["a policy that is none", "policy drop;", "policy reject;"],
  ["a hook that is none", "hook input", "hook incoming"],
  ["a type of set that is none", "set ports_ftps { type ipv6_addr; }", "set ports_ftps { type ipv6_address; }"],
  ["a port that is none", "tcp dport { 22, 2222 } goto", "tcp dport { 22, 70000 } goto"],
  ["an address that is none", "fd6a:9c41:7be5::53", "fd6a:9c41:7be5:::53"],
  ["an address of the other family", "ip6 daddr @infrastructure accept", "ip daddr @infrastructure accept"],
  ["a chain that is not there", "goto ssh_of_host", "goto ssh_of_hosts"],
  ["a set that is not there", "ip6 daddr @ports_ftps", "ip6 daddr @ports_ftp"],
  ["a priority that is none", "priority raw;", "priority rawest;"],
  ["a flag of sets that is none", "flags interval; }", "flags intervals; }"],
  ["a field of packets that is none", "meta l4proto icmpv6 fib", "meta l4protocol icmpv6 fib"],
  ["a file that is not there", 'include "', 'include "/run/nothing.nft"\ninclude "'],
];

/** What only the kernel refuses, and what it loads and keeps the controller out. */
const restored: readonly Change[] = [
  ["a chain that leads to itself", "chain of_host_in {", "chain of_host_in { jump of_host_in;"],
  ["SSH refused", "chain ssh_of_host {\n    accept", "chain ssh_of_host {\n    reject with tcp reset"],
  ["SSH not offered", "tcp dport { 22, 2222 } goto ssh_of_host", "meta l4proto tcp reject with tcp reset"],
  ["everybody banned", "ip saddr @banned4 goto banned", "tcp dport 2222 reject with tcp reset"],
  [
    "a table more that refuses it",
    "add table inet fairhost_bans",
    "table inet more {\n  chain input { type filter hook input priority -50; tcp dport 2222 reject with tcp reset; }\n}\nadd table inet fairhost_bans",
  ],
  [
    "a connection that may open, and no more",
    "chain ssh_of_host {\n    accept",
    "chain ssh_of_host {\n    tcp flags & (fin | syn | rst | ack) == syn accept\n    reject with tcp reset",
  ],
  [
    "no IPv6 any more",
    "iif lo accept\n    iifgroup",
    "iif lo accept\n    meta nfproto ipv6 reject with icmpv6 no-route\n    iifgroup",
  ],
];

describe("rules that are wrong", () => {
  test(`in ${refused.length} ways are refused by nft itself, and one of them by an apply: never in force`, async () => {
    const before = await rules();
    const [program, ...args] = nftables.validator;
    const judge = async (content: string) => {
      await host.writeFile("/run/rules.nft", content);
      return (await host.run([program, ...args, "/run/rules.nft"])).exitCode;
    };
    expect(await judge(ofOpen)).toBe(0);
    for (const change of refused) expect.soft(await judge(changed(change)), change[0]).not.toBe(0);
    const report = await apply(withRules(changed(refused[0]!)));
    expect(report).toMatchObject({ result: "rolled-back", hooks: [] });
    expect(await rules()).toBe(before);
  });

  test(`in ${restored.length} other ways do not stay, and the old ones are back at once`, async () => {
    expect(await apply(open())).toMatchObject({ errors: [] });
    const before = await rules();
    for (const change of restored) {
      const { result, errors } = await apply(withRules(changed(change)));
      expect.soft(result, change[0]).toBe("rolled-back");
      expect
        .soft(errors.map(({ message }) => message).join(), change[0])
        .toMatch(
          /^load the firewall: (?:nft: .*|the new rules block SSH on port 2222 .*); the old rules are restored/s,
        );
      expect.soft(await rules(), change[0]).toBe(before);
    }
    expect(await letsIn()).toBe(true);
  }, 180_000);
});

test("a controller that comes by IPv4 is not shut out either; one that comes by IPv6 may be without IPv4", async () => {
  await sh("ip address add 192.0.2.1/24 dev eth0; ip -n controller address add 192.0.2.2/24 dev eth0");
  const session = "192.0.2.2 50000 192.0.2.1 2222";
  expect(await apply(open(107), session)).toMatchObject({ errors: [] });
  const before = await rules();
  const shut = "iif lo accept\n    meta nfproto ipv4 reject with icmp host-unreachable\n    iifgroup";
  const without4 = withRules(changed(["no IPv4 any more", "iif lo accept\n    iifgroup", shut]));
  const { result, errors } = await apply(without4, session);
  expect(result).toBe("rolled-back");
  expect(errors.map(({ message }) => message)).toContainEqual(
    "load the firewall: the new rules block SSH on port 2222 from 192.0.2.2; the old rules are restored",
  );
  expect(await rules()).toBe(before);
  expect(await apply(without4)).toMatchObject({ result: "applied", errors: [] });
  expect(await letsIn()).toBe(true);
  expect(await apply(open())).toMatchObject({ errors: [] });
});

describe("rules of others", () => {
  test("iptables' own, which nft prints but cannot read back, are no part of the rescue and stay", async () => {
    // What nft says of a table that iptables-nft manages (nft 1.1, xt_stmt_print).
    await host.writeFile(
      "/usr/local/sbin/nft",
      `#!/bin/sh
/usr/sbin/nft "$@" || exit
case "$*" in *"list ruleset"*) printf 'table ip nat {\\n chain out {\\n  xt target "MASQUERADE"\\n }\\n}\\n' ;; esac
`,
      0o755,
    );
    await sh("nft add table ip nat && nft add chain ip nat kept");
    const foreign = await sh("/usr/sbin/nft list table ip nat");
    const report = await apply(lockingOut(104));
    expect(report.errors.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(/the old rules are restored$/),
    );
    expect(await sh("/usr/sbin/nft list table ip nat")).toBe(foreign);
    expect(await letsIn()).toBe(true);
    await sh("rm /usr/local/sbin/nft");
  });

  test("something in our own table that cannot be read back: the new rules are not loaded", async () => {
    const before = await rules();
    await host.writeFile(
      "/usr/local/sbin/nft",
      `#!/bin/sh
/usr/sbin/nft "$@" || exit
case "$*" in "list table inet fairhost") printf 'table inet fairhost {\\n chain x {\\n  xt target "LOG"\\n }\\n}\\n' ;; esac
`,
      0o755,
    );
    const { result, errors } = await apply(lockingOut(106));
    await sh("rm /usr/local/sbin/nft");
    expect(result).toBe("rolled-back");
    expect(errors[0]!.message).toMatch(
      /^load the firewall: the rules in force could not be restored, so the new ones were not loaded: /,
    );
    expect(await rules()).toBe(before);
  });

  test("a rule of others that lets the controller in and no stranger stops no deploy", async () => {
    await sh(`nft -f - <<'end'
table inet admin { chain input { type filter hook input priority -10; iif lo accept
  tcp dport 2222 ip6 saddr != fd00:77::2 drop
  }
}
end`);
    expect(await apply(bundle({ sshPort: 2222, asNumber: 4_200_000_012 }, 105))).toMatchObject({ errors: [] });
    expect(await letsIn()).toBe(true);
    await sh("nft delete table inet admin");
  });
});
