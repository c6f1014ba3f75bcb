import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { loadBootstrap } from "../../../delivery/bootstrap.ts";
import { sealBundle, sealGroup } from "../../../delivery/protocol/digest.ts";
import { renderRouterBundle, routerDelivery } from "../../../delivery/render-router-bundle.ts";
import { type NeighboredRouter, neighboredRouter, oneSwitch, plan } from "../../../testing/fakes/neighbored-router.ts";
import { succeed } from "../../../testing/fakes/placed-host.ts";
import { deliveredRouters } from "./delivered-routers.ts";
import { ipv6 } from "./router-system.ts";

/**
 * What the neighbours of a delivered router see when it is declared to be left (RFC 8326), and what becomes of a host that announces too much. That
 * traffic leaves the router before it stops: lab/trial.
 */
const [host] = plan.hosts as [(typeof plan.hosts)[number]];
const neighbors = [host, ...plan.routers, ...plan.operators].map(({ name }) => name);
const patient = { timeout: 120_000, interval: 500 };
/** Those of the host's accounts. */
const own = host.prefixes.filter((prefix) => prefix.includes(":"));
/** Further accounts' prefixes. */
const prefixes = (count: number) =>
  Array.from({ length: count }, (_, index) => `fd00:8000:0:${(0x1000 + index).toString(16)}::/64`);

describe.each(["bird", "frr"] as const)("a delivered router of %s", (manufacturer) => {
  let on: NeighboredRouter;
  const first = { ...oneSwitch.routers[0]!, manufacturer, ssh: { address: "fd00::1", port: 22 } };
  const [delivered] = deliveredRouters({ routers: [first, ...oneSwitch.routers.slice(1)] });
  const deliver = (declared: typeof plan) =>
    succeed(on.router, ["fairhost-host", "apply"], routerDelivery(renderRouterBundle(delivered!, declared)));
  const asked = (space: string, what: string) => on.sh(`birdc -s /run/${space}.ctl '${what}'`);

  /**
   * What each neighbour was told, as sorted lines `neighbour prefix stays` or `left`. The other router's have the preference too: it does not leave
   * the AS.
   */
  const told = async () => {
    const ofEach = neighbors.map(async (space) => {
      const routes = (await asked(space, "show route protocol router all")).split(/^(?=\S+\/\d+ )/m).slice(1);
      return routes.map((text) => {
        const preference = space === "router-2" ? ` ${/BGP\.local_pref: (\d+)/.exec(text)![1]}` : "";
        const left = /BGP\.community:.*\(65535, ?0\)/.test(text) ? "left" : "stays";
        return `${space} ${text.split(" ")[0]} ${left}${preference}`;
      });
    });
    return (await Promise.all(ofEach)).flat().sort();
  };
  /** Since when all others than the host have their sessions. */
  const others = async () => (await on.since()).split(",").slice(1);

  beforeAll(async () => {
    on = await neighboredRouter();
    const { script, payload } = (await loadBootstrap()).forRouter(delivered!, 0);
    await succeed(on.router, ["/bin/sh", "-c", script], payload);
    await on.sh("sysctl -qw net.ipv6.conf.all.forwarding=1 net.ipv4.ip_forward=1; systemctl start systemd-networkd");
    await deliver(plan);
  }, 300_000);
  afterAll(() => on?.router.stop());

  test("declared to be left tells it to hosts, the other router and operators, keeps its sessions, forwards, and takes it back", async () => {
    await on.allEstablished();
    await on.forwards();
    const all = [
      "web1 ::/0 stays",
      "web1 0.0.0.0/0 stays",
      `router-2 ${host.prefixes[0]} stays 100`,
      "transit-3 fd00:8000::/32 stays",
    ];
    await expect.poll(told, patient).toEqual(expect.arrayContaining(all));
    const before = await told();
    expect(before.filter((line) => line.includes("left"))).toEqual([]);
    const since = await on.since();

    await deliver({ ...plan, gracefulShutdown: true });
    await expect
      .poll(told, patient)
      .toEqual(before.map((line) => line.replace("stays 100", "left 0").replace("stays", "left")));
    await on.forwards();
    expect(await on.since()).toBe(since);

    await deliver(plan);
    await expect.poll(told, patient).toEqual(before);
    await on.forwards();
    expect(await on.since()).toBe(since);
  }, 300_000);

  test("with an operator that is to be left tells that operator alone, and prefers what others tell", async () => {
    const [leaving] = plan.operators as [(typeof plan.operators)[number]];
    const before = await told();
    const since = await on.since();
    await deliver({
      ...plan,
      operators: plan.operators.map((each) => (each === leaving ? { ...each, gracefulShutdown: true } : each)),
    });
    const changed = async () => (await told()).filter((line) => !before.includes(line));
    // It alone has a session with IPv4, and is behind it what no other tells.
    await expect
      .poll(changed, patient)
      .toEqual(
        [
          ...before.filter((line) => line.startsWith(leaving.name)).map((line) => line.replace("stays", "left")),
          ...["web1 0.0.0.0/0 left", "router-2 0.0.0.0/0 left 0"],
          ...["router-2 2620:4f:8000::/48 left 0", "router-2 192.31.196.0/24 left 0"],
        ].sort(),
      );
    expect(await told()).toEqual(expect.arrayContaining(["web1 ::/0 stays", "router-2 ::/0 stays 100"]));
    await on.forwards();
    expect(await on.since()).toBe(since);
    await deliver(plan);
    await expect.poll(told, patient).toEqual(before);
  }, 300_000);

  /** The host announces these beside what is its own, and with `own` these alone. */
  const announce = async (own: boolean, prefixes: readonly string[]) => {
    const configured = await on.sh(`cat /run/${host.name}.first`);
    const text = own ? configured : configured.replaceAll(/^ {2}route .*\n/gm, "");
    const many = `protocol static many { ipv6; ${prefixes.map((prefix) => `route ${prefix} unreachable; `).join("")}}\n`;
    await on.router.writeFile(`/run/${host.name}.conf`, `${text}${many}`);
    await asked(host.name, "configure");
  };
  const withAccounts = (accounts: readonly string[]) => ({
    ...plan,
    hosts: [{ ...host, prefixes: [...host.prefixes, ...accounts] }, ...plan.hosts.slice(1)],
  });
  /** Prefixes of accounts that the other router hears. */
  const heard = async () =>
    (await asked("router-2", "show route protocol router")).match(/^fd00:8000:0:\S+\/64 /gm)?.length ?? 0;
  const ofHost = () => asked(host.name, "show protocols all router");
  const overLimit = /Maximum number of prefixes reached/;

  test("takes all accounts of a host, however many are declared", async () => {
    await on.sh(`cp /run/${host.name}.conf /run/${host.name}.first`);
    await on.allEstablished();
    const since = await on.since();
    const accounts = prefixes(ipv6.limits.host + 100);
    await deliver(withAccounts(accounts));
    await announce(true, accounts);
    await expect.poll(heard, patient).toBe(accounts.length + own.length);
    await on.forwards();
    expect(await ofHost()).not.toMatch(overLimit);
    expect(await on.since()).toBe(since);
    await announce(true, []);
    await expect.poll(heard, patient).toBe(own.length);
    await deliver(plan);
  }, 300_000);

  test("ends the session with a host that announces more than its limit, keeps all others, and takes the host back by itself", async () => {
    await on.allEstablished();
    const accounts = prefixes(6);
    const right = renderRouterBundle(delivered!, withAccounts(accounts));
    // The real limit is beyond what is declared, and only what is declared is taken, which both makers count.
    const { files, units } = right.groups.host!;
    const few = files.map((file) => ({
      ...file,
      ...(file.content && { content: file.content.replace(/(receive limit|maximum-prefix) 2000/, "$1 5") }),
    }));
    expect(few).not.toEqual(files);
    const bundle = sealBundle(right.host, { host: sealGroup({ files: few as typeof files, units }) });
    await succeed(on.router, ["fairhost-host", "apply"], routerDelivery(bundle));
    await on.allEstablished();
    const since = await others();
    await announce(false, accounts);
    await expect.poll(ofHost, patient).toMatch(overLimit);
    expect(await others()).toEqual(since);
    // Nothing of it is left with the others while it is away.
    await announce(true, []);
    await on.allEstablished();
    await expect.poll(heard, patient).toBe(own.length);
    await on.forwards();
    expect(await others()).toEqual(since);
    await deliver(plan);
  }, 400_000);

  test("takes nothing of thousands of foreign prefixes that a host announces, and keeps all sessions", async () => {
    const [right, ...flood] = prefixes(ipv6.limits.host + 2) as [string, ...string[]];
    await deliver(withAccounts([right]));
    await on.allEstablished();
    const [since, before] = [await on.since(), await told()];
    await announce(true, flood);
    await expect.poll(ofHost, patient).toContain(`${flood.length + own.length} exported`);
    // What comes last is taken: all before it was looked at. Both makers count what their filters take.
    await announce(true, [...flood, right]);
    await expect.poll(heard, patient).toBe(own.length + 1);
    expect(await ofHost()).not.toMatch(overLimit);
    await announce(true, []);
    await expect.poll(told, patient).toEqual(before);
    await on.forwards();
    expect(await on.since()).toBe(since);
  }, 300_000);
});
