import { allKinds } from "./subject.ts";

/** Runs a command on a host, by the provider `command`. */
export const commandType = "command:remote:Command";

/** What brings a host its bundle (delivery/). */
export const deliveryType = "fairhost:remote:HostDelivery";

/** A host's master secret, by the provider `random`. */
export const secretType = "random:index/randomBytes:RandomBytes";

/** Every type of resource that a stack of this program has. */
const known: ReadonlySet<string> = new Set([
  ...allKinds.map(({ type }) => type),
  deliveryType,
  commandType,
  secretType,
  // What the engine itself registers for a program that uses the two providers,
  "pulumi:pulumi:Stack",
  "pulumi:providers:command",
  "pulumi:providers:random",
  // and of its own accord for one that reads what its stack holds.
  "pulumi:providers:pulumi",
]);

/** Whether a resource is one that this program makes. What it does not know, nobody here can judge. */
export function isKnownType(type: string): boolean {
  return known.has(type);
}
