import type { Group } from "./bundle.ts";

/** All kinds of drift on a host. */
export const differenceKinds = [
  // Files of the generation in force
  "file-changed",
  "file-removed",
  "file-added",
  "mode-changed",
  "owner-changed",
  "link-changed",
  "fixed-link",
  "generation-outdated",
  "apply-interrupted",
  // Units
  "unit-stopped",
  "unit-failed",
  "task-failing",
  "unit-masked",
  "unit-overridden",
  "unit-shadowed",
  "unit-not-reloaded",
  "foreign-process",
  // Accounts
  "user-shadowed",
  "user-unresolvable",
  "account-held",
  "account-directory",
  "secret-missing",
  "secret-exposed",
  "secret-other",
  "quota-changed",
  "database-changed",
  "backup-late",
  "backup-waits",
  "restore-open",
  "backup-damaged",
  "standby-late",
  "proof-late",
  "proof-failed",
  "proof-untried",
  "proof-invalid",
  // Network
  "firewall-changed",
  "foreign-table",
  "route-missing",
  "route-foreign",
  "link-down",
  "certificate-ending",
  "certificate-held",
  "ssh-silent",
  "clock-alone",
  // Programs and system
  "configuration-not-loaded",
  "program-outdated",
  "sysctl-changed",
  "module-loaded",
  "package-missing",
  "package-unused",
  "upgrade-pending",
  "upgrade-stuck",
  "release-other",
  "applier-other",
  "kernel-outdated",
  // Disks
  "mirror-degraded",
  "mirror-disk",
] as const;
export type DifferenceKind = (typeof differenceKinds)[number];

/** Who repairs it: an apply, or a person, and how. */
export type Repair = "by the next deploy" | `by hand: ${string}`;

/** One piece of drift. */
export interface Difference {
  readonly group: Group;
  readonly kind: DifferenceKind;
  /** Path, unit, user, table, interface: what it is about. */
  readonly what: string;
  /** One sentence: the actual and the expected state. Never a secret. */
  readonly message: string;
  readonly repaired: Repair;
  /** True for a note: worth knowing, but not drift. It does not count for the exit status. */
  readonly note?: true;
}

/** Facts that the controller declares for a host and that the host can check. Missing facts are not checked. */
export interface DeclaredFacts {
  /** Digest of every group of the bundle. */
  readonly digests?: Readonly<Partial<Record<Group, string>>>;
  readonly disks?: readonly { readonly slot: string; readonly serial: string }[];
  readonly mirrors?: readonly {
    readonly name: string;
    readonly level: string;
    readonly disks: readonly string[];
    readonly mount: string;
  }[];
  readonly links?: readonly { readonly port: string }[];
  /** Debian release by code name. */
  readonly release?: string;
  /** Debian packages for the programs of accounts. */
  readonly runtimes?: readonly string[];
  /** Debian packages that something declared on the host needs, beside those of every host. */
  readonly packages?: readonly string[];
  /** Whether security upgrades are installed by themselves. */
  readonly upgrades?: { readonly security: boolean };
  /** Servers that the inventory names for the time. Missing: none, and the host asks public ones. */
  readonly timeServers?: readonly string[];
  /** SHA-256 of the applier's text, hex. */
  readonly applier?: string;
}

/** Output of `inspect --json`. */
export interface Inspection {
  readonly host: string;
  /** Number of the generation in force; 0 when nothing was ever applied. */
  readonly generation: number;
  readonly differences: readonly Difference[];
}

/** Output of `health --json`. */
export interface Health {
  readonly healthy: boolean;
  readonly problems: readonly { readonly group: Group; readonly message: string }[];
  /** Accounts that got a request, which wakes them, by number. `status` is 0 if there was no answer. None of this makes a host unhealthy. */
  readonly woken: readonly { readonly account: number; readonly status: number; readonly ms: number }[];
  /** What does not make the host unhealthy, and needs somebody. */
  readonly notes?: readonly string[];
  /** On a router: whether each BGP session of its configuration is established, by its name (`operator transit-1`). */
  readonly sessions?: Readonly<Record<string, boolean>>;
}

export const byDeploy = "by the next deploy";

/** Notes are not drift. */
export function hasDrift(differences: readonly Difference[]): boolean {
  return differences.some(({ note }) => !note);
}
