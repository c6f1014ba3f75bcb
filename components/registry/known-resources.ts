import { deliveryType, deliveryTypes, hostOfDelivery, roleOf } from "../../delivery/protocol/resources.ts";
import { kinds } from "./kinds.generated.ts";
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

const { type: hostType } = kinds.hosts;

/** Whether this program makes resources of this type at all. */
export function isKnownType(type: string): boolean {
  return anywhere.has(type) || deliveryTypes.has(type);
}

/**
 * Whether this program makes this resource. No rule can judge any other. What delivers to a host is known by type, name and place: a
 * command of another name, or elsewhere, could do anything.
 * @param parent URN of its parent
 */
export function isKnownResource(type: string, name: string, parent: string | null | undefined): boolean {
  if (anywhere.has(type)) return true;
  // The engine's form: urn:pulumi:<stack>::<project>::<types from the top down, joined by $>::<name>.
  const [, , types, ...rest] = (parent ?? "").split("::");
  const above = rest.join("::");
  const isDelivery = type === deliveryType;
  if (types !== (isDelivery ? hostType : `${hostType}$${deliveryType}`)) return false;
  const host = isDelivery ? above : hostOfDelivery(above);
  return host !== undefined && roleOf(host, type, name) !== undefined;
}
