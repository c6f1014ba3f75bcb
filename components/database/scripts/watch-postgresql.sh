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
), counted AS MATERIALIZED (
  SELECT name, greedy, 'fairhost.' || name || to_char(now(), '"_"YYYYMMDDHH24') AS counter FROM ended
) SELECT format('%s a session in PostgreSQL was ended: ', name) || CASE
  WHEN greedy THEN 'sessions of this account held more than 5000 locks'
    || left(set_config(counter, (coalesce(nullif(current_setting(counter, true), ''), '0')::int + 1)::text, false), 0)
  ELSE 'sessions of all accounts held more than 15000 locks, and of this account more than of others' END FROM counted;
SELECT format('ALTER ROLE %I NOLOGIN', rolname),
  format('SELECT %L', rolname || ' its sessions in PostgreSQL held too many locks ten times within an hour: it cannot log in until the next deploy')
FROM pg_authid WHERE rolcanlogin AND current_setting('fairhost.' || rolname || to_char(now(), '"_"YYYYMMDDHH24'), true)::int >= 10 \gexec
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
  setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- \
    /usr/lib/postgresql/17/bin/psql -X --quiet --no-align --tuples-only --host="$socket" --dbname=postgres |
  sh "$say"
