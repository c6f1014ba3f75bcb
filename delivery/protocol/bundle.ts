/**
 * The host bundle: everything one host must have, as data. Rendered by pure functions on the controller, carried by one
 * remote command on its standard input, taken over by the applier. Both sides share these types.
 */

/** Version of this format; the applier refuses any other and says which applier is needed. */
export const bundleFormat = 1;

/**
 * Where the generation in force is found on a host. Units and configurations name their files below it. A real directory
 * (generations are exchanged in one step), because systemd resolves the path of drop-ins: behind a link that moved, every
 * unit would ask for a daemon-reload after each change.
 */
export const currentGeneration = "/var/lib/fairhost/current";

/** Marks Fairhost's routes in the kernel, so that others are left alone; 0 to 255, free in iproute2's rt_protos. */
export const routeProtocol = 66;

/** Who a file belongs to in error isolation: the host itself, or one account by number. A broken account keeps its old files. */
export type Group = "host" | `account-${number}`;

export interface BundleFile {
  /**
   * Path inside a generation, for example `systemd/account-1204.slice`. The first part is the name of one of the folders in
   * components/bundle-folders.generated.ts, which says what reads it and how a change takes effect.
   */
  readonly path: string;
  /** Text of the file; exactly one of `content` and `link`. */
  readonly content?: string;
  /** Target of a symbolic link. */
  readonly link?: string;
  /** Permission bits. Default 0o644. Owner is always root: what an account may write lies outside generations. */
  readonly mode?: number;
}

/** What must exist on the data file system for an account; created when missing, never deleted by the applier. */
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
     * `account`: the account's uid and gid. `root`: root and the account's gid. `logs`: www-data and the account's gid.
     * In a directory the account may write (`home`, mode 1770) the account may have put anything: open by descriptor, follow no link.
     */
    readonly owner: "account" | "root" | "logs";
    readonly mode: number;
  }[];
}

/** One unit the host must have running, and the files whose change means it must be restarted. */
export interface BundleUnit {
  /** For example `account-1204-http-blog.socket`. */
  readonly name: string;
  /**
   * `start`: must be active (sockets, slices' daemons). `on-demand`: something else starts it (services behind a socket):
   * never started by the applier, stopped when removed or when one of `restartOn` changed (the next request starts it anew).
   * Stop these before a socket is restarted: systemd starts no socket whose service runs.
   */
  readonly want: "start" | "on-demand";
  /**
   * Bundle paths, or a top folder with its slash (`network/`) for any file in it; a change of any restarts it (`start`) or stops it if running (`on-demand`). Leave out what the program
   * reads by a reload, or the kernel loads (the folder's `takesEffect`).
   */
  readonly restartOn: readonly string[];
}

export interface BundleGroup {
  /** SHA-256 over the group's canonical JSON without this field, hex (`sealGroup`): equal digest = nothing to do for the group. */
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

/** What travels on standard input: the bundle (gzip, base64) and the host's master secret. One JSON document. */
export interface Delivery {
  readonly bundle: string;
  /** Base64, 32 bytes. Used only if the host has none for this epoch yet: a host's secret is never replaced by a stranger's. */
  readonly masterSecret: string;
  /** Raise it to rotate the master secret on purpose. Starts at 1. */
  readonly secretEpoch: number;
  /** How many times a repair was asked for. Only there to make the delivery another one: every apply repairs. */
  readonly repair: number;
}

/** What the applier prints on standard output, one JSON document on one line, at the end. */
export interface ApplyReport {
  readonly host: string;
  readonly digest: string;
  /** `unchanged`, `applied`, `partial` (some accounts kept their old files), `rolled-back`, `failed`. */
  readonly result: "unchanged" | "applied" | "partial" | "rolled-back" | "failed";
  readonly generation: string;
  readonly changedGroups: readonly string[];
  readonly filesWritten: number;
  /** What was run, for example `daemon-reload`, `reload nginx.service`. */
  readonly hooks: readonly string[];
  /** What had been changed by hand and was put right: files, stopped units, a flushed firewall. */
  readonly repaired: readonly string[];
  /** What is wrong, where, how to mend. */
  readonly errors: readonly { readonly group: string; readonly path?: string; readonly message: string }[];
}
