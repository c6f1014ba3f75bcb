import { afterEach, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import type { ApplyReport, Bundle } from "../../../delivery/protocol/bundle.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { declaredFacts } from "../../../guard/drift/inspect-hosts.ts";
import type { Health, Inspection } from "../../../host/inspect/difference.ts";
import { type NeighboredRouter, neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { routerFirewall } from "../router-firewall.host.ts";
import { deliveredRouters } from "./delivered-routers.ts";

/**
 * A router that the applier delivers: bootstrapped as Pulumi's command does, then applied, with wrong configurations that must not stay, and
 * changes by hand that must be seen.
 */
let on: NeighboredRouter | undefined;
afterEach(() => on?.router.stop());

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
    ],
    byHand: "vtysh -c 'conf t' -c 'ipv6 route fd00:77::/64 reject'",
    seen: ["configuration-not-loaded"],
  },
] as const satisfies readonly {
  refused: readonly Wrong[];
  restored: readonly Wrong[];
  readonly [key: string]: unknown;
}[];

describe.each(makers)(
  "a delivered router of $manufacturer",
  ({ manufacturer, file, refused, restored, byHand, seen }) => {
    test("is applied, keeps its sessions when a change is wrong, and drift is seen", async () => {
      on = await neighboredRouter();
      const { router, sh } = on;
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
        expect(report.errors.map(({ message }) => message).join("\n"), what).toMatch(says);
        expect(report.result, what).toBe("rolled-back");
        await on.allEstablished();
        await on.forwards();
      }
      expect(await apply(right)).toMatchObject({ result: "unchanged", hooks: [], repaired: [] });

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
    }, 900_000);
  },
);
