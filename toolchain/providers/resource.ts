import type { Properties } from "./properties.ts";
import type { Failure, Shape } from "./shape.ts";

/** Importance of a message to the user. */
export type Severity = "debug" | "info" | "warning" | "error";

/** Context of a resource's operations. */
export interface Operation {
  /** The resource's name in the program. */
  readonly name: string;
  /** Aborted when the user interrupts the run. */
  readonly cancelled: AbortSignal;
  /**
   * Shows a message with the resource. A status is shown while the operation runs and leaves nothing behind; any other
   * message stays in the summary.
   */
  log(severity: Severity, message: string, options?: { status?: boolean }): void;
}

/** An existing resource: the engine's id for it and the properties to keep in the state. */
export interface Existing {
  id: string;
  properties: Properties;
}

/**
 * One type of resource. All properties come and go in wire form (`properties.ts`); `create`, `update` and `delete`
 * report failure by throwing: then nothing is recorded, or the old inputs and outputs are kept.
 */
export interface Resource {
  /** The inputs. */
  readonly inputs: Shape;
  /** The outputs that are not inputs, and whether they are secret. */
  readonly outputs: { readonly [name: string]: { readonly secret?: boolean } };
  /** Rules that concern several inputs, on inputs that have the right shape. Must cope with unknown values. */
  check?(inputs: Properties): Failure[];
  /** A normal form of inputs: inputs with the same meaning must have the same. By default the inputs themselves. */
  meaning?(inputs: Properties): Properties;
  /** The outputs as far as a preview can know them; `state` holds the present outputs before an update. */
  preview(inputs: Properties, state?: Properties): Properties;
  create(inputs: Properties, operation: Operation): Promise<Existing>;
  update(inputs: Properties, state: Properties, operation: Operation): Promise<Properties>;
  delete(state: Properties, operation: Operation): Promise<void>;
  /** Makes the state of something that exists already from its id, for `pulumi import`. */
  import?(id: string): Promise<Existing & { inputs: Properties }>;
}

/** A provider: what `serve.ts` answers the engine with. */
export interface Provider {
  /** Package name, as in the first part of its type tokens. */
  readonly name: string;
  /** Version of the upstream provider whose behaviour it has. */
  readonly version: string;
  /** Resources by type token. */
  readonly resources: { readonly [token: string]: Resource };
  /** Frees what the operations share. Called once, when the process ends. */
  close?(): void;
}
