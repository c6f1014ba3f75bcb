import { test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import type { ApplyReport, Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import type { Health, Inspection } from "../../../delivery/protocol/inspection.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { declaredFacts } from "../../../guard/drift/inspect-hosts.ts";
import { neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { routerFirewall } from "../router-firewall.host.ts";
import { deliveredRouters } from "./delivered-routers.ts";

/**
 * A router that the applier delivers: bootstrapped as Pulumi's command does, then applied, with wrong configurations that must not stay, and
 * changes by hand that must be seen.
 */

/** A bundle in which a text of a file is exchanged. */
function exchanged(bundle: Bundle, file: string, from: string | RegExp, to: string): Bundle {
  const { files, units } = bundle.groups.host!;
  const changed = files.map((each) =>
    each.path === file ? { ...each, content: each.content!.replace(from, to) } : each,
  );
  if (JSON.stringify(changed) === JSON.stringify(files)) throw new Error(`${file} has no ${from}`);
  return sealBundle(bundle.host, { host: sealGroup({ files: changed, units }) });
}

interface Wrong {
  readonly what: string;
  /** Another file than that of the routing. */
  readonly of?: string;
  readonly from: string | RegExp;
  readonly to: string;
  readonly says: RegExp;
}

/** Of the firewall: the same for all makers. */
const ofFirewall: Record<"refused" | "restored", Wrong> = {
  refused: {
    what: "a set that is not there",
    of: routerFirewall.entry.file,
    from: "@operators6",
    to: "@operator6",
    says: /^nft: /,
  },
  restored: {
    what: "hosts and the other router kept out",
    of: routerFirewall.entry.file,
    from: "iif lo accept",
    to: "iif lo accept\n    ip6 saddr @inside6 drop",
    says: /^load the firewall: .* not established any more; the old rules are restored/,
  },
};

/** What the applier says: the same of all makers. */
const ofOperator = /session with operator transit-1/;
const ofHost = /session with host web1/;
const untold = /operator transit-\d is told of no IPv6 route any more/;
const untaken = /no IPv6 route of operator transit-\d is taken any more/;
const noWay = /the kernel has no route to fd00:8000:0:1::\/64 of host web1 any more/;
const noDefault = (version: 4 | 6) => new RegExp(`host web1 is told of no IPv${version} route any more`);
const noWayOut = (version: 4 | 6) => new RegExp(`the kernel has no default route for IPv${version} any more`);
const noRoutes = "route-map none deny 10\nexit\n!\n";
const toKernel = "protocol bgp route-map none\n!\n";

/** Twenty a maker: two that its program refuses, those that it reads and that are wrong, and two of the firewall. */
const makers = [
  {
    manufacturer: "bird",
    file: "bird/bird.conf",
    refused: [
      { what: "a word that it does not know", from: "hold time", to: "hold tiem", says: /bird: / },
      { what: "a prefix that is none", from: /route (fd\S+)\/32/, to: "route $1/129", says: /bird: / },
    ],
    restored: [
      { what: "another AS of the host", from: /as 4200000011/, to: "as 4200000099", says: /session with host web1/ },
      {
        what: "nothing told to operators",
        from: /export filter \{ if proto != "owned" then reject;/g,
        to: "export filter { reject;",
        says: /operator transit-\d is told of no IPv6 route any more/,
      },
      {
        what: "all told to operators",
        from: /if proto != "owned" then reject;/g,
        to: "",
        says: /operator transit-\d is told of \d+ IPv6 prefixes, but 1 are owned/,
      },
      { what: "another AS of its own", from: /(local fd00:9:1::2 as) \d+/, to: "$1 64511", says: ofOperator },
      { what: "another AS of an operator", from: /(neighbor fd00:9:1::1 as) \d+/, to: "$1 64511", says: ofOperator },
      {
        what: "another address of an operator",
        from: "neighbor fd00:9:1::1 ",
        to: "neighbor fd00:9:1::9 ",
        says: ofOperator,
      },
      {
        what: "another address of the host",
        from: "neighbor fd00:8000::11 ",
        to: "neighbor fd00:8000::19 ",
        says: ofHost,
      },
      {
        what: "another AS of the other router",
        from: /(neighbor fd00:8000::1:0:2:1 as) \d+/,
        to: "$1 64511",
        says: /Only internal neighbor can be RR client/,
      },
      {
        what: "a session shut down",
        from: /(protocol bgp operator_transit_1 .*\n)/,
        to: "$1  disabled yes;\n",
        says: ofOperator,
      },
      { what: "no default route for hosts", from: /if !is_default\(\) \|\|/g, to: "if true ||", says: noDefault(6) },
      { what: "none of IPv4", from: /if !is_default4\(\) \|\|/g, to: "if true ||", says: noDefault(4) },
      { what: "no owned range", from: "  route fd00:8000::/32 unreachable;\n", to: "", says: untold },
      {
        what: "nothing taken of operators",
        from: "if !is_default() && !is_of_internet()",
        to: "if true",
        says: untaken,
      },
      {
        what: "nothing taken of hosts",
        from: "bgp_next_hop != fd00:8000::11",
        to: "bgp_next_hop != fd00:8000::12",
        says: noWay,
      },
      {
        what: "no routes for the kernel",
        from: 'export where source = RTS_BGP || proto = "owned";',
        to: "export none;",
        says: noWayOut(6),
      },
      {
        what: "no routes of IPv4 for the kernel",
        from: 'export where source = RTS_BGP || proto = "owned4";',
        to: "export none;",
        says: noWayOut(4),
      },
    ],
    byHand: "sed -i 's/hold time 90/hold time 80/' /var/lib/fairhost/current/bird/bird.conf",
    seen: ["file-changed"],
  },
  {
    manufacturer: "frr",
    file: "frr/frr.conf",
    refused: [
      { what: "a word that it does not know", from: "router bgp", to: "ruoter bgp", says: /vtysh: / },
      { what: "a prefix that is none", from: /ipv6 route (fd\S+)\/32/, to: "ipv6 route $1/129", says: /vtysh: / },
    ],
    restored: [
      {
        what: "another AS of the host",
        from: /remote-as 4200000011/,
        to: "remote-as 4200000099",
        says: /session with host web1/,
      },
      {
        what: "nothing told to operators",
        from: /route-map operator-transit-1-out permit 10/,
        to: "route-map operator-transit-1-out deny 10",
        says: /operator transit-1 is told of no IPv6 route any more/,
      },
      {
        what: "all told to operators",
        from: /(route-map operator-transit-1-out permit 10\n) match ipv6 address prefix-list owned\n/,
        to: "$1",
        says: /operator transit-1 is told of \d+ IPv6 prefixes, but 1 are owned/,
      },
      {
        what: "another AS of its own",
        from: /^router bgp \d+$/m,
        to: "router bgp 64511",
        says: /FRR does not take it/,
      },
      {
        what: "another AS of an operator",
        from: /(neighbor fd00:9:1::1 remote-as) \d+/,
        to: "$1 64511",
        says: ofOperator,
      },
      {
        what: "another address of an operator",
        from: /neighbor fd00:9:1::1 /g,
        to: "neighbor fd00:9:1::9 ",
        says: ofOperator,
      },
      {
        what: "another address of the host",
        from: /neighbor fd00:8000::11 /g,
        to: "neighbor fd00:8000::19 ",
        says: ofHost,
      },
      {
        what: "another AS of the other router",
        from: /(neighbor fd00:8000::1:0:2:1 remote-as) \d+/,
        to: "$1 64511",
        says: /FRR does not take it/,
      },
      {
        what: "a session shut down",
        from: /( neighbor fd00:9:1::1) remote-as .*\n/,
        to: "$&$1 shutdown\n",
        says: ofOperator,
      },
      {
        what: "no default route for hosts",
        from: "route-map hosts-out permit",
        to: "route-map hosts-out deny",
        says: noDefault(6),
      },
      {
        what: "none of IPv4",
        from: "route-map hosts-out4 permit",
        to: "route-map hosts-out4 deny",
        says: noDefault(4),
      },
      { what: "no owned range", from: "  network fd00:8000::/32\n", to: "", says: untold },
      {
        what: "nothing taken of operators",
        from: /(route-map operator-transit-1-in) permit/g,
        to: "$1 deny",
        says: untaken,
      },
      {
        what: "nothing taken of hosts",
        from: "match ipv6 next-hop address fd00:8000::11",
        to: "match ipv6 next-hop address fd00:8000::12",
        says: noWay,
      },
      {
        what: "no routes for the kernel",
        from: /^(?=router bgp)/m,
        to: `${noRoutes}ipv6 ${toKernel}`,
        says: noWayOut(6),
      },
      {
        what: "no routes of IPv4 for the kernel",
        from: /^(?=router bgp)/m,
        to: `${noRoutes}ip ${toKernel}`,
        says: noWayOut(4),
      },
    ],
    byHand: "vtysh -c 'conf t' -c 'ipv6 route fd00:77::/64 reject'",
    seen: ["configuration-not-loaded"],
  },
] as const satisfies readonly {
  refused: readonly Wrong[];
  restored: readonly Wrong[];
  readonly [key: string]: unknown;
}[];

// Both at once: each waits more than it works.
test.concurrent.for(makers)(
  "a delivered router of $manufacturer is applied, keeps its sessions when a change is wrong, and drift is seen",
  { timeout: 1_800_000 },
  async ({ manufacturer, file, refused, restored, byHand, seen }, { expect, onTestFinished }) => {
    const on = await neighboredRouter();
    const { router, sh } = on;
    onTestFinished(() => router.stop());
    const first = { ...oneSwitch.routers[0]!, manufacturer, ssh: { address: "fd00::1", port: 22 } };
    const declaration = { ...oneSwitch, routers: [first, ...oneSwitch.routers.slice(1)] };
    const [found] = deliveredRouters(declaration);
    const bootstrap = await loadBootstrap();
    const { script, payload } = bootstrap.forRouter(found!, 0);
    await succeed(router, ["/bin/sh", "-c", script], payload);
    // The kernel of a container belongs to another machine: the applier leaves it alone.
    await sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd");
    const apply = async (bundle: Bundle) => {
      const stdin = routerDelivery(bundle);
      const { stdout, stderr } = await router.run(["fairhost-host", "apply"], { stdin, timeout: 200_000 });
      if (stdout === "") throw new Error(stderr);
      return JSON.parse(stdout) as ApplyReport;
    };
    const right = renderRouterBundle(found!, plan);

    const report = await apply(right);
    expect(report.errors).toEqual([]);
    expect(report.result).toBe("applied");
    await on.allEstablished();
    await on.forwards();
    expect(await sh("ls /var/lib/fairhost")).not.toMatch(/secrets/);
    expect(await apply(right)).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });
    const health = JSON.parse(await sh("fairhost-host health --json")) as Health;
    expect(health).toMatchObject({ healthy: true, problems: [] });
    // The other host is not there, nor does the model of the second operator have a session over IPv4.
    expect(health.sessions).toEqual({
      ...{ "host web1": true, "host web2": false, "router router-2": true },
      ...{ "operator transit-1": true, "operator transit-3": true, "operator transit-3 over IPv4": false },
    });

    const since = await on.since();
    for (const { what, of = file, from, to, says } of [...(refused as readonly Wrong[]), ofFirewall.refused]) {
      const report = await apply(exchanged(right, of, from, to));
      expect(report.result, what).toBe("rolled-back");
      expect(report.errors[0]!.message, what).toMatch(says);
      expect(await on.since(), what).toBe(since);
    }
    for (const { what, of = file, from, to, says } of [...(restored as readonly Wrong[]), ofFirewall.restored]) {
      const report = await apply(exchanged(right, of, from, to));
      expect.soft(report.errors.map(({ message }) => message).join("\n"), what).toMatch(says);
      expect(report.result, what).toBe("rolled-back");
      await on.allEstablished();
      await on.forwards();
    }
    expect(await apply(right)).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });

    // The other router tells nothing here: an account moves to another host although nobody else has a way to it until that host announces it.
    const [moving] = plan.hosts[0]!.prefixes;
    const moved = plan.hosts.map((host, index) => ({
      ...host,
      prefixes: index === 0 ? host.prefixes.filter((each) => each !== moving) : [...host.prefixes, moving!],
    }));
    expect(await apply(renderRouterBundle(found!, { ...plan, hosts: moved }))).toMatchObject({
      result: "applied",
      errors: [],
    });
    expect((await router.run(`ip -6 route get fibmatch ${moving!.replace("/64", "1")}`)).stdout).not.toContain(
      ` via ${plan.hosts[0]!.address} `,
    );
    expect(await apply(right)).toMatchObject({ result: "applied", errors: [] });
    await on.allEstablished();
    await on.forwards();

    // If the applier has ended, the old configuration comes back by itself.
    const [{ from, to }] = restored as readonly [Wrong, ...Wrong[]];
    await router.writeFile("/run/delivery", routerDelivery(exchanged(right, file, from, to)));
    await sh("fairhost-host apply </run/delivery >/run/out 2>/run/err &");
    await expect.poll(on.established, { timeout: 60_000 }).not.toContain("web1");
    await sh("systemctl kill --signal=KILL 'fairhost-apply-*.service'");
    await on.allEstablished();
    expect(await apply(right)).toMatchObject({ errors: [] });

    // What `guard drift` asks.
    const stdin = JSON.stringify(declaredFacts(declaration, found!.name, bootstrap));
    const inspect = async () => {
      const { stdout } = await router.run(["fairhost-host", "inspect", "--json"], { stdin });
      return (JSON.parse(stdout) as Inspection).differences.filter(({ note }) => !note).map(({ kind }) => kind);
    };
    const clean = (kinds: readonly string[]) => kinds.filter((kind) => kind !== "ssh-silent");
    expect(clean(await inspect())).toEqual([]);
    await sh(byHand);
    expect(clean(await inspect())).toEqual(expect.arrayContaining([...seen]));
    expect((await apply(right)).repaired.length).toBeGreaterThan(0);
    expect(clean(await inspect())).toEqual([]);
    await on.allEstablished();
  },
);
