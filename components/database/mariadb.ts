import { currentGeneration } from "../../delivery/protocol/bundle.ts";
import { dataDirectory, serverUser, socketDirectory } from "../../delivery/protocol/databases.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { type Engine, sayEnded } from "./engine.ts";

const folder = "databases/mariadb";
const socket = `${socketDirectory("mariadb")}/mysqld.sock`;
const inForce = (file: string) => `${currentGeneration}/${folder}/${file}`;
const above = dataDirectory("mariadb");
const user = serverUser("mariadb");
/** Of the server alone: redo and undo logs, temporary files. What accounts fill is elsewhere. */
const own = `${above}/own`;
/** The catalogs, and a symlink for each database of an account. Only root changes what is in it. */
const data = `${above}/data`;

/**
 * MariaDB 11.8, as small as Debian has it: without plugins, so InnoDB is the only engine that accounts can reach. The kernel says who
 * connects (`unix_socket`), or else a password. A database is a directory below its account's own, reached by a symlink in the data directory, in
 * which the server itself cannot write: no account makes, renames or deletes a database, and disk limits count all that is in it.
 */
export const mariadb: Engine = {
  name: "mariadb",
  word: "MariaDB",
  packages: ["mariadb-client", "mariadb-server-core"],
  // Of package mariadb-server, which is not needed: somebody may install it by hand.
  masks: ["mariadb.service", "mariadb.socket"],
  bringsUser: true,
  clientDirectories: ["/run/mysqld", "/var/run/mysqld"],
  port: 3306,
  socket,
  answersAt: socket,
  files: () => [
    { path: `${folder}/mariadb.cnf`, content: configuration },
    { path: `${folder}/start.sql`, content: startSql },
    {
      path: `${folder}/prepare`,
      mode: 0o755,
      content: ownText(import.meta.dirname, "scripts/prepare-mariadb.sh"),
    },
    {
      path: `${folder}/watch`,
      mode: 0o755,
      content: ownText(import.meta.dirname, "scripts/watch-mariadb.sh"),
    },
  ],
  service: {
    Type: "notify",
    User: user,
    // For `prepare` alone, which says why.
    AmbientCapabilities: "CAP_SYS_RESOURCE",
    CapabilityBoundingSet: "CAP_SYS_RESOURCE",
    ExecStartPre: [
      `+/usr/bin/install -d -m 0711 ${dataDirectory("mariadb").replace("/mariadb", "")} ${above}`,
      `+/usr/bin/install -d -m 0755 ${data}`,
      `+/usr/bin/install -d -m 0700 -o ${user} -g ${user} ${own}`,
      `/bin/sh ${inForce("prepare")} ${data} ${own} ${inForce("mariadb.cnf")}`,
      // Once. The last one says that all are there.
      `+/bin/sh -c 'test -d ${data}/mysql || { rm -rf ${data}/sys ${data}/performance_schema && cd ${own}/new && mv sys performance_schema mysql ${data}; }'`,
    ],
    ExecStart: `/usr/bin/setpriv --inh-caps=-all --ambient-caps=-all -- /usr/sbin/mariadbd --defaults-file=${inForce("mariadb.cnf")}`,
    // Only a server that has ended by itself has written everything.
    ExecStopPost: `/bin/sh -c 'test "$EXIT_CODE/$EXIT_STATUS" != exited/0 || touch ${own}/ended'`,
    LimitNOFILE: "40000",
  },
  watch: {
    command: `/bin/sh ${inForce("watch")} ${own} ${data} ${socket} ${currentGeneration}/${sayEnded} ${user}`,
    capabilities: "CAP_DAC_READ_SEARCH CAP_SETUID CAP_SETGID",
  },
};

/**
 * Run at each start, each statement on one line. What an account makes is InnoDB, whatever it asks for: other engines keep tables in the
 * memory of all, or repair them for hours after a crash.
 */
const startSql = "SET GLOBAL enforce_storage_engine = InnoDB;\n";

/** Session variables that say how much memory is taken at once. */
const buffers = [
  ...["bulk_insert_buffer_size", "join_buffer_size", "join_buffer_space_limit"],
  ...["max_heap_table_size", "max_rowid_filter_size", "mrr_buffer_size"],
  ...["optimizer_trace_max_mem_size", "preload_buffer_size", "query_alloc_block_size", "query_prealloc_size"],
  ...[
    "range_alloc_block_size",
    "read_buffer_size",
    "read_rnd_buffer_size",
    "rowid_merge_buff_size",
    "sort_buffer_size",
  ],
  ...["tmp_memory_table_size", "transaction_alloc_block_size", "transaction_prealloc_size"],
];

const configuration = `[mariadbd]
${settings({
  datadir: data,
  // Read from a package's own directory; what it names would be loaded.
  plugin_dir: "/usr/lib/mysql/plugin",
  socket,
  pid_file: `${own}/pid`,
  init_file: inForce("start.sql"),
  skip_networking: "ON",
  skip_name_resolve: "ON",
  // No file of the host and none of a neighbour: not by LOAD DATA, not by DATA DIRECTORY.
  local_infile: "OFF",
  secure_file_priv: `${own}/none`,
  symbolic_links: "OFF",
  tmpdir: `${own}/tmp`,
  innodb_data_home_dir: own,
  innodb_log_group_home_dir: own,
  innodb_undo_directory: own,
  innodb_buffer_pool_filename: "buffer_pool",
  aria_log_dir_path: own,
  log_ddl_recovery: `${own}/ddl-recovery`,
  log_tc: `${own}/tc.log`,
  // Written at each start, although nothing is replicated.
  master_info_file: `${own}/master.info`,
  // Not those of accounts: each has its own (MAX_USER_CONNECTIONS). All that relays of a host let through (rules/connections-fit.ts), and the host's.
  max_connections: 5000,
  connect_timeout: 5,
  // Shared by all: a session's own memory bounds what it prepares.
  max_prepared_stmt_count: 1_000_000,
  character_set_server: "utf8mb4",
  // Without NO_ENGINE_SUBSTITUTION: a program that asks for MyISAM gets InnoDB.
  sql_mode: "STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_AUTO_CREATE_USER",
  performance_schema: "OFF",
  event_scheduler: "DISABLED",
  table_open_cache: 2000,
  open_files_limit: 40_000,
  innodb_buffer_pool_size: "128M",
  // It can be no larger while it runs: the default reserves 8 TB of addresses, which not every host gives.
  innodb_buffer_pool_size_max: "128M",
  // Both logs that all share are reused: redo from its beginning, undo once nobody reads it: the watch ends who reads too long.
  innodb_log_file_size: "128M",
  innodb_undo_log_truncate: "ON",
  innodb_max_undo_log_size: "64M",
  innodb_use_native_aio: "OFF",
  // Of the catalogs, in which routines of accounts are.
  aria_log_file_size: "64M",
  aria_pagecache_buffer_size: "16M",
  key_buffer_size: "64K",
  query_cache_size: 0,
  // Files of sorting and of internal tables: of one session, then of all. The watch has a bound for each account.
  max_tmp_session_space_usage: "1G",
  max_tmp_total_space_usage: "8G",
  // CREATE TEMPORARY TABLE of all accounts. At half of it the watch ends the session that fills it.
  innodb_temp_data_file_path: "temporary:12M:autoextend:max:2G",
  // Of one session. What is beyond ends the statement; a variable may still be set, so sessions together can use up the server's memory.
  max_session_mem_used: "256M",
  maximum_max_session_mem_used: "256M",
  maximum_max_tmp_session_space_usage: "1G",
  ...Object.fromEntries(buffers.map((name) => [`maximum_${name}`, "64M"])),
  // Defaults, which sessions can change: they end what was forgotten.
  idle_transaction_timeout: 600,
  lock_wait_timeout: 60,
  // The journal is the host's: failed log-ins and broken connections of accounts do not belong there.
  log_warnings: 0,
})}`;

function settings(values: Readonly<Record<string, string | number>>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join("");
}
