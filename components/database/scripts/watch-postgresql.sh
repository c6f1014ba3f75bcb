#!/bin/sh
# Looks every two seconds at what accounts share of PostgreSQL and no disk limit counts, and ends the session that makes it grow beyond its bound.
#   watch SOCKET SAY
set -eu
socket=$1
say=$2
# Locks first, and by functions alone: once all memory of locks is used up, no name of a user can be read. It is free again when the session has gone.
# Who is ended again and again would keep the others out all the same. Some accounts together can use it up as well: those with the most are ended until
# three quarters of it are left to the others, and that is not counted, since it can be anybody.
# Notifications: a page of the queue begins with the length of one and the number of its database, so whose fill it is known. Who listens is not: it is
# read once the transaction ends in which that one is. A transaction that is younger than ten seconds has kept it from being read for no longer, so
# whoever sends much, in short ones, is innocent, unless the queue is about to be full and there is no older one.
# Names of snapshots: who exported them, as `pg_locks` has it, in hexadecimal.
# Catalogs that all databases share: whoever changes its own settings or password, or makes and drops objects, leaves dead rows there, which are only
# used again when no transaction is older. They are judged once they have grown by 4 MB beyond 64. First comes who writes to settings or users, or has
# lately (rows that are younger than the last look), then who has written in a transaction for five seconds or made many objects, then the oldest
# transaction; dumps of the host are last, and only beyond 256 MB. What is left of settings and objects is counted, too: it would stay.
# What counts an account's sessions that were ended is a table, so that it outlives this program.
look() {
  cat <<'EOT'
WITH held AS MATERIALIZED (
  SELECT pid, usesysid, count(*) AS locks FROM pg_lock_status() JOIN pg_stat_get_activity(NULL) USING (pid)
  WHERE NOT fastpath AND usesysid <> 10 GROUP BY 1, 2
), accounts AS MATERIALIZED (
  SELECT usesysid, sum(locks) AS own, sum(sum(locks)) OVER (ORDER BY sum(locks), usesysid) AS with_smaller FROM held GROUP BY 1
), guilty AS MATERIALIZED (
  SELECT DISTINCT ON (usesysid) pid, usesysid, own > 5000 AS greedy FROM held JOIN accounts USING (usesysid)
  WHERE own > 5000 OR with_smaller > 15000 ORDER BY usesysid, locks DESC
), ended AS MATERIALIZED (
  SELECT pg_get_userbyid(usesysid) AS name, greedy FROM guilty WHERE pg_terminate_backend(pid, 1000)
) SELECT format('SELECT %L', format('%s a session in PostgreSQL was ended: ', name) || CASE
    WHEN greedy THEN 'sessions of this account held more than 5000 locks'
    ELSE 'sessions of all accounts held more than 15000 locks, and of this account more than of others' END),
  CASE WHEN greedy THEN format('INSERT INTO fairhost.strikes VALUES (%L)', name) END FROM ended \gexec
SELECT 'CREATE SCHEMA IF NOT EXISTS fairhost; CREATE TABLE fairhost.strikes (name text NOT NULL, at timestamptz NOT NULL DEFAULT now())'
WHERE to_regclass('fairhost.strikes') IS NULL \gexec
DELETE FROM fairhost.strikes WHERE at < now() - interval '1 hour';
SELECT format('ALTER ROLE %I %s RESET ALL', rolname, 'IN DATABASE ' || quote_ident(datname)),
  format('SELECT %L', rolname || ' its settings in PostgreSQL were reset: they were larger than 1 MB')
FROM pg_db_role_setting JOIN pg_authid r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase
WHERE setrole IN (SELECT setrole FROM pg_db_role_setting GROUP BY 1 HAVING sum(pg_column_size(setconfig)) > 1 << 20) \gexec
SELECT set_config('fairhost.size', sum(size)::text, false) AS shared
FROM pg_ls_dir('global') name, pg_stat_file('global/' || name, true) \gset
-- At the first look nothing has grown yet.
SELECT :shared > 64 << 20 AND (:shared > nullif(current_setting('fairhost.judged', true), '')::bigint + (4 << 20)) IS TRUE AS grown \gset
\if :grown
WITH young AS MATERIALIZED (
  -- At the first look all are old.
  SELECT age(coalesce(nullif(current_setting('fairhost.next', true), ''), pg_snapshot_xmax(pg_current_snapshot())::xid::text)::xid) AS most
), writes AS MATERIALIZED (
  SELECT setrole AS role FROM pg_db_role_setting, young WHERE age(xmin) <= most
  UNION SELECT oid FROM pg_authid, young WHERE age(xmin) <= most
  UNION SELECT usesysid FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'relation' AND relation IN ('pg_db_role_setting'::regclass, 'pg_authid'::regclass) AND mode = 'RowExclusiveLock'
), makes AS MATERIALIZED (
  SELECT dbid FROM pg_shdepend, young WHERE dbid <> 0 AND age(xmin) <= most GROUP BY 1 HAVING count(*) > 1000
), sessions AS MATERIALIZED (
  SELECT pid, usename, usename = 'postgres' AS ours, xact_start, CASE
    WHEN usesysid IN (SELECT role FROM writes) THEN 1
    WHEN datid IN (SELECT dbid FROM makes) OR backend_xid IS NOT NULL AND xact_start < clock_timestamp() - interval '5 seconds' THEN 2
    WHEN backend_xmin IS NOT NULL AND xact_start < clock_timestamp() - interval '10 seconds' THEN 3 END AS rank
  FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
), guilty AS MATERIALIZED (
  SELECT usename AS name, rank, CASE WHEN ours THEN pid END AS alone FROM sessions
  WHERE rank IS NOT NULL AND (NOT ours OR rank = 3 AND :shared > 256 << 20) ORDER BY ours, rank, xact_start LIMIT 1
), chosen AS MATERIALIZED (
  SELECT pid, name, guilty.rank FROM guilty JOIN sessions ON usename = name AND pid = coalesce(alone, pid)
), ended AS MATERIALIZED (
  -- In a join it would be asked for all sessions.
  SELECT name, rank FROM chosen WHERE pg_terminate_backend(pid, 1000)
) SELECT DISTINCT format('SELECT %L', format('%s its sessions in PostgreSQL were ended: %s', name, CASE rank
    WHEN 1 THEN 'they made the catalogs of all databases grow'
    ELSE 'a transaction kept old rows of the catalogs of all databases, or filled them' END)),
  CASE rank WHEN 1 THEN format('INSERT INTO fairhost.strikes VALUES (%L)', name) END FROM ended \gexec
INSERT INTO fairhost.strikes SELECT split_part(datname, '_', 1) FROM generate_series(1, 10), (
  SELECT datname FROM pg_shdepend JOIN pg_database d ON d.oid = dbid GROUP BY 1 HAVING count(*) > 300000) many;
SELECT 'VACUUM (SKIP_LOCKED, PARALLEL 0) ' || string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relisshared AND relkind = 'r' \gexec
SELECT set_config('fairhost.judged', (SELECT sum(size) FROM pg_ls_dir('global') name, pg_stat_file('global/' || name, true))::text, false) AS shared \gset
\endif
SELECT set_config('fairhost.judged', least(:shared, nullif(current_setting('fairhost.judged', true), '')::bigint)::text, false) AS judged,
  set_config('fairhost.next', pg_snapshot_xmax(pg_current_snapshot())::xid::text, false) AS next \gset
SELECT format('DO %L', format('BEGIN PERFORM pg_terminate_backend(pid, 1000) FROM pg_stat_activity WHERE usename = %L; ALTER ROLE %I NOLOGIN; END', name, name)),
  format('DO %L', format('BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %L; END', name)),
  format('WITH kept AS (DELETE FROM fairhost.strikes USING pg_authid WHERE rolname = name AND name = %L AND NOT rolcanlogin RETURNING name)
    SELECT DISTINCT name || %L FROM kept', name,
    ' its sessions in PostgreSQL took what all share ten times within an hour, or it has more than 300000 objects: it cannot log in until the next deploy')
FROM fairhost.strikes GROUP BY name HAVING count(*) >= 10 \gexec
WITH queue AS MATERIALIZED (SELECT pg_notification_queue_usage() AS used),
pages AS MATERIALIZED (
  SELECT pg_read_binary_file('pg_notify/' || name, 4, 4, true) AS b FROM queue, pg_ls_dir('pg_notify') name WHERE used > 0.5
), sessions AS MATERIALIZED (
  SELECT pid, usename, xact_start, xact_start < clock_timestamp() - interval '10 seconds' AS old FROM pg_stat_activity, queue
  WHERE used > 0.5 AND backend_type = 'client backend' AND usename <> 'postgres' AND xact_start IS NOT NULL
), own AS MATERIALIZED (
  SELECT pid, usename, old FROM sessions WHERE usename = (
    SELECT split_part(datname, '_', 1) FROM pages JOIN pg_database
      ON oid = get_byte(b, 0) + (get_byte(b, 1)::bigint << 8) + (get_byte(b, 2)::bigint << 16) + (get_byte(b, 3)::bigint << 24)
    WHERE length(b) = 4 GROUP BY 1 ORDER BY count(*) DESC LIMIT 1)
), guilty AS MATERIALIZED (
  SELECT pid, usename FROM own WHERE old UNION ALL (
    SELECT pid, usename FROM sessions, queue WHERE used > 0.75 AND old AND NOT EXISTS (SELECT FROM own WHERE old)
    ORDER BY xact_start LIMIT 1)
  UNION ALL SELECT pid, usename FROM own, queue WHERE used > 0.9 AND NOT EXISTS (SELECT FROM sessions WHERE old)
) SELECT format('%s a session in PostgreSQL was ended: its transaction was open while notifications filled the queue of all', usename)
FROM guilty WHERE pg_terminate_backend(pid);
WITH guilty AS MATERIALIZED (
  SELECT pid, usename, 'its transaction exported more than 1000 snapshots' AS what
  FROM (SELECT format('%s/%s', ('x' || split_part(name, '-', 1))::bit(32)::int, ('x' || split_part(name, '-', 2))::bit(32)::bigint) AS transaction
      FROM pg_ls_dir('pg_snapshots') name GROUP BY 1 HAVING count(*) > 1000) many
    JOIN pg_locks ON virtualxid = transaction AND granted JOIN pg_stat_activity USING (pid)
  UNION
  SELECT pid, usename, format('its transaction since %s was older than 50 million others', xact_start) FROM pg_stat_activity
  WHERE greatest(age(backend_xid), age(backend_xmin)) > 50000000 AND backend_type = 'client backend'
) SELECT format('%s a session in PostgreSQL was ended: %s', usename, what) FROM guilty WHERE pg_terminate_backend(pid);
EOT
}
# It goes on after an error, such as memory of locks that is used up: it could not log in again. Without a connection psql ends by itself.
while look; do sleep 2; done |
  PGOPTIONS='-c lock_timeout=1s -c statement_timeout=30s' setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- \
    /usr/lib/postgresql/17/bin/psql -X --quiet --no-align --tuples-only --host="$socket" --dbname=postgres |
  sh "$say"
