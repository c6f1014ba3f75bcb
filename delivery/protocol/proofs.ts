/** What a signature is for (ssh-keygen(1), `-n`): one for anything else is not taken for that of a proof. */
export const proofNamespace = "fairhost-proof";

/** Days after which a proof is too old, for accounts of a bundle that does not say it. */
export const usualProofDays = 30;

/** Newest records of drills that are kept and read of an account, and before them the newest of a drill that succeeded. */
export const keptProofs = 10;

/** Milliseconds that the clock of a host may be ahead. */
const skew = 10 * 60_000;

/** Whether a time (ISO 8601, or milliseconds) is later than clocks that differ a little explain: then it says nothing of how old something is. */
export function isAhead(time: string | number, now: number): boolean {
  return (typeof time === "number" ? time : Date.parse(time)) - now > skew;
}

/** A backup of an account that was restored as a drill: what was seen. */
export interface Proof {
  readonly account: number;
  /** The host that made the backup, and the one that restored it. */
  readonly of: string;
  readonly on: string;
  /** When the drill began, ISO 8601. */
  readonly time: string;
  /** Absent if there was none to restore. */
  readonly snapshot?: {
    readonly id: string;
    readonly time: string;
    readonly keeper: string;
    readonly repository: string;
  };
  readonly files: ComparedFiles;
  readonly databases: readonly LoadedDatabase[];
  /** A request that the restored web site got. Absent in records of older releases, and if the account has none at its own address, or was not restored. */
  readonly asked?: AskedServer;
  /** What finding the newest backup took, which records of older releases do not say; the restore and the loads; the whole drill with its comparisons. */
  readonly seconds: { readonly find?: number; readonly restore: number; readonly drill: number };
  readonly outcome: "restored" | "failed";
  /** Why it failed, one line each. */
  readonly wrong: readonly string[];
  /**
   * Those of them that are the account's own doing, and nobody else's: databases whose dump is larger than its room, or does not load into a server that
   * takes it. If there are no others, all that can be restored was.
   */
  readonly own?: readonly string[];
}

/**
 * What the steps of a takeover take around the restore of one account, in times of finding its newest backup. Both are connections and starts of programs, so a slow or busy host shows
 * in both: the deploy runs the applier three or four times, which finds the backup, starts restic for five parts of it and brings the account into force. Measured were ten on a busy machine (`npm run bench:lost-host`).
 */
const takeoverSteps = 12;

/** Seconds that finding a backup takes at most, where a record does not say it: five times of what a busy machine took. */
const mostToFind = 10;

/** Seconds from the beginning of an account's restore by a deploy until it is in service, as its drill has shown them. @param seconds of the record */
export function takeoverSeconds({
  find,
  restore,
  drill,
}: Readonly<Record<"restore" | "drill", number>> & { readonly find?: number | undefined }): number {
  // Of an older release: all but the restore is more than finding it, and for many files hours more, because it compares them.
  return Math.round((restore + takeoverSteps * (find ?? Math.min(drill - restore, mostToFind))) * 10) / 10;
}

/** Files and symlinks of a restored backup, beside those of the account. */
export interface ComparedFiles {
  readonly restored: number;
  readonly bytes: number;
  /** As those of the account, which have not changed since: content, size and mode. */
  readonly identical: number;
  /** Changed, renamed or removed since, so they tell nothing. */
  readonly changedSince: number;
}

export interface LoadedDatabase {
  readonly engine: string;
  readonly name: string;
  /** Of the dump. */
  readonly bytes: number;
  readonly tables: number;
  readonly rows: number;
  readonly seconds: number;
}

/** The HTTP server of an account's own address, started with its restored files, without a network and databases. */
export interface AskedServer {
  readonly server: string;
  /** HTTP status of its answer, of whatever kind. */
  readonly status?: number;
  /** Why there was none. */
  readonly why?: string;
  readonly seconds: number;
}

/** As it lies with the records: the text of a {@link Proof} in JSON, and signatures of exactly that text by SSH host keys of the host that restored it. */
export interface SignedProof {
  readonly text: string;
  readonly signatures: readonly string[];
}
