/** One step that the engine would take on a resource; steps that leave it as it is are left out. */
export interface EngineStep {
  /** The engine's word: `create`, `update`, `delete`, `replace`, `create-replacement`, `delete-replaced`, ... */
  readonly op: string;
  readonly urn: string;
  /** Type token, for example `command:remote:Command`. */
  readonly type: string;
  readonly name: string;
  /** The host whose delivery the resource belongs to. */
  readonly host?: string;
  /** Properties that cause a replacement. */
  readonly replaceKeys: readonly string[];
}

/** What the engine holds, or would hold, of one host's delivery (`fairhost:remote:HostDelivery`). */
export interface DeliveryFacts {
  readonly host: string;
  /** The bundle's digest. */
  readonly digest: string;
  /** Digest of the applier. */
  readonly applier: string;
  readonly secretEpoch: number;
  /** Today's program renders another bundle from the declaration that was delivered. */
  readonly foreign?: true;
}
