/** Delivers the bundle to a host: a component under the host's own (delivery/host-delivery.ts). */
export const deliveryType = "fairhost:remote:HostDelivery";

/** Delivers the bundle to a router: a component under the router's own (delivery/router-delivery.ts). */
export const routerDeliveryType = "fairhost:remote:RouterDelivery";

/** Runs a command on a host or router, by the provider `command`. */
export const commandType = "command:remote:Command";

/** A host's master secret, by the provider `random`; a stack of 0.1.0 has `RandomBytes` until it rotates (delivery/master-secret.ts). */
export const secretTypes = {
  password: "random:index/randomPassword:RandomPassword",
  bytes: "random:index/randomBytes:RandomBytes",
} as const;

const commands = { bootstrap: [commandType], apply: [commandType] } as const;

/** What a delivery to a host or a router consists of: itself, and what lies under it; each with the types that it may have. */
const roles = {
  host: { delivery: [deliveryType], ...commands, "master-secret": Object.values(secretTypes) },
  router: { delivery: [routerDeliveryType], ...commands },
} as const satisfies Record<string, Readonly<Record<string, readonly string[]>>>;

/** What deliveries are made to. */
export type Machine = keyof typeof roles;
export type DeliveryRole = keyof (typeof roles)["host"];

/** Name of the resource that has this role in the delivery to a host or router. */
export function resourceName(machine: string, role: DeliveryRole): string {
  return `${machine}-${role}`;
}

/** Role of a resource in the delivery to a host or router of this name, by its type and name; undefined if the delivery makes no such resource. */
export function roleOf(named: string, type: string, name: string, machine: Machine = "host"): DeliveryRole | undefined {
  const all = Object.entries(roles[machine]) as [DeliveryRole, readonly string[]][];
  return all.find(([role, types]) => types.includes(type) && resourceName(named, role) === name)?.[0];
}

/** The host or router of a delivery, by the delivery's name; undefined if no delivery has such a name. */
export function machineOfDelivery(name: string): string | undefined {
  const ending = resourceName("", "delivery");
  return name.endsWith(ending) ? name.slice(0, -ending.length) : undefined;
}

/** Types that only a delivery makes. */
export const deliveryTypes: ReadonlySet<string> = new Set(
  Object.values(roles).flatMap((each) => Object.values(each).flat()),
);
