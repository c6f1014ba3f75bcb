/** Servers of databases, as an inventory names them. */
export const engineNames = ["postgresql", "mariadb"] as const;
export type EngineName = (typeof engineNames)[number];

/** Folder of the bundle paths at which each account's databases stand: `databases/accounts/1204`, JSON. */
export const databaseRecords = "databases/accounts/";

/** What a host must have for one account: its user, and what databases that may use. */
export interface DatabaseRecord {
  readonly account: number;
  /** On the host and on the servers: `a<number>`. The servers ask the kernel who connects; there is a password only for TCP. */
  readonly user: string;
  /** `/srv/accounts/<number>` */
  readonly directory: string;
  readonly databases: readonly {
    readonly engine: EngineName;
    /** On the server: `a<number>_<name>`. No two accounts have the same, because a number ends at the underscore. */
    readonly name: string;
    /** Connections that may be open at the same time. */
    readonly connections: number;
    /** Whether the account's user also has a password on the server, for connections over TCP. */
    readonly tcp?: true;
  }[];
}

/** User of the host as which a server runs. */
export function serverUser(engine: EngineName): string {
  return { postgresql: "postgres", mariadb: "fairhost-mariadb" }[engine];
}

/** PostgreSQL's role of the users that may come over TCP: what its configuration says of it, the applier brings about. */
export const tcpGroup = "fairhost_tcp";

/** Unit of a server. A host without databases of the engine has none. */
export function serverUnit(engine: EngineName): string {
  return `fairhost-${engine}.service`;
}

/** Directory of a server's socket: only root and the server write there. */
export function socketDirectory(engine: EngineName): string {
  return `/run/fairhost-${engine}`;
}

/** What accounts share of a server: its catalogs and logs, on the accounts' file system, beside the accounts. */
export function dataDirectory(engine: EngineName): string {
  return `/srv/accounts/databases/${engine}`;
}
