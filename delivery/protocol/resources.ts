/** Delivers the bundle to a host: a component under the host's own (delivery/host-delivery.ts). */
export const deliveryType = "fairhost:remote:HostDelivery";

/** Runs a command on a host, by the provider `command`. */
export const commandType = "command:remote:Command";

/** A host's master secret, by the provider `random`; a stack of 0.1.0 has `RandomBytes` until it rotates (delivery/master-secret.ts). */
export const secretTypes = {
  password: "random:index/randomPassword:RandomPassword",
  bytes: "random:index/randomBytes:RandomBytes",
} as const;

/** What a delivery to a host consists of: itself, and what lies under it; each with the types that it may have. */
const roles = {
  delivery: [deliveryType],
  bootstrap: [commandType],
  apply: [commandType],
  "master-secret": Object.values(secretTypes),
} as const satisfies Record<string, readonly string[]>;

export type DeliveryRole = keyof typeof roles;

/** Name of the resource that has this role in the delivery to a host. */
export function resourceName(host: string, role: DeliveryRole): string {
  return `${host}-${role}`;
}

/** Role of a resource in the delivery to a host, by its type and name; undefined if the delivery makes no such resource. */
export function roleOf(host: string, type: string, name: string): DeliveryRole | undefined {
  const all = Object.entries(roles) as [DeliveryRole, readonly string[]][];
  return all.find(([role, types]) => types.includes(type) && resourceName(host, role) === name)?.[0];
}

/** The host of a delivery, by the delivery's name; undefined if no delivery has such a name. */
export function hostOfDelivery(name: string): string | undefined {
  const ending = resourceName("", "delivery");
  return name.endsWith(ending) ? name.slice(0, -ending.length) : undefined;
}

/** Types that only a delivery makes. */
export const deliveryTypes: ReadonlySet<string> = new Set(Object.values(roles).flat());
