import type { Bundle, Delivery } from "../delivery/protocol/bundle.ts";
import { decodeBundle } from "../delivery/protocol/digest.ts";
import { resourceName } from "../delivery/protocol/resources.ts";

/** Prefixes by the host that announces them. */
export type Prefixes = ReadonlyMap<string, ReadonlySet<string>>;

/** What the last deliveries that succeeded have brought, as far as routing goes. */
export interface InForce {
  /** What each host announces. */
  readonly announced: Prefixes;
  /** What each router takes, by the router. */
  readonly taken: ReadonlyMap<string, Prefixes>;
}

/** @param sent standard inputs of commands that a stack holds, by the name of their resource */
export function inForce(sent: Iterable<readonly [string, string]>): InForce {
  const announced = new Map<string, ReadonlySet<string>>();
  const taken = new Map<string, Prefixes>();
  const suffix = resourceName("", "apply");
  for (const [name, stdin] of sent) {
    if (!name.endsWith(suffix)) continue;
    const machine = name.slice(0, -suffix.length);
    const { bundle, takes } = JSON.parse(stdin) as Delivery;
    if (takes) taken.set(machine, prefixesOf(takes));
    else announced.set(machine, announcedBy(decodeBundle(bundle) as Bundle));
  }
  return { announced, taken };
}

/** Prefixes of a plan or a delivery. */
export function prefixesOf(takes: NonNullable<Delivery["takes"]>): Prefixes {
  return new Map(Object.entries(takes).map(([host, prefixes]) => [host, new Set(prefixes)]));
}

/** All that a host's BIRD has a static route for, it announces (components/network/render-bird.ts). */
function announcedBy({ groups }: Bundle): ReadonlySet<string> {
  const files = Object.values(groups).flatMap((group) => group?.files ?? []);
  return new Set(
    files
      .filter(({ path }) => path.startsWith("bird/"))
      .flatMap(({ content = "" }) =>
        [...content.matchAll(/^ *route (\S+) unreachable;$/gm)].map(([, route]) => route!),
      ),
  );
}
