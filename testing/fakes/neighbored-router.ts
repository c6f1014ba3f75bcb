import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type RouterPlan, routerPlans } from "../../components/network/router-systems/router-plan.ts";
import type { Declaration } from "../../components/registry/kinds.generated.ts";
import { declare } from "../../fleet/declare/declare.ts";
import { loadFleet } from "../../fleet/load/load.ts";
import { bootContainer, type ContainerHost } from "../../lab/container.ts";
import { until } from "./controller.ts";
import { succeed } from "./placed-host.ts";

/**
 * A Debian that is to become the first router of the fleet for trials, whoever makes it: its ports, and who is at their other ends. One switch: the
 * kernel of these machines has no bonding, and the same text is compared (golden/).
 */
const trial = declare((await loadFleet(join(import.meta.dirname, "../../inventory/trial"))).fleet);
export const oneSwitch: Declaration = {
  ...trial,
  routers: trial.routers.map(({ ports = [], ...router }) => ({
    ...router,
    ports: ports.filter((port) => port.switch !== "switch-b"),
  })),
};
export const [plan] = routerPlans(oneSwitch) as [RouterPlan];

/** Who has sessions with routers, as a network namespace. */
export interface Speaker {
  /** With its prefix length. */
  readonly address: string;
  readonly asNumber: number;
  /** Addresses of the routers. */
  readonly routers: readonly string[];
  /** What it announces. */
  readonly routes: readonly string[];
}

/** One at the other end of a port. */
interface Neighbor extends Speaker {
  readonly space: string;
  readonly port: string;
}

const portTo = (leadsTo: string) => plan.interfaces.find((each) => each.leadsTo === leadsTo)!.ports[0]!;
const [host] = plan.hosts;
const neighbors: readonly Neighbor[] = [
  {
    ...{ space: host!.name, port: portTo("switches of the site"), routers: [plan.address], routes: host!.prefixes },
    ...{ address: `${host!.address}/64`, asNumber: host!.asNumber },
  },
  ...plan.routers.map(({ name, address, neighbor }) => ({
    ...{ space: name, port: portTo(`router ${name}`), routers: [address], routes: [] },
    ...{ address: `${neighbor}/127`, asNumber: plan.asNumber },
  })),
  ...plan.operators.map(({ name, address, neighbor, asNumber }, index) => ({
    ...{ space: name, port: portTo(`operator ${name}`), routers: [address] },
    // Who asks is behind the first.
    routes: ["::/0", "0.0.0.0/0", ...(index === 0 ? ["2620:4f:8000::/48", "192.31.196.0/24"] : [])],
    ...{ address: `${neighbor}/64`, asNumber },
  })),
];

/** Addresses of the host: an account's, and its front end's. */
const own6 = host!.prefixes.find((prefix) => prefix.includes(":"))!.replace("/64", "1");
const own4 = host!.prefixes.find((prefix) => !prefix.includes(":"))!.split("/")[0]!;

/** Configuration of its BIRD, whose sessions are called `router`, `router2` and so on. @param id a number that no other has */
export const ofNeighbor = ({ address, asNumber, routers, routes }: Speaker, id: number) => `router id 10.0.0.${id + 1};
log syslog all;
protocol device {}
protocol bfd { interface "*" { interval 200 ms; multiplier 3; }; }
${([6, 4] as const)
  .map(
    (version) => `protocol static { ipv${version};
${routes
  .filter((route) => route.includes(":") === (version === 6))
  .map((route) => `  route ${route} unreachable;\n`)
  .join("")}}
protocol kernel { ipv${version} { import none; export where source = RTS_BGP; }; }
`,
  )
  .join("")}
${routers
  .map(
    (router, index) => `protocol bgp router${index === 0 ? "" : index + 1} {
  local ${address.split("/")[0]} as ${asNumber};
  neighbor ${router} as ${plan.asNumber};
  ${asNumber === plan.asNumber ? "direct;" : "bfd on;"}
  connect delay time 1; connect retry time 2; error wait time 1, 2;
  ipv6 { import all; export where source = RTS_STATIC; };
  ipv4 { extended next hop on; import all; export where source = RTS_STATIC; };
}
`,
  )
  .join("")}`;

/** A router with its neighbours. */
export interface NeighboredRouter {
  readonly router: ContainerHost;
  sh(command: string): Promise<string>;
  /** Neighbours that have their sessions. */
  established(): Promise<string[]>;
  /** Waits until all neighbours have their sessions. */
  allEstablished(): Promise<void>;
  /** Waits until somebody behind the first operator gets a page of the host, over both families. */
  forwards(): Promise<void>;
  /** Since when each neighbour has its session. */
  since(): Promise<string>;
}

/** Boots a Debian as its installer and apt leave it: networkd as it is, programs of routing with their own configuration. */
export async function freshRouter(name: string): Promise<ContainerHost> {
  const router = await bootContainer({ name });
  await succeed(
    router,
    `systemctl stop bird.service; rm -f /etc/systemd/network/*
    rm -f /etc/systemd/system/systemd-networkd.service /etc/systemd/system/systemd-networkd.socket
    sysctl -qw net.ipv6.conf.all.forwarding=0 net.ipv4.ip_forward=0 net.ipv4.conf.default.rp_filter=1
    systemctl daemon-reload`,
  );
  return router;
}

/** Boots it. Its ports are there, and nobody has set them up. */
export async function neighboredRouter(): Promise<NeighboredRouter> {
  const router = await freshRouter("router");
  const sh = (command: string) => succeed(router, command);
  for (const [index, neighbor] of neighbors.entries()) {
    const { space, port, address } = neighbor;
    await router.writeFile(`/run/${space}.conf`, ofNeighbor(neighbor, index));
    await sh(`ip netns add ${space}
      ip link add ${port} type veth peer name eth0 netns ${space}
      ip -n ${space} link set lo up; ip -n ${space} link set eth0 up
      ip -n ${space} address add ${address} dev eth0 nodad
      systemd-run --quiet --unit=${space} ip netns exec ${space} bird -f -c /run/${space}.conf -s /run/${space}.ctl`);
  }
  await sh(`ip -n ${host!.name} address add ${own6}/128 dev lo nodad; ip -n ${host!.name} address add ${own4}/32 dev lo
    ip -n transit-1 address add 2620:4f:8000::5/128 dev lo nodad; ip -n transit-1 address add 192.31.196.5/32 dev lo
    systemd-run --quiet --unit=web ip netns exec ${host!.name} python3 -m http.server --bind :: 8080`);
  const asked = (space: string) => sh(`birdc -s /run/${space}.ctl show protocols router`);
  const established = async (space: string) =>
    /Established/.test(await asked(space)) ? space : `${space}: no session`;
  // Through it, there and back.
  const fetch = async (from: string, to: string) =>
    (
      await router.run(
        `ip netns exec transit-1 curl -sg -o /dev/null -w '%{http_code}' -m 2 --interface ${from} http://${to}:8080/`,
      )
    ).stdout;
  // Not Vitest's own: two tests may wait at a time.
  const becomes = async (look: () => Promise<string[]>, wanted: readonly string[]) => {
    let last: string[] = [];
    const holds = async () => {
      last = await look();
      return isDeepStrictEqual(last, wanted);
    };
    await until(`of a router: ${wanted}`, holds, 120).catch((error: Error) => {
      throw new Error(`${error.message}, but: ${last}`);
    });
  };
  return {
    router,
    sh,
    established: async () => {
      const all = await Promise.all(neighbors.map(({ space }) => established(space)));
      return all.filter((each) => neighbors.some(({ space }) => space === each));
    },
    allEstablished: () =>
      becomes(
        () => Promise.all(neighbors.map(({ space }) => established(space))),
        neighbors.map(({ space }) => space),
      ),
    forwards: () =>
      becomes(() => Promise.all([fetch("2620:4f:8000::5", `[${own6}]`), fetch("192.31.196.5", own4)]), ["200", "200"]),
    // BIRD reckons the time back from now: its milliseconds are not always the same.
    since: async () =>
      (await Promise.all(neighbors.map(({ space }) => asked(space))))
        .map((text) => /^router .* up +([^\s.]+)/m.exec(text)?.[1] ?? "down")
        .join(),
  };
}
