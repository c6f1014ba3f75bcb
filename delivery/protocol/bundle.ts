import type { AnswerStamp } from "./answers.ts";

/**
 * The host bundle: everything that one host must have, as data. Pure functions on the controller render it, one remote command brings
 * it on standard input, the applier applies it. Both sides share these types.
 */

/** Version of this format. The applier refuses any other version and says which applier is needed. */
export const bundleFormat = 1;

/**
 * Path of the generation in force on a host. Units and configurations refer to files below it. It is a real directory (generations are
 * exchanged in one step), because systemd resolves the path of drop-ins: behind a symlink that changes, every unit would need a
 * daemon-reload after each change.
 */
export const currentGeneration = "/var/lib/fairhost/current";

/**
 * Directory of copies of an account's configuration, inside the account's own directory: what bundle folders show. Its programs can read them, those of
 * others cannot.
 */
export const configuration = "admin/config";

/** Marks Fairhost's routes in the kernel, so that other routes are not touched; 0 to 255, unused in iproute2's rt_protos. */
export const routeProtocol = 66;

/** Group of a file for the isolation of errors: the host itself, or one account by number. A broken account keeps its old files. */
export type Group = "host" | `account-${number}`;

export interface BundleFile {
  /**
   * Path inside a generation, for example `systemd/account-1204.slice`. The first part is the name of one of the folders in
   * components/registry/bundle/bundle-folders.generated.ts, which says which program reads it and how a change takes effect.
   */
  readonly path: string;
  /** Text of the file; exactly one of `content` and `link`. */
  readonly content?: string;
  /** Target of a symlink. */
  readonly link?: string;
  /** Permission bits. Default 0o644. The owner is always root: files that an account may write are outside of generations. */
  readonly mode?: number;
}

/** Directories of an account on the data file system. The applier creates missing ones and never deletes any. */
export interface BundleAccount {
  readonly number: number;
  readonly uid: number;
  readonly gid: number;
  /** `/srv/accounts/<number>` */
  readonly directory: string;
  /** Relative to `directory`, parents first; `.` is the directory itself. */
  readonly directories: readonly {
    readonly path: string;
    /**
     * `account`: the account's uid and gid; it may change the mode afterwards. `root`: root and the account's gid. `logs`: www-data and the
     * account's gid. A directory that the account may write (`home`) may contain anything: open by descriptor, never follow a symlink.
     */
    readonly owner: "account" | "root" | "logs";
    readonly mode: number;
  }[];
  /** Limits of its disk space, which the applier sets in the file system. Generations of 0.1.0 have none. */
  readonly quotas?: readonly BundleQuota[];
}

/** A project quota: a directory counts with all below it, except what has a quota of its own. */
export interface BundleQuota {
  /** Relative to the account's directory, which is `.`; one of `directories`. */
  readonly path: string;
  /** Project id, unique on the file system. */
  readonly project: number;
  readonly bytes: number;
  /** Files, directories, symlinks. */
  readonly inodes: number;
}

/** One unit that the host must run, and the files whose change requires a restart. */
export interface BundleUnit {
  /** For example `account-1204-http-blog.socket`. */
  readonly name: string;
  /**
   * `start`: must be active: sockets, timers, daemons. `on-demand`: something else starts it, such as the service behind a socket or a
   * timer: the applier never starts it, and stops it when it is removed or when one of `restartOn` changed. Its socket or timer, a
   * unit of its own with `start`, starts it again at the next request or at its next time. So a run of a timer's service that is under way is
   * ended by a change of what it lists. A service is stopped before its socket is restarted: systemd does not start a socket while
   * its service runs. A service or socket that is a template (`account-1-ssh@.service`) is `on-demand` and stands for all its instances.
   */
  readonly want: "start" | "on-demand";
  /**
   * Bundle paths, or a top folder with its slash (`network/`) for any file in it. A change of any of them restarts the unit (`start`), or
   * stops it if it runs (`on-demand`). Leave out files that the program reads when reloaded, or that the kernel loads (the folder's
   * `takesEffect`).
   */
  readonly restartOn: readonly string[];
}

export interface BundleGroup {
  /** SHA-256 over the group's canonical JSON without this field, hex (`sealGroup`): if it is equal, nothing is to be done for the group. */
  readonly digest: string;
  readonly files: readonly BundleFile[];
  readonly units: readonly BundleUnit[];
  readonly account?: BundleAccount;
}

export interface Bundle {
  readonly format: typeof bundleFormat;
  readonly host: string;
  /** SHA-256 over format, host and all group digests, hex (`sealBundle`): the bundle's identity. */
  readonly digest: string;
  readonly groups: Readonly<Partial<Record<Group, BundleGroup>>>;
}

/** Standard input of an apply: the bundle (gzip, base64) and the host's master secret; a router has neither secrets nor accounts. One JSON document. */
export interface Delivery {
  readonly bundle: string;
  /** Base64, 32 bytes. Used only if the host has none for this epoch yet: an existing secret is never replaced. */
  readonly masterSecret?: string;
  /** Raise it to rotate the master secret. Starts at 1. */
  readonly secretEpoch?: number;
  /** Secrets of the DNS provider by the names of their variables, on a host that gets certificates of wildcards. */
  readonly dnsSecrets?: Readonly<Record<string, string>>;
  /** On a backup host: stamps of its answers by the host that asks; none for one that was never lost. */
  readonly answers?: Readonly<Record<string, AnswerStamp>>;
  /** Number of the newest answer to this host, 0 if absent: what says less comes from before this delivery. */
  readonly answered?: number;
  /**
   * Numbers of accounts that were on this host when it had another SSH host key: if it is another machine, which does not have them, they are held until they
   * are restored from their backups (docs/decisions/0128).
   */
  readonly awaited?: readonly number[];
  /**
   * To a router, in a fleet of several cells: what it takes from each host. The router does not read it; the state keeps it for the stacks of
   * other cells.
   */
  readonly takes?: Readonly<Record<string, readonly string[]>>;
  /** Number of requested repairs. It only makes the delivery a different one: every apply repairs. */
  readonly repair: number;
}

/** The report that the applier prints on standard output at the end: one JSON document on one line. */
export interface ApplyReport {
  readonly host: string;
  readonly digest: string;
  /** `unchanged`, `applied`, `partial` (some accounts kept their old files), `rolled-back`, `failed`. */
  readonly result: "unchanged" | "applied" | "partial" | "rolled-back" | "failed";
  readonly generation: string;
  readonly changedGroups: readonly string[];
  readonly filesWritten: number;
  /** Hooks that ran, for example `daemon-reload`, `reload nginx.service`. */
  readonly hooks: readonly string[];
  /** Repaired drift: files, stopped units, a flushed firewall. */
  readonly repaired: readonly string[];
  /** What is wrong, where, and how to fix it. */
  readonly errors: readonly { readonly group: string; readonly path?: string; readonly message: string }[];
  /** It failed by an internal error of Fairhost, whose stack trace is in {@link errors}. */
  readonly broke?: true;
  /** What is no error of this run, and needs somebody. */
  readonly notes?: readonly string[];
}
