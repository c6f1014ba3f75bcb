#!/bin/sh
# Before PostgreSQL starts, as its user: makes its data directory if there is none, and reads the log of changes after a crash.
#   prepare-postgresql DIRECTORY CONFIGURATION
# The disk limits of accounts do not hold here (CAP_SYS_RESOURCE): the log makes files again that an account has deleted since, whose room may be
# taken. If that failed, no account of the host would have its databases.
set -eu
umask 077
data=$1
configuration=$2
programs=/usr/lib/postgresql/17/bin
cd /
if [ ! -s "$data/PG_VERSION" ]; then
  rm -rf "$data.new"
  "$programs/initdb" -D "$data.new" --username=postgres --auth=peer --encoding=UTF8 --locale-provider=builtin --locale=C.UTF-8 \
    --data-checksums --no-instructions >&2
  # What is in these counts for nobody's disk limit. Each statement on one line.
  for database in postgres template1; do
    echo "REVOKE ALL ON DATABASE $database FROM PUBLIC"
  done | "$programs/postgres" --single -D "$data.new" postgres >/dev/null
  mv -T "$data.new" "$data"
fi
if ! LC_ALL=C "$programs/pg_controldata" "$data" | grep -q '^Database cluster state: *shut down$'; then
  rm -f "$data/postmaster.pid"
  "$programs/postgres" --single -D "$data" -c config_file="$configuration" postgres </dev/null >/dev/null
fi
