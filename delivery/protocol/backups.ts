/** TCP port of a backup host on which hosts bring and fetch backups, over SSH. */
export const backupPort = 8122;

/** Folder of the bundle paths at which a host reads which accounts it backs up: `backup/accounts/1204`, JSON. */
export const backupRecords = "backup/accounts/";

/** Bundle path with the backup hosts that a host may use: JSON, a list of {@link Keeper}. */
export const keepersFile = "backup/keepers";

/** Bundle path of the keys by which a host knows the backup hosts (sshd(8), known_hosts). */
export const keepersKeys = "backup/known_hosts";

/** Bundle path of the accounts of a host that have a standby, and are backed up often: an {@link OftenRecord} on each line, as JSON. */
export const oftenRecords = "backup/often";

/** Bundle path of how much backups may take on a host while no backup host answers, in gigabytes (10^9 bytes). Without it {@link usualSpoolGb}. */
export const spoolFile = "backup/spool";
export const usualSpoolGb = 50;

/** Folder of the bundle paths at which a backup host reads how long it keeps what: `repositories/accounts/1204`, JSON. */
export const keptRecords = "repositories/accounts/";

/** Bundle path of the accounts whose standby a host is: a {@link StandbyRecord} on each line, as JSON. */
export const standbyRecords = "standby/copies";

/** User of a backup host as which every host may ask one thing: whether it is lost (components/backup/render-fence.ts). */
export const askingUser = "fairhost-asking";

/**
 * Folder of the bundle paths with the answer to each host, on a backup host: `repositories/answers/web1`, a {@link HostAnswer} as JSON. What is read to hosts
 * are copies with their stamps (delivery/protocol/answers.ts).
 */
export const hostAnswers = "repositories/answers/";

/** What a backup host says to a host about itself. */
export interface HostAnswer {
  readonly host: string;
  /** The day on which it was declared lost. Absent if it is not. */
  readonly lost?: string;
  /** If it is lost: numbers of the accounts that are declared on it all the same. All others have gone. */
  readonly accounts?: readonly number[];
}

/** Directory of an account's repositories on a backup host, inside its directory. Only its uid can read it. */
export const repositoriesDirectory = "repositories";

/** Directory of a host below which backups are mounted that an account looks at: `/run/fairhost-backups/1204`. */
export const viewPlace = "/run/fairhost-backups";

/** Bundle path of what restic has in the place of fusermount(1). */
export const passMount = "libexec/pass-mount";

/** Backups of one account: where they go, and for how many days they are kept. */
export interface BackupRecord {
  readonly account: number;
  readonly site: string;
  readonly retentionDays: number;
  /** Days after which a proof that they can be restored is too old. Not said by older releases. */
  readonly proofDays?: number;
}

/** An account that is backed up more often than once a day, because a standby fetches its backups. */
export interface OftenRecord {
  readonly account: number;
  /** Minutes after which all that is new has come to the standby, but for the time that a backup and its copy take. */
  readonly minutes: number;
}

/** Folder of the symlinks by which a backup host knows the standby of an account: `repositories/standbys/a1204`. */
export const standbyLinks = "repositories/standbys/";

/** An account whose standby a host is: its newest backups are fetched there, encrypted as they are. */
export interface StandbyRecord {
  readonly account: number;
  /** Where its backups are. */
  readonly site: string;
  /** Minutes after which a new backup has come to the standby at the latest. */
  readonly minutes: number;
  /** Bytes that the copy may take. */
  readonly bytes: number;
}

/** A backup host. */
export interface Keeper {
  readonly name: string;
  readonly site: string;
  /** IPv6 address. */
  readonly address: string;
}

/** What a backup host knows of an account. */
export interface KeptRecord {
  readonly account: number;
  readonly retentionDays: number;
}
