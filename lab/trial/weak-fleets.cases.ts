import type { Declaration } from "../../components/registry/kinds.generated.ts";

/** A fleet with a seeded weakness. */
interface WeakFleet {
  readonly name: string;
  readonly fleet: Declaration;
  /** What the proof must find, hosts aside: the element, then the accounts that it takes down. */
  readonly fatal: readonly string[];
}

/** Fleets that are not redundant, each in another place of the way to the outside. @param sound the fleet for trials */
export function weakFleets(sound: Declaration): readonly WeakFleet[] {
  const withHost = (name: string, change: (host: Declaration["hosts"][number]) => Partial<typeof host>) => ({
    ...sound,
    hosts: sound.hosts.map((host) => (host.name === name ? { ...host, ...change(host) } : host)),
  });
  return [
    {
      name: "all operators at one router",
      fleet: {
        ...sound,
        // Its routers check no origins either: a configuration that no other fleet here has.
        networks: sound.networks.map(({ roas, ...network }) => ({
          ...network,
          operators: network.operators.map((operator) => ({
            ...operator,
            routers: ["router-1"],
            sessions: operator.sessions!.map((session) => ({ ...session, router: "router-1" })),
          })),
        })),
      },
      fatal: ["router router-1: 1,2,3,4"],
    },
    {
      name: "both links of a host at one switch",
      fleet: withHost("web2", ({ links }) => ({ links: links.map((link) => ({ ...link, switch: "switch-b" })) })),
      fatal: ["switch switch-b: 3,4"],
    },
    {
      name: "a host with one link",
      fleet: withHost("web1", ({ links }) => ({ links: links.slice(0, 1) })),
      fatal: ["switch switch-a: 1,2", "link eth0 of host web1: 1,2"],
    },
  ];
}
