import type { Account, Tombstone } from "../../components/account/account.schema.ts";
import type { Host } from "../../components/host/host.schema.ts";
import type { Network } from "../../components/network/network.schema.ts";
import type { Plan } from "../../components/plan/plan.schema.ts";
import type { Site } from "../../components/site/site.schema.ts";
import type { Approval } from "./approval.ts";
import type { Limits } from "./limits.ts";
import type { Retired } from "./retired.ts";
import type { Waiver } from "./waiver.ts";

export type { Account, HttpServerEntry, Tombstone } from "../../components/account/account.schema.ts";
export type { Host } from "../../components/host/host.schema.ts";
export type { Network } from "../../components/network/network.schema.ts";
export type { Plan } from "../../components/plan/plan.schema.ts";
export type { Site } from "../../components/site/site.schema.ts";
export type { Approval } from "./approval.ts";
export type { Limits } from "./limits.ts";
export type { Retired } from "./retired.ts";
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
