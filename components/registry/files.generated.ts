// Written by `npm run generate` from the files beside it. Do not edit.
import type { z } from "zod";
import * as account from "../account/account.file.ts";
import * as tombstones from "../account/tombstones.file.ts";
import * as host from "../host/host.file.ts";
import * as knownHosts from "../host/known-hosts.file.ts";
import * as network from "../network/network.file.ts";
import * as plan from "../plan/plan.file.ts";
import * as retired from "../register/retired.file.ts";
import * as approvals from "../review/approvals.file.ts";
import * as limits from "../review/limits.file.ts";
import * as waivers from "../review/waivers.file.ts";
import * as site from "../site/site.file.ts";
import type { Immutable } from "./kind.ts";

/** A whole inventory as plain data: schema-checked, references resolved, sorted by name or number. */
export interface Fleet {
  readonly approvals: Immutable<z.output<typeof approvals.schema>>;
  readonly knownHosts: Immutable<z.output<typeof knownHosts.schema>>;
  readonly limits: Immutable<z.output<typeof limits.schema>>;
  readonly network: Immutable<z.output<typeof network.schema>>;
  readonly retired: Immutable<z.output<typeof retired.schema>>;
  readonly tombstones: Immutable<z.output<typeof tombstones.schema>>;
  readonly waivers: Immutable<z.output<typeof waivers.schema>>;
  readonly accounts: readonly Immutable<z.output<typeof account.schema>>[];
  readonly hosts: readonly Immutable<z.output<typeof host.schema>>[];
  readonly plans: readonly Immutable<z.output<typeof plan.schema>>[];
  readonly sites: readonly Immutable<z.output<typeof site.schema>>[];
}

export type FileKey = keyof Fleet;
/** Those that are a folder with one file for each. */
export type FolderKey = "accounts" | "hosts" | "plans" | "sites";

/** Every kind of file. */
export const fileKinds = {
  approvals: approvals.file,
  knownHosts: knownHosts.file,
  limits: limits.file,
  network: network.file,
  retired: retired.file,
  tombstones: tombstones.file,
  waivers: waivers.file,
  accounts: account.file,
  hosts: host.file,
  plans: plan.file,
  sites: site.file,
} as const;
