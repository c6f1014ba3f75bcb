import {
  deliveryType,
  deliveryTypes,
  machineOfDelivery,
  roleOf,
  routerDeliveryType,
} from "../../delivery/protocol/resources.ts";
import { kinds, type RouterInputs } from "./kinds.generated.ts";
import { allKinds } from "./subject.ts";

/** Types of resources that are known wherever they are: kinds, whose inputs the rules judge, and the engine's own. */
const anywhere: ReadonlySet<string> = new Set([
  ...allKinds.map(({ type }) => type),
  // The engine registers these for a program that uses the two providers,
  "pulumi:pulumi:Stack",
  "pulumi:providers:command",
  "pulumi:providers:random",
  // and this for a program that reads the content of its stack.
  "pulumi:providers:pulumi",
]);

/** Where deliveries are: under components of these types from the top down, whose resource is named by the machine after a prefix. */
const places = [
  { machine: "host", delivery: deliveryType, types: kinds.hosts.type, prefix: "" },
  {
    machine: "router",
    delivery: routerDeliveryType,
    types: `${kinds.sites.type}$${kinds.routers.type}`,
    prefix: kinds.routers.resourceName({ name: "" } as RouterInputs),
  },
] as const;

/** Whether this program makes resources of this type at all. */
export function isKnownType(type: string): boolean {
  return anywhere.has(type) || deliveryTypes.has(type);
}

/**
 * Whether this program makes this resource. No rule can judge any other. What delivers to a host or router is known by type, name and place: a
 * command of another name, or elsewhere, could do anything.
 * @param parent URN of its parent
 */
export function isKnownResource(type: string, name: string, parent: string | null | undefined): boolean {
  if (anywhere.has(type)) return true;
  // The engine's form: urn:pulumi:<stack>::<project>::<types from the top down, joined by $>::<name>.
  const [, , types, ...rest] = (parent ?? "").split("::");
  const above = rest.join("::");
  return places.some((place) => {
    const isDelivery = type === place.delivery;
    if (types !== (isDelivery ? place.types : `${place.types}$${place.delivery}`)) return false;
    if (isDelivery && !above.startsWith(place.prefix)) return false;
    const named = isDelivery ? above.slice(place.prefix.length) : machineOfDelivery(above);
    return named !== undefined && roleOf(named, type, name, place.machine) !== undefined;
  });
}
