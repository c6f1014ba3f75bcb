import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { dataDirectory, serverUser, socketDirectory, tcpGroup } from "../../delivery/protocol/databases.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { type Engine, ownDirectory, sayEnded } from "./engine.ts";

const folder = "databases/postgresql";
const programs = "/usr/lib/postgresql/17/bin";
const inForce = (file: string) => `${currentGeneration}/${folder}/${file}`;
const data = `${dataDirectory("postgresql")}/17`;

/** Slots beside those of the accounts: the applier, dumps, an administrator. */
const reserved = 10;

/**
 * PostgreSQL 17. The kernel says who connects (`peer`), and accounts are not superusers, so they run no program on the host and
 * read no file of it. Their databases lie in tablespaces below their own directories: disk limits count them.
 */
export const postgresql: Engine = {
  name: "postgresql",
  word: "PostgreSQL",
  packages: ["postgresql-17"],
  // Debian's own server, with a data directory below /var/lib.
  masks: ["postgresql.service", "postgresql@17-main.service"],
  clientDirectories: ["/run/postgresql", "/var/run/postgresql"],
  port: 5432,
  socket: `${socketDirectory("postgresql")}/.s.PGSQL.5432`,
  answersAt: "127.0.0.1:5432",
  files: (connections) => [
    { path: `${folder}/postgresql.conf`, content: configuration(connections) },
    // Who a client is, its own programs cannot choose. What it may connect to, the rights of each database say.
    { path: `${folder}/pg_hba.conf`, content: access },
    { path: `${folder}/pg_ident.conf`, content: "" },
    {
      path: `${folder}/prepare`,
      mode: 0o755,
      content: ownText(import.meta.dirname, "scripts/prepare-postgresql.sh"),
    },
    {
      path: `${folder}/watch`,
      mode: 0o755,
      content: ownText(import.meta.dirname, "scripts/watch-postgresql.sh"),
    },
  ],
  service: {
    Type: "notify",
    User: serverUser("postgresql"),
    // For `prepare` alone, which says why.
    AmbientCapabilities: "CAP_SYS_RESOURCE",
    CapabilityBoundingSet: "CAP_SYS_RESOURCE",
    ExecStartPre: [
      ...ownDirectory("postgresql"),
      `/bin/sh ${inForce("prepare")} ${data} ${inForce("postgresql.conf")}`,
    ],
    ExecStart: `/usr/bin/setpriv --inh-caps=-all --ambient-caps=-all -- ${programs}/postgres -D ${data} -c config_file=${inForce("postgresql.conf")}`,
    ExecReload: "/bin/kill -HUP $MAINPID",
    // Sessions are ended at once; SIGTERM would wait for all of them.
    KillSignal: "SIGINT",
    KillMode: "mixed",
    // Of relays of accounts alone: its network has no other end.
    RestrictAddressFamilies: "AF_UNIX AF_INET",
    // Of one session: its own memory, not what all share. A sort beyond that fails, and nothing else does.
    LimitDATA: "512M",
  },
  watch: {
    command: `/bin/sh ${inForce("watch")} ${socketDirectory("postgresql")} ${currentGeneration}/${sayEnded}`,
    capabilities: "CAP_SETUID CAP_SETGID",
  },
};

/**
 * Its own network namespace has nothing but a loopback, on which relays of accounts call (tcp.ts). They can name anybody: only users of accounts
 * with `tcp`, which the applier puts into the group, are asked for a password.
 */
const access = `local all all peer
host all +${tcpGroup} 127.0.0.1/32 scram-sha-256
host all all all reject
`;

/**
 * Slots for all connections that accounts may have, so that none can take those of another. In steps of 50, because the server
 * reads their number only when it starts.
 */
function slots(connections: number): number {
  return Math.ceil((connections + reserved) / 50) * 50;
}

function configuration(connections: number): string {
  return settings({
    data_directory: data,
    hba_file: inForce("pg_hba.conf"),
    ident_file: inForce("pg_ident.conf"),
    unix_socket_directories: socketDirectory("postgresql"),
    listen_addresses: "127.0.0.1",
    port: 5432,
    password_encryption: "scram-sha-256",
    // Who has not said the password yet has a slot already.
    authentication_timeout: "15s",
    max_connections: slots(connections),
    superuser_reserved_connections: 5,
    // Of all sessions together, this number for each slot: at least 20,000. The watch ends who has more than 5,000.
    max_locks_per_transaction: Math.max(64, Math.ceil(20_000 / slots(connections))),
    // A session that crashes ends the server, and systemd starts it again: `prepare` then reads the log without disk limits.
    restart_after_crash: "off",
    // Nobody replicates; prepared transactions would outlive their session, and hold rows and log for ever.
    wal_level: "minimal",
    max_wal_senders: 0,
    max_replication_slots: 0,
    max_prepared_transactions: 0,
    // The log that all share: a checkpoint begins at this size, however fast somebody writes.
    max_wal_size: "512MB",
    min_wal_size: "80MB",
    shared_buffers: "128MB",
    // Of the queue of all notifications; 8 kB each. A session that listens and never reads fills it: at half of it the watch ends transactions.
    max_notify_queue_pages: 8192,
    // A session's files for sorting, in its own tablespace.
    temp_file_limit: "1GB",
    max_files_per_process: 500,
    max_parallel_workers: 2,
    max_worker_processes: 4,
    jit: "off",
    // Defaults, which sessions can change: they end what was forgotten.
    idle_in_transaction_session_timeout: "10min",
    // Without it a statement whose client is gone (killed, logged out, stopped for a move) goes on to its end, and changes data.
    client_connection_check_interval: "2s",
    // The journal is the host's: failed statements of accounts, and what they send to the log, do not belong there.
    log_min_messages: "fatal",
    log_min_error_statement: "panic",
    log_checkpoints: "off",
    log_temp_files: -1,
    log_timezone: "UTC",
    timezone: "UTC",
    lc_messages: "C.UTF-8",
  });
}

function settings(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} = ${typeof value === "number" ? value : `'${value}'`}\n`)
    .join("");
}
