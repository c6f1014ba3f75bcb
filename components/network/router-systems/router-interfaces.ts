import type { RouterInputs } from "../../registry/kinds.generated.ts";
import type { RouterPlan } from "./router-plan.ts";

/** An interface of a router: a port, or several of which one carries everything until it is lost. */
export interface RouterInterface {
  /** As the maker names them; at least one. */
  readonly ports: readonly string[];
  /** What is at the other end, for people: `switches of the site`. */
  readonly leadsTo: string;
  /** With their prefix lengths. */
  readonly addresses: readonly string[];
}

type Port = NonNullable<RouterInputs["ports"]>[number];

/** The interfaces of a router: one for all switches of its site, one for each router that it is linked to, one for each operator that it has a session with. */
export function interfacesOf(
  ports: readonly Port[],
  { address, routers, operators }: Omit<RouterPlan, "interfaces">,
): RouterInterface[] {
  const to = (leads: (port: Port) => boolean) => ports.filter(leads).map(({ port }) => port);
  return [
    {
      ports: to((port) => port.switch !== undefined),
      leadsTo: "switches of the site",
      addresses: [`${address}/64`],
    },
    ...routers.map((session) => ({
      ports: to(({ router }) => router === session.name),
      leadsTo: `router ${session.name}`,
      addresses: [`${session.address}/127`],
    })),
    ...operators.map((session) => ({
      ports: to(({ operator }) => operator === session.name),
      leadsTo: `operator ${session.name}`,
      addresses: [session, ...(session.over4 ? [session.over4] : [])].map(
        ({ address: own, prefixLength }) => `${own}/${prefixLength}`,
      ),
    })),
  ].filter((each) => each.ports.length > 0);
}
