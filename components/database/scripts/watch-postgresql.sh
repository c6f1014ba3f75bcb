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
# used again when no transaction is older. Who holds such a transaction is innocent, and nothing is ended for it: a report, a dump. The rows themselves say
# who wrote them, dead ones and those of open transactions too. First they are vacuumed; if they have grown again by 4 MB within the hour, beyond 64 MB,
# the account that wrote most of late, and at least 1 MB, is ended. What nobody is known for may grow: it is little, or of many accounts. So that it has
# an end too, transactions that are older than a day are ended while it grows beyond 512 MB: what is kept then was written within a day.
# What is left of settings and objects is counted, too: it would stay.
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
), signalled AS MATERIALIZED (
  -- All at once: one that is slow to go must not keep the others from being ended. Their names can be read when they have gone.
  SELECT usesysid, greedy, row_number() OVER () AS number FROM guilty WHERE pg_terminate_backend(pid)
) SELECT CASE WHEN number = 1 THEN 'DO ''BEGIN PERFORM pg_sleep(1); END''' END,
  format('SELECT pg_get_userbyid(%s) || %L', usesysid, ' a session in PostgreSQL was ended: ' || CASE
    WHEN greedy THEN 'sessions of this account held more than 5000 locks'
    ELSE 'sessions of all accounts held more than 15000 locks, and of this account more than of others' END),
  CASE WHEN greedy THEN format('INSERT INTO fairhost.strikes VALUES (pg_get_userbyid(%s))', usesysid) END FROM signalled \gexec
SELECT 'CREATE SCHEMA IF NOT EXISTS fairhost; CREATE TABLE fairhost.strikes (name text NOT NULL, at timestamptz NOT NULL DEFAULT now())'
WHERE to_regclass('fairhost.strikes') IS NULL \gexec
SELECT 'CREATE EXTENSION pageinspect SCHEMA fairhost' WHERE NOT EXISTS (SELECT FROM pg_extension WHERE extname = 'pageinspect') \gexec
DELETE FROM fairhost.strikes WHERE at < now() - interval '1 hour';
SELECT format('ALTER ROLE %I %s RESET ALL', rolname, 'IN DATABASE ' || quote_ident(datname)),
  format('SELECT %L', rolname || ' its settings in PostgreSQL were reset: they were larger than 1 MB')
FROM pg_db_role_setting JOIN pg_authid r ON r.oid = setrole LEFT JOIN pg_database d ON d.oid = setdatabase
WHERE setrole IN (SELECT setrole FROM pg_db_role_setting GROUP BY 1 HAVING sum(pg_column_size(setconfig)) > 1 << 20) \gexec
SELECT format('ALTER ROLE %I PASSWORD NULL', rolname), format('SELECT %L', rolname || ' its password in PostgreSQL was removed: it was larger than 10 kB')
FROM pg_authid WHERE pg_column_size(rolpassword) > 10000 \gexec
SELECT sum(size) AS shared, extract(epoch FROM now())::bigint AS now, pg_snapshot_xmax(pg_current_snapshot())::xid AS next
FROM pg_ls_dir('global') name, pg_stat_file('global/' || name, true) \gset
SELECT :now NOT BETWEEN :began AND :began + 3600 AS anew \gset
\if :anew
\set began :now
\set since :next
\set judged :shared
\set vacuumed 0
\endif
SELECT least(:shared, :judged) AS judged, :shared > greatest(64 << 20, :judged + (4 << 20)) AS grown \gset
\if :grown
\if :vacuumed
\set guilty ''
WITH catalogs(name, account, long) AS (
  -- Where a row has the number of its database or user, and a value that can be stored elsewhere.
  VALUES ('pg_catalog.pg_shdepend', 0, 9999), ('pg_catalog.pg_db_role_setting', 4, 8), ('pg_catalog.pg_authid', 0, 80)
), pages AS MATERIALIZED (
  -- Some 2000 of each, from everywhere: it may be read for longer than a look otherwise.
  SELECT name, account, long, page, step FROM catalogs, LATERAL (SELECT pg_relation_size(name::regclass) / 8192 AS count) p,
    LATERAL (SELECT greatest(1, count / 2000) AS step) s, generate_series(0, count - 1, step) page
), rows AS MATERIALIZED (
  SELECT get_byte(t_data, account) + (get_byte(t_data, account + 1) << 8) + (get_byte(t_data, account + 2) << 16)
      + (get_byte(t_data, account + 3)::bigint << 24) AS id, name LIKE '%shdepend' AS of_database,
    step * (lp_len + CASE WHEN substr(t_data, long + 1, 2) = '\x0112' THEN get_byte(t_data, long + 6) + (get_byte(t_data, long + 7) << 8)
      + (get_byte(t_data, long + 8) << 16) + ((get_byte(t_data, long + 9) & 63)::bigint << 24) ELSE 0 END) AS bytes
  FROM pages, fairhost.heap_page_items(fairhost.get_raw_page(name, 'main', page))
  -- What an open transaction has written, it may go on writing.
  WHERE t_data IS NOT NULL AND (age(t_xmin) BETWEEN 0 AND age(:'since'::xid)
    OR t_xmin IN (SELECT transactionid FROM pg_locks WHERE locktype = 'transactionid' AND mode = 'ExclusiveLock'))
), accounts AS MATERIALIZED (
  SELECT coalesce(split_part(datname, '_', 1), rolname) AS name, sum(bytes) AS bytes
  FROM rows LEFT JOIN pg_database d ON of_database AND d.oid = id LEFT JOIN pg_authid r ON NOT of_database AND r.oid = id GROUP BY 1
) SELECT coalesce((SELECT name FROM accounts WHERE name ~ '^a[0-9]+$' AND bytes > 1 << 20 ORDER BY bytes DESC LIMIT 1), '') AS guilty \gset
SELECT :'guilty' <> '' AS known \gset
\if :known
INSERT INTO fairhost.strikes VALUES (:'guilty');
SELECT format('%s its sessions in PostgreSQL were ended: they made the catalogs of all databases grow', :'guilty');
SELECT count(pg_terminate_backend(pid)) AS ended, pg_sleep(1) AS waited FROM pg_stat_activity WHERE usename = :'guilty' \gset
SELECT pg_snapshot_xmax(pg_current_snapshot())::xid AS since \gset
\endif
\endif
\set vacuumed 1
INSERT INTO fairhost.strikes SELECT split_part(datname, '_', 1) FROM generate_series(1, 10), (
  SELECT datname FROM pg_shdepend JOIN pg_database d ON d.oid = dbid GROUP BY 1 HAVING count(*) > 300000) many;
SELECT 'VACUUM (SKIP_LOCKED, PARALLEL 0) ' || string_agg(oid::regclass::text, ', ') FROM pg_class WHERE relisshared AND relkind = 'r' \gexec
SELECT sum(size) AS judged FROM pg_ls_dir('global') name, pg_stat_file('global/' || name, true) \gset
\endif
-- A session that holds its own row of users is waited for.
SELECT format('DO %L', format('BEGIN PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %L; ALTER ROLE %I NOLOGIN; END', name, name)),
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
  UNION
  SELECT pid, usename, format('its transaction since %s kept old rows of the catalogs of all databases, which grew beyond 512 MB', xact_start)
  FROM pg_stat_activity WHERE :shared > greatest(512 << 20, :judged) AND xact_start < now() - interval '1 day'
    AND greatest(age(backend_xid), age(backend_xmin)) IS NOT NULL AND backend_type = 'client backend' AND usename <> 'postgres'
) SELECT format('%s a session in PostgreSQL was ended: %s', usename, what) FROM guilty WHERE pg_terminate_backend(pid);
EOT
}
# It goes on after an error, such as memory of locks that is used up: it could not log in again. Without a connection psql ends by itself.
{
  printf '\\set began 0\n\\set judged 0\n'
  while look; do sleep 2; done
} |
  PGOPTIONS='-c lock_timeout=1s -c statement_timeout=30s' setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- \
    /usr/lib/postgresql/17/bin/psql -X --quiet --no-align --tuples-only --host="$socket" --dbname=postgres |
  sh "$say"
