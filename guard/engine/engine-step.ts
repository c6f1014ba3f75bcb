/** One step of the engine that changes a resource. Steps that change nothing are left out. */
export interface EngineStep {
  /** The engine's name for it: `create`, `update`, `delete`, `replace`, `create-replacement`, `delete-replaced`, ... */
  readonly op: string;
  readonly urn: string;
  /** Type token, for example `command:remote:Command`. */
  readonly type: string;
  readonly name: string;
  /** The host whose delivery the resource belongs to. */
  readonly host?: string;
  /** The router whose delivery the resource belongs to. */
  readonly router?: string;
  /** Properties that cause a replacement. */
  readonly replaceKeys: readonly string[];
}

/** The delivery of one host or router (`fairhost:remote:HostDelivery`, `fairhost:remote:RouterDelivery`) as it is, or would be, in the state. */
export interface DeliveryFacts {
  readonly host: string;
  /** The bundle's digest. */
  readonly digest: string;
  /** Digest of the applier. */
  readonly applier: string;
  /** Absent for a router. */
  readonly secretEpoch?: number;
  /** Set if today's program renders another bundle from the delivered declaration. */
  readonly foreign?: true;
}

const replacing = new Set([
  "replace",
  "create-replacement",
  "delete-replaced",
  "discard-replaced",
  "import-replacement",
]);

/** Whether it is a part of a replacement. Not every part need be there: what a killed update has left is only deleted. */
export function isReplacement(op: string): boolean {
  return replacing.has(op);
}

/** Whether it takes a resource away and makes none in its place. */
export function isDeletion(op: string): boolean {
  return op === "delete" || op === "discard";
}
