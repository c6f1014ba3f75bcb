#!/bin/sh
# Looks every two seconds at what accounts share of PostgreSQL and no disk limit counts, and ends the session that makes it grow beyond its bound.
#   watch SOCKET SAY
set -eu
socket=$1
say=$2
# Names of snapshots: who exported them, as `pg_locks` has it, in hexadecimal.
look() {
  cat <<'EOT'
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
while look; do sleep 2; done |
  setpriv --reuid=postgres --regid=postgres --clear-groups --inh-caps=-all -- \
    /usr/lib/postgresql/17/bin/psql -X --quiet --no-align --tuples-only --set=ON_ERROR_STOP=1 --host="$socket" --dbname=postgres |
  sh "$say"
