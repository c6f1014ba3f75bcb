import { allKinds } from "./subject.ts";

/** Runs a command on a host, by the provider `command`. */
export const commandType = "command:remote:Command";

/** Delivers the bundle to a host (delivery/). */
export const deliveryType = "fairhost:remote:HostDelivery";

/** A host's master secret, by the provider `random`; a stack of 0.1.0 has `RandomBytes` until it rotates (delivery/master-secret.ts). */
export const secretTypes = {
  password: "random:index/randomPassword:RandomPassword",
  bytes: "random:index/randomBytes:RandomBytes",
} as const;

/** Every type of resource that a stack of this program has. */
const known: ReadonlySet<string> = new Set([
  ...allKinds.map(({ type }) => type),
  deliveryType,
  commandType,
  ...Object.values(secretTypes),
  // The engine registers these for a program that uses the two providers,
  "pulumi:pulumi:Stack",
  "pulumi:providers:command",
  "pulumi:providers:random",
  // and this for a program that reads the content of its stack.
  "pulumi:providers:pulumi",
]);

/** Whether this program makes resources of this type. No rule can judge any other type. */
export function isKnownType(type: string): boolean {
  return known.has(type);
}
