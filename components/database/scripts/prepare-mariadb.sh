#!/bin/sh
# Before MariaDB starts, as its user: makes the catalogs if there are none, and reads the log of changes after a crash.
#   prepare-mariadb DATA OWN CONFIGURATION
# The disk limits of accounts do not hold here (CAP_SYS_RESOURCE): the log may have to make a file longer in an account that has filled its
# room since. If that failed, no account of the host would have its databases.
set -eu
umask 077
data=$1
own=$2
configuration=$3
cd /
if [ ! -d "$data/mysql" ]; then
  find "$own" -mindepth 1 -delete
  mkdir "$own/new" "$own/none" "$own/tmp"
  # Root moves them to the data directory, in which the server cannot write.
  mariadb-install-db --defaults-file="$configuration" --datadir="$own/new" --init-file= --auth-root-authentication-method=socket \
    --auth-root-socket-user=root --skip-test-db --skip-name-resolve --force >&2
  touch "$own/ended"
fi
# Of the server that ran last.
find "$own/tmp" -mindepth 1 -delete
if [ -e "$own/ended" ]; then
  rm "$own/ended"
else
  mariadbd --defaults-file="$configuration" --init-file= --bootstrap </dev/null >&2
fi
