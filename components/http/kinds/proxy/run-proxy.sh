#!/bin/bash
# Runs Apache for an account's proxy; it listens on $PORT. Inside the account's sandbox, started by run-program.
set -u
# The log's file is root's: Apache cannot open it anew, as it does, but a pipe of its own.
exec 2> >(exec cat >&2)
# The number of a killed one: it would not start if another process had it now.
rm -f /tmp/apache.pid
# An account that keeps its old files has none of them in its unit.
export FAIRHOST_PROCESSES="${FAIRHOST_PROCESSES:-4}" FAIRHOST_THREADS="${FAIRHOST_THREADS:-32}" FAIRHOST_REQUESTS="${FAIRHOST_REQUESTS:-128}"
exec /usr/sbin/apache2 -D FOREGROUND -f /opt/fairhost/proxy.conf
