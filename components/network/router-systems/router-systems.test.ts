import { join } from "node:path";
import { expect, test } from "vitest";
import { declare } from "../../../fleet/declare/declare.ts";
import { loadFleet } from "../../../fleet/load/load.ts";
import type { Declaration, RouterInputs } from "../../registry/kinds.generated.ts";
import { firewallOf } from "./router-firewall.ts";
import { type RouterPlan, routerPlans, tooLong, withoutIpv4, withoutSessions } from "./router-plan.ts";
import { routerSystems } from "./router-systems.generated.ts";

const trial = declare((await loadFleet(join(import.meta.dirname, "../../../inventory/trial"))).fleet);
const [network] = trial.networks;

/** The fleet for trials, with an operator that is left and has neither BFD nor IPv4, and a host without accounts. */
const varied: Declaration = {
  ...trial,
  addresses: trial.addresses.filter(({ host }) => host === "web1"),
  networks: [
    {
      ...network!,
      operators: network!.operators.map((operator) =>
        operator.name !== "transit-3"
          ? operator
          : {
              ...operator,
              gracefulShutdown: true,
              sessions: operator.sessions!.map(({ router, address, neighbor }) => ({ router, address, neighbor })),
            },
      ),
    },
  ],
};

const withRouter = (change: Partial<RouterInputs>): Declaration => ({
  ...trial,
  routers: trial.routers.map((router) => (router.name === "router-2" ? { ...router, ...change } : router)),
});

test.each(routerSystems)("what a router of $manufacturer gets", async ({ manufacturer, render }) => {
  const [plan] = routerPlans(varied);
  await expect(render(plan!)).toMatchFileSnapshot(join(import.meta.dirname, "golden", `router-1.${manufacturer}.txt`));
});

test.each(routerSystems.filter(({ tried }) => tried))(
  "what a router of $manufacturer gets beside it: its programs, interfaces and a kernel that forwards",
  async ({ manufacturer, others }) => {
    const [plan] = routerPlans(varied);
    const text = others(plan!)
      .map(({ path, content }) => `== ${path}\n${content}`)
      .join("\n");
    await expect(text).toMatchFileSnapshot(join(import.meta.dirname, "golden", `router-1.${manufacturer}.others.txt`));
  },
);

test("what a delivered router refuses: sessions of others, and where its ports are known false sources", async () => {
  const [plan] = routerPlans(trial);
  const text = ({ files }: ReturnType<typeof firewallOf>) => files.map((each) => each.content ?? each.link).join("\n");
  const all = text(firewallOf(plan!));
  await expect(all).toMatchFileSnapshot(join(import.meta.dirname, "golden", "router-1.firewall.txt"));
  const without = text(firewallOf({ ...plan!, interfaces: [] }));
  expect(without).toContain("chain of_neighbors");
  expect(without).not.toMatch(/iifname|oifname/);
});

test.each(routerSystems)("a router of $manufacturer without ports has no interface of ours, and says so", (system) => {
  const routers = trial.routers.map(({ ports, ...router }) => router);
  const [plan] = routerPlans({ ...trial, routers });
  expect(system.render(plan!)).toContain("Interfaces and their addresses are set up apart.");
  const all = [system.render(plan!), ...system.others(plan!).map(({ content }) => content)].join("\n");
  expect(all).not.toMatch(/enp1s0|forwarding|^interfaces?\b/m);
});

test("each port has what is at its other end: switches share one interface, a link of two routers is a /127", () => {
  const operators = network!.operators.map((operator) => ({
    ...operator,
    sessions: operator.sessions!.map((session) => ({ ...session, prefixLength: 126 })),
  }));
  const plans = routerPlans({ ...trial, networks: [{ ...network!, operators }] });
  expect(plans[1]!.interfaces).toEqual([
    { ports: ["enp1s0", "enp2s0"], leadsTo: "switches of the site", addresses: ["fd00:8000::2/64"] },
    { ports: ["enp3s0"], leadsTo: "router router-1", addresses: ["fd00:8000::1:0:2:1/127"] },
    { ports: ["enp4s0"], leadsTo: "operator transit-2", addresses: ["fd00:9:2::2/126", "198.18.2.1/31"] },
    { ports: ["enp5s0"], leadsTo: "operator transit-4", addresses: ["fd00:9:4::2/126"] },
  ]);
});

test.each(routerSystems)("a router of $manufacturer that is left says so to every neighbour", ({ render }) => {
  const said = (change: Partial<RouterInputs>) => {
    const text = render(routerPlans(withRouter(change))[1]!);
    return (
      text.match(/leave\(\)|set community (?:graceful-shutdown|GSHUT)|community add GRACEFUL-SHUTDOWN/g)?.length ?? 0
    );
  };
  const [, plan] = routerPlans(trial);
  const sessions = plan!.hosts.length + plan!.routers.length + plan!.operators.length;
  expect(said({ gracefulShutdown: true }) - said({})).toBeGreaterThanOrEqual(sessions);
});

test.each(routerSystems)("several entries of one prefix, on $manufacturer: each origin has its own", ({ render }) => {
  const roas = [
    { prefix: "2620:4f:9000::/44", maxLength: 44, asNumber: 64_496 },
    { prefix: "2620:4f:9000::/44", maxLength: 46, asNumber: 64_497 },
  ];
  const networks = trial.networks.map((each) => ({ ...each, roas }));
  const [plan] = routerPlans({ ...trial, networks });
  const text = render(plan!);
  for (const word of ["64496", "64497", "44", "46"]) expect(text).toMatch(new RegExp(`\\b${word}\\b`));
  expect(text.match(/2620:4f:9000::\/44/g)!.length).toBeGreaterThanOrEqual(2);
});

test.each(routerSystems)(
  "a host of a router of $manufacturer may announce twice what is declared for it",
  ({ manufacturer, render }) => {
    const [plan] = routerPlans(trial);
    const [host] = plan!.hosts as [RouterPlan["hosts"][number]];
    const limits = (accounts: number) => {
      const prefixes = Array.from({ length: accounts }, (_, index) => `fd00:8000:1:${index.toString(16)}::/64`);
      const text = render({ ...plan!, hosts: [{ ...host, prefixes: [...prefixes, "192.0.2.11/32"] }] });
      return [...text.matchAll(/(?:receive limit|maximum-prefix|maximum|maximum-routes) (\d+)/g)].map(([, limit]) =>
        Number(limit),
      );
    };
    // EOS has one limit a session, and 0 is none.
    const ofIpv4 = manufacturer === "arista" ? [] : [10];
    const ofOthers = [500_000, 2_000_000, 0];
    const ofHost = (accounts: number) => limits(accounts).filter((limit) => !ofOthers.includes(limit));
    expect(ofHost(0)).toEqual([2000, ...ofIpv4]);
    expect(ofHost(1000)).toEqual([2000, ...ofIpv4]);
    expect(ofHost(1001)).toEqual([4000, ...ofIpv4]);
    expect(ofHost(4001)).toEqual([10_000, ...ofIpv4]);
  },
);

test("of three ports to switches EOS is not told: a port has one other that takes its place", () => {
  const arista = routerSystems.find(({ manufacturer }) => manufacturer === "arista")!;
  const [plan] = routerPlans(trial);
  const [switches, ...others] = plan!.interfaces;
  const three = { ...plan!, interfaces: [{ ...switches!, ports: ["Ethernet1", "Ethernet2", "Ethernet3"] }, ...others] };
  expect(() => arista.render(three)).toThrow(
    "router router-1 has 3 ports to switches, and on EOS a port has one other that takes its place",
  );
});

test("both ends of a link have addresses of one /127, whichever end lists it", () => {
  const [first, second] = routerPlans(trial);
  expect(first!.routers).toEqual([{ name: "router-2", address: "fd00:8000::1:0:2:0", neighbor: "fd00:8000::1:0:2:1" }]);
  expect(second!.routers).toEqual([
    { name: "router-1", address: "fd00:8000::1:0:2:1", neighbor: "fd00:8000::1:0:2:0" },
  ]);
});

test("two routers with one identifier, and one without, are refused together", () => {
  const routers = (change: Partial<RouterInputs>) => routerPlans(withRouter(change));
  expect(() => routers({ address: "fd00:8000::1:1" })).toThrow(
    "routers router-1 and router-2 have the same identifier 0.0.0.1",
  );
  expect(() => routers({ address: "fd00:8000::1:0" })).toThrow(
    "router router-2 has no identifier: the last 16 bits of its address are zero",
  );
});

test("a connection to an operator without a session is named", () => {
  const without = {
    ...trial,
    networks: [{ ...network!, operators: network!.operators.map(({ sessions, ...operator }) => operator) }],
  };
  expect(withoutSessions(trial)).toEqual([]);
  expect(withoutSessions(without)).toHaveLength(4);
  expect(withoutSessions(without)[0]).toBe(
    "Router router-1 has no session with operator transit-1: give the addresses of both in `sessions`.",
  );
});

test("a host's front end may announce its own IPv4 address, and only where it has one", () => {
  const prefixes = (declaration: Declaration) =>
    routerPlans(declaration)[0]!.hosts.map((host) => host.prefixes.filter((prefix) => !prefix.includes(":")));
  expect(prefixes(trial)).toEqual([["192.0.2.11/32"], ["192.0.2.12/32"]]);
  const frontEnds = trial.frontEnds.map(({ address4, ...frontEnd }) =>
    frontEnd.host === "web1" || address4 === undefined ? frontEnd : { ...frontEnd, address4 },
  );
  expect(prefixes({ ...trial, frontEnds })).toEqual([[], ["192.0.2.12/32"]]);
});

test.each(routerSystems)("without a range of IPv4 a router of $manufacturer has nothing of it", ({ render }) => {
  const roas = network!.roas!.filter(({ prefix }) => prefix.includes(":"));
  const networks = [{ ...network!, prefixes4: [], roas }];
  const frontEnds = trial.frontEnds.map(({ address4, ...frontEnd }) => ({ ...frontEnd, ...(address4 && {}) }));
  const [plan] = routerPlans({ ...trial, networks, frontEnds });
  expect(render(plan!)).not.toMatch(
    /ipv4 \{|ipv4 unicast$|address-family ipv4|ip routing|family inet |extended|0\.0\.0\.0\/0/m,
  );
});

test.each(routerSystems)(
  "an operator that offers IPv4 over IPv4 alone has a second session with a router of $manufacturer, and its filters",
  ({ render }) => {
    const [plan] = routerPlans(trial);
    const text = render(plan!);
    const without = render({ ...plan!, operators: plan!.operators.map(({ over4, ...operator }) => operator) });
    expect(text).toContain("198.18.3.1");
    expect(without).not.toContain("198.18.3.1");
    // The first session carries IPv6 alone, in both: nothing else of the text is about it.
    const added = text.split("\n").filter((line) => !without.split("\n").includes(line));
    expect(added.join("\n")).not.toMatch(/extended|fd00/);
    // Without a range of IPv4 there is nothing to tell.
    expect(render({ ...plan!, owned: plan!.owned.filter((prefix) => prefix.includes(":")) })).not.toContain(
      "neighbor 198.18",
    );
  },
);

test("a lost host may announce no IPv4 address: its accounts' IPv6 prefixes are elsewhere, and this address would go on leading to it", () => {
  const hosts = trial.hosts.map((host) => (host.name === "web1" ? { ...host, lost: "2026-11-27" } : host));
  const addresses = trial.addresses.map((each) => (each.host === "web1" ? { ...each, host: "web2" } : each));
  const prefixesOf = (declaration: Declaration) =>
    routerPlans(declaration).flatMap((plan) =>
      plan.hosts.filter(({ name }) => name === "web1").flatMap(({ prefixes }) => prefixes),
    );
  expect(prefixesOf(trial).some((prefix) => !prefix.includes(":"))).toBe(true);
  expect(prefixesOf({ ...trial, hosts, addresses })).toEqual([]);
  // It is reached at its own address, and can ask its backup hosts whether it is lost.
  expect(routerPlans({ ...trial, hosts, addresses })[0]!.hosts.map(({ name }) => name)).toContain("web1");
});

test("an owned IPv4 range that no session carries is named", () => {
  expect(withoutIpv4(trial)).toEqual([]);
  const operators = network!.operators.map(({ sessions = [], ...operator }) => ({
    ...operator,
    sessions: sessions.map(({ ipv4, address4, neighbor4, ...session }) => session),
  }));
  const said = withoutIpv4({ ...trial, networks: [{ ...network!, operators }] });
  expect(said).toHaveLength(network!.prefixes4.length);
  expect(said[0]).toContain(`these routers tell nobody outside of ${network!.prefixes4[0]}: agree on IPv4`);
});

test("an owned IPv4 range that nobody outside takes is named", () => {
  const networks = [{ ...network!, prefixes4: ["192.0.2.0/24", "198.51.100.128/25"] }];
  expect(tooLong(trial)).toEqual([]);
  expect(tooLong({ ...trial, networks })).toEqual([
    "The owned IPv4 range 198.51.100.128/25 is longer than /24: networks outside refuse it. Own the /24 around it.",
  ]);
});

test("every router of the example fleet is known by another identifier", async () => {
  const prod = declare((await loadFleet(join(import.meta.dirname, "../../../inventory/prod"))).fleet);
  const plans = routerPlans(prod);
  expect(new Set(plans.map(({ routerId }) => routerId)).size).toBe(prod.routers.length);
  const links = plans.flatMap(({ routers }) => routers.map(({ address }) => address));
  expect(new Set(links).size).toBe(links.length);
});
