import { createHash } from "node:crypto";
import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";

/** A connection as its command's inputs have it: only the private key is an output. */
export interface Dialed extends types.input.remote.ConnectionArgs {
  readonly privateKey?: pulumi.Output<string>;
}

/** A command that the stack holds, as far as it tells whether the command runs again. */
export interface HeldCommand {
  readonly privateKey: string | undefined;
  /** SSH host key of the machine that it ran on, as in known_hosts. */
  readonly hostKey: string | undefined;
  /** Of everything else. */
  readonly digest: string;
}

/** What the stack holds of a command, by the outputs in its state. */
export function heldCommand(outputs: Readonly<Record<string, unknown>>): HeldCommand | undefined {
  const [connection, create, stdin] = [outputs.connection, outputs.create, outputs.stdin].map(unmarked);
  if (typeof connection !== "object" || connection === null || typeof stdin !== "string") return undefined;
  const { privateKey, hostKey } = connection as { privateKey?: unknown; hostKey?: unknown };
  const textOf = (value: unknown) => {
    const text = unmarked(value);
    return typeof text === "string" ? text : undefined;
  };
  return {
    ...{ privateKey: textOf(privateKey), hostKey: textOf(hostKey) },
    digest: digestOf(connection, { create, stdin }),
  };
}

/** The state marks what is secret: the whole connection, since one of its parts is. */
export function unmarked(value: unknown): unknown {
  return pulumi.runtime.isRpcSecret(value) ? pulumi.runtime.unwrapRpcSecret(value) : value;
}

/**
 * The connection of a command that does not run again because another administrator deploys: while all else is as the stack holds it, so is
 * the private key. As soon as something differs, it is the key of whoever deploys now: the other one may be withdrawn.
 */
export function whoeverDeploys(
  connection: Dialed,
  { create, stdin }: { readonly create: string; readonly stdin: pulumi.Input<string> },
  held: HeldCommand | undefined,
): Dialed {
  const { privateKey } = connection;
  if (held?.privateKey === undefined || privateKey === undefined) return connection;
  const key = pulumi.all([privateKey, stdin]).apply(([own, text]) => {
    return digestOf(connection, { create, stdin: text }) === held.digest ? held.privateKey! : own;
  });
  return { ...connection, privateKey: pulumi.secret(key) };
}

/** In the order of names, as numbers or texts, so that it is the same of inputs and of a state. */
function digestOf(connection: object, rest: Readonly<Record<"create" | "stdin", unknown>>): string {
  const parts = Object.entries({ ...connection, ...rest }).filter(([name]) => name !== "privateKey");
  const sorted = parts.map(([name, value]) => [name, `${value}`]).sort(([left], [right]) => (left! < right! ? -1 : 1));
  return createHash("sha256").update(JSON.stringify(sorted)).digest("hex");
}
