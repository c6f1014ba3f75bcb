import type { Account, Tombstone } from "./account.ts";
import type { Approval } from "./approval.ts";
import type { Host } from "./host.ts";
import type { Limits } from "./limits.ts";
import type { Network } from "./network.ts";
import type { Plan } from "./plan.ts";
import type { Retired } from "./retired.ts";
import type { Site } from "./site.ts";
import type { Waiver } from "./waiver.ts";

export type { Account, HttpServerEntry, Tombstone } from "./account.ts";
export type { Approval } from "./approval.ts";
export type { Host } from "./host.ts";
export type { Limits } from "./limits.ts";
export type { Network } from "./network.ts";
export type { Plan } from "./plan.ts";
export type { Retired } from "./retired.ts";
export type { Site } from "./site.ts";
export type { Waiver } from "./waiver.ts";

/** A whole inventory as plain data: schema-checked, references resolved, sorted by name or number. What `loadFleet` returns. */
export interface Fleet {
  readonly network: Network;
  readonly sites: readonly Site[];
  readonly hosts: readonly Host[];
  readonly plans: readonly Plan[];
  readonly accounts: readonly Account[];
  readonly tombstones: readonly Tombstone[];
  readonly retired: readonly Retired[];
  readonly waivers: readonly Waiver[];
  readonly approvals: readonly Approval[];
  readonly limits: Limits;
}
