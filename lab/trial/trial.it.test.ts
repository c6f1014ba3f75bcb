import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { routerSystems } from "../../components/network/router-systems/router-systems.generated.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { losses } from "../../policies/graph/losses.ts";
import { announced } from "./outside.ts";
import { requestPort, silent } from "./protocol.ts";
import { Stage } from "./stage.ts";
import { cuttable, visitor } from "./topology.ts";
import { tryProof } from "./trial.ts";
import { linesOf } from "./ways.ts";
import { weakFleets } from "./weak-fleets.cases.ts";
import { wrongConfigurations } from "./wrong-configurations.cases.ts";

/** The network of a fleet in namespaces, IPv6 and IPv4, with the configuration that its inventory gives: routers of two makers, hosts, and a world around them. */
const declaration = declare((await loadFleet(join(import.meta.dirname, "../../inventory/trial"))).fleet);
const minutes = 60_000;

let stage: Stage;
beforeAll(async () => {
  stage = await Stage.build(declaration);
}, 5 * minutes);
afterAll(() => stage?.[Symbol.asyncDispose]());

/** All routes that a router has taken, whoever told them. */
const routes = async (router: string) =>
  router === "router-1"
    ? stage.run("for each in 6 4; do birdc -s /run/trial/router-1/bird.ctl show route table master$each; done")
    : stage.run("vtysh -N router-2 -c 'show bgp ipv6 unicast' -c 'show bgp ipv4 unicast' 2>/dev/null");

test("everything comes up, for a visitor with IPv4 alone too", async () => {
  expect(stage.neverUp).toEqual([]);
  expect(await stage.seen()).toHaveLength(2 * declaration.addresses.length);
  for (const { address4 } of declaration.frontEnds)
    expect(await stage.run(`ip -n visitor route get ${address4} from ${visitor.address4}`)).toMatch(
      /via inet6 fd00:9:ffff:/,
    );
});

test("each maker's program takes its configuration, and refuses what is wrong", async () => {
  for (const { space, file, validator, wrong } of wrongConfigurations) {
    const right = await stage.run(`cat /run/trial/${space}/${file}`);
    const judge = async (content: string) => {
      await stage.host.writeFile("/run/trial/judged", content);
      return (await stage.host.run(`${validator} /run/trial/judged`)).exitCode;
    };
    expect(await judge(right)).toBe(0);
    for (const [from, to] of wrong) {
      expect(right, from).toContain(from);
      expect.soft(await judge(right.replace(from, to)), `${space}: ${to}`).not.toBe(0);
    }
  }
});

test.each(["router-1", "router-2"])(
  "%s takes from operators what is of the Internet, and nothing else",
  async (router) => {
    const taken = await routes(router);
    expect(taken).toContain("::/0");
    for (const prefix of announced.good) expect(taken).toContain(prefix);
    expect(taken).toContain("0.0.0.0/0");
    for (const prefix of Object.values(announced.bad).flat()) expect(taken).not.toContain(prefix);
  },
);

test.each(
  announced.ofFirst.flatMap((prefix) => [
    [
      "router-1",
      prefix,
      `birdc -s /run/trial/router-1/bird.ctl 'show route ${prefix} all'`,
      /BGP.as_path:(.*)/g,
    ] as const,
    [
      "router-2",
      prefix,
      `vtysh -N router-2 -c 'show bgp ipv${prefix.includes(":") ? 6 : 4} unicast ${prefix} json' 2>/dev/null`,
      /"aspath":\{"string":"([^"]*)"/g,
    ] as const,
  ]),
)(
  "%s believes an announcement of %s, which has an entry in `roas`, from its origin alone",
  async (_, __, command, paths) => {
    // Both have a session with operators whose AS the entry does not have.
    const origins = () =>
      stage
        .run(command)
        .then((taken) => [...taken.replace(/\s*([{:])\s*/g, "$1").matchAll(paths)].map(([, path]) => path));
    await expect.poll(origins).toEqual(["64496"]);
  },
);

test("operators hear of the owned ranges, and of nothing inside them", async () => {
  const heard = await stage.run(
    "for each in 1 2 3 4; do birdc -s /run/trial/transit-$each/bird.ctl 'show route where proto ~ \"fleet_*\" all'; done",
  );
  const [{ prefixes, prefixes4 }] = declaration.networks as [Declaration["networks"][number]];
  const told = [...heard.matchAll(/^(\S+\/\d+) /gm)].map(([, prefix]) => prefix);
  expect(told.sort()).toEqual([...prefixes, ...prefixes4].flatMap((prefix) => Array(4).fill(prefix)).sort());
});

test("a host that announces another host's account is not believed", async () => {
  const [{ prefix }] = declaration.addresses.filter(({ host }) => host === "web1") as [
    Declaration["addresses"][number],
  ];
  const foreign = [prefix, "fd00:8000:0:77::/64"];
  const ofFrr = async (what: string) =>
    JSON.parse(await stage.run(`vtysh -N router-2 -c 'show bgp ${what} json' 2>/dev/null`));
  const received = async (): Promise<number> =>
    (await ofFrr("neighbors fd00:8000::12"))["fd00:8000::12"].messageStats.updatesRecv;
  const before = await received();
  await stage.run(`printf 'route %s unreachable;\n' ${foreign.join(" ")} > /run/trial/web2/bird/accounts/99.conf
    birdc -s /run/trial/web2/bird.ctl configure`);
  // Both have heard it: BIRD counts what its filter refuses, FRR what it is sent.
  const atBird = () => stage.run("birdc -s /run/trial/router-1/bird.ctl show protocols all host_web2");
  await expect.poll(atBird).toMatch(/Import updates: +\d+ +\d+ +2 /);
  await expect.poll(received).toBeGreaterThan(before);
  const taken = await stage.run("birdc -s /run/trial/router-1/bird.ctl show route protocol host_web2");
  const { routes: all } = await ofFrr("ipv6 unicast");
  for (const each of foreign) {
    expect(taken).not.toContain(each);
    expect(JSON.stringify(all[each] ?? [])).not.toContain("4200000012");
  }
  await stage.run("rm /run/trial/web2/bird/accounts/99.conf; birdc -s /run/trial/web2/bird.ctl configure");
  await stage.settled();
});

test("a host announces its own IPv4 address to both routers, and is believed nothing else", async () => {
  const ofBird = (what: string) => stage.run(`birdc -s /run/trial/router-1/bird.ctl ${what}`);
  const ofFrr = async (): Promise<Record<string, unknown>> => {
    const shown = "show bgp ipv4 unicast neighbors fd00:8000::12 routes json";
    return JSON.parse(await stage.run(`vtysh -N router-2 -c '${shown}' 2>/dev/null`)).routes ?? {};
  };
  const taken = async () =>
    [...(await ofBird("show route table master4 protocol host_web2")).matchAll(/^(\S+\/\d+) /gm)].map(
      ([, prefix]) => prefix,
    );
  await expect.poll(taken).toEqual(["192.0.2.12/32"]);
  await expect.poll(async () => Object.keys(await ofFrr())).toEqual(["192.0.2.12/32"]);
  // The other host's, the site's range and one of the Internet, a default route, and one that nobody has.
  const foreign = ["192.0.2.11/32", "192.0.2.0/24", "192.31.196.0/24", "0.0.0.0/0", "192.0.2.99/32"];
  const file = "/run/trial/web2/bird/bird.conf";
  const own = await stage.run(`cat ${file}`);
  const route = (prefix: string) => `  route ${prefix} unreachable;\n`;
  expect(own).toContain(route("192.0.2.12/32"));
  const reload = async (content: string) => {
    await stage.host.writeFile(file, content);
    await stage.run("birdc -s /run/trial/web2/bird.ctl configure");
  };
  const updates = async (): Promise<number> =>
    JSON.parse(await stage.run("vtysh -N router-2 -c 'show bgp neighbors fd00:8000::12 json' 2>/dev/null"))[
      "fd00:8000::12"
    ].messageStats.updatesRecv;
  const before = await updates();
  await reload(own.replace(route("192.0.2.12/32"), ["192.0.2.12/32", ...foreign].map(route).join("")));
  // Both have heard it: BIRD counts what its filter refuses, FRR what it is sent.
  await expect
    .poll(async () => (await ofBird("show protocols all host_web2")).split("Channel ipv4")[1])
    .toMatch(new RegExp(`Import updates: +\\d+ +\\d+ +${foreign.length} `));
  await expect.poll(updates).toBeGreaterThan(before);
  expect(await taken()).toEqual(["192.0.2.12/32"]);
  expect(Object.keys(await ofFrr())).toEqual(["192.0.2.12/32"]);
  await reload(own);
  await stage.settled();
});

/** Routers by their makers: where their configuration is, how another one comes into force, and which of its connections each session has. */
const routersOf = {
  "router-1": {
    file: "/run/trial/router-1/bird/bird.conf",
    reload: "birdc -s /run/trial/router-1/bird.ctl configure",
    sessions: async (): Promise<[string, string][]> => {
      const shown = await stage.run("birdc -s /run/trial/router-1/bird.ctl show protocols");
      return [...shown.matchAll(/^(\S+) +BGP +--- +\S+ +(\S+) +Established/gm)].map(([, name, since]) => [
        name!,
        since!,
      ]);
    },
    operator: "transit-1",
    session: "operator_transit_1",
    begin: "birdc -s /run/trial/router-1/bird.ctl enable operator_transit_1",
  },
  "router-2": {
    file: "/run/trial/router-2/frr.conf",
    reload: `install -o frr -g frr -m 640 /run/trial/router-2/frr.conf /etc/frr/router-2/frr.conf
      /usr/lib/frr/frr-reload.py --reload --stdout --pathspace router-2 --confdir /etc/frr/router-2 /etc/frr/router-2/frr.conf`,
    sessions: async (): Promise<[string, string][]> => {
      const { ipv6Unicast } = JSON.parse(await stage.run("vtysh -N router-2 -c 'show bgp summary json' 2>/dev/null"));
      const peers = Object.entries<{ state: string; connectionsEstablished: number }>(ipv6Unicast.peers);
      return peers.flatMap(([name, peer]) =>
        peer.state === "Established" ? [[name, String(peer.connectionsEstablished)]] : [],
      );
    },
    operator: "transit-4",
    session: "fd00:9:4::1",
    begin: "vtysh -N router-2 -c 'clear bgp fd00:9:4::1' 2>/dev/null",
  },
} as const;
const reconfigure = async (router: keyof typeof routersOf, content: string) => {
  const { file, reload } = routersOf[router];
  await stage.host.writeFile(file, content);
  await stage.run(reload);
};
const patient = { timeout: 60_000, interval: 300 };

test.each(["router-1", "router-2"] as const)(
  "%s that is declared to shut down carries nothing any more, and no request is lost by that nor when it stops",
  async (router) => {
    const other = router === "router-1" ? "router-2" : "router-1";
    const own = await stage.run(`cat ${routersOf[router].file}`);
    const others = await stage.run(`cat ${routersOf[other].file}`);
    const declared = (name: string) => {
      const plan = stage.topology.plans.find((each) => each.name === name)!;
      const { manufacturer } = declaration.routers.find((each) => each.name === name)!;
      return routerSystems
        .find((each) => each.manufacturer === manufacturer)!
        .render({ ...plan, gracefulShutdown: true });
    };
    // Kernels count: a machine that is busy answers late, and has lost nothing.
    await stage.run(`ip netns exec ${router} nft 'table inet carried { chain through { type filter hook forward priority 0; meta l4proto udp counter; }; }'
    ip netns exec visitor nft 'table inet asked {
      chain answers { type filter hook input priority 0; udp sport ${requestPort} counter; }
      chain requests { type filter hook output priority 0; udp dport ${requestPort} counter; }
    }'`);
    const counters = async (space: string, table: string) => {
      const listed = await stage.run(`ip netns exec ${space} nft list table inet ${table}`);
      return [...listed.matchAll(/counter packets (\d+)/g)].map(([, packets]) => Number(packets));
    };
    const unanswered = async () => {
      const [answers, requests] = (await counters("visitor", "asked")) as [number, number];
      const unsent = await stage.run("ip netns exec visitor nstat -asz IpOutNoRoutes Ip6OutNoRoutes");
      return (
        requests - answers + [...unsent.matchAll(/OutNoRoutes +(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0)
      );
    };
    /** Of packets while every account answers. */
    const carried = async () => {
      const [before] = await counters(router, "carried");
      await stage.seen();
      await sleep(500);
      const answered = silent(await stage.seen()).length === 0;
      const [after] = await counters(router, "carried");
      return answered ? after! - before! : undefined;
    };

    await reconfigure(other, declared(other));
    await expect.poll(carried, patient).toBeGreaterThan(100);
    // Some may be on their way.
    let before = Number.POSITIVE_INFINITY;
    for (let look = 0; look < 20; look++) before = Math.min(before, await unanswered());
    await reconfigure(router, declared(router));
    await reconfigure(other, others);
    await expect.poll(carried, patient).toBe(0);
    await stage.cut({ space: router });
    await expect
      .poll(() => stage.run("birdc -s /run/trial/web1/bird.ctl show protocols"), patient)
      .toMatch(/^(?!(.*\n)*.*Established(.*\n)*.*Established)/);
    await stage.seen();
    await expect.poll(async () => silent(await stage.seen()), patient).toEqual([]);
    await expect.poll(unanswered, patient).toBeLessThanOrEqual(before);

    await stage.run(`ip netns exec ${router} nft destroy table inet carried
    ip netns exec visitor nft destroy table inet asked`);
    await stage.host.writeFile(routersOf[router].file, own);
    await stage.restore({ space: router });
    await stage.settled();
  },
  5 * minutes,
);

test.each(["router-1", "router-2"] as const)(
  "%s cuts off an operator that announces too much, until somebody begins the session again, and keeps all others",
  async (router) => {
    const { file, sessions, operator, session, begin } = routersOf[router];
    const [own, of] = [await stage.run(`cat ${file}`), `/run/trial/${operator}/bird/bird.conf`];
    const world = await stage.run(`cat ${of}`);
    // The real limit is beyond the Internet.
    const few = own.replace(/(receive limit|maximum-prefix) 500000/g, "$1 20");
    expect(few).not.toBe(own);
    await reconfigure(router, few);
    await stage.settled();
    const before = new Map(await sessions());
    const announce = async (content: string) => {
      await stage.host.writeFile(of, content);
      await stage.run(`birdc -s /run/trial/${operator}/bird.ctl configure`);
    };
    const many = Array.from({ length: 30 }, (_, n) => `route 2620:4f:${(0x8100 + n).toString(16)}::/48 unreachable;`);
    await announce(`${world}\nprotocol static many { ipv6; ${many.join(" ")} }\n`);
    const left = [...before].filter(([name]) => name !== session);
    expect(left).toHaveLength(before.size - 1);
    await expect.poll(sessions, patient).toEqual(left);
    await announce(world);
    await stage.seen();
    await expect.poll(async () => silent(await stage.seen()), patient).toEqual([]);
    expect(await sessions()).toEqual(left);
    await stage.run(begin);
    await stage.settled();
    await reconfigure(router, own);
    await stage.settled();
  },
  5 * minutes,
);

/** Each fleet with what is fatal in it, hosts aside: the sound one has nothing. */
const fleets = [{ name: "no weakness", fleet: declaration, fatal: [] }, ...weakFleets(declaration)];

// All at the same time: each waits more than it works.
test.concurrent.each(fleets)(
  "with $name, every link, switch, router, operator and host that is cut takes down exactly what the proof says",
  async ({ name, fleet, fatal }) => {
    const expected = losses(fleet).filter(({ failure }) => cuttable.includes(failure));
    const proven = expected.filter(({ accounts, failure }) => accounts.length > 0 && failure !== "host");
    expect(proven.map(({ name, accounts }) => `${name}: ${accounts.join()}`)).toEqual(fatal);
    await using own = fleet === declaration ? undefined : await Stage.build(fleet);
    const { outcomes, untried } = await tryProof(own ?? stage, fleet, expected);
    expect(untried).toEqual([]);
    expect(outcomes.filter(({ agrees }) => !agrees)).toEqual([]);
    // No way repeats a hop, and of accounts that stay each arrives, there and back.
    expect(outcomes.flatMap(({ element, wrong }) => linesOf(wrong).map((line) => `${element}: ${line}`))).toEqual([]);
    for (const { element, ways, down } of outcomes)
      expect(ways.length, element).toBeGreaterThanOrEqual(down.length === fleet.addresses.length ? 0 : 4);
    expect(outcomes.flatMap(({ down }) => down)).toEqual(expected.flatMap(({ accounts }) => accounts));
    for (const { element, cut, restored, ways } of outcomes)
      console.info(
        `${name}, ${element}: gap ${cut.longestGap} ms, lost ${cut.lost}; restored: ${restored.longestGap} ms, ${restored.lost}; ${linesOf(ways).join(", ")}`,
      );
  },
  10 * minutes,
);
