#!/bin/sh
# Serves the files below FAIRHOST_ROOT for the socket that systemd handed over. Main process of an account's sandbox.
#   run-static IDLE   ends after IDLE seconds without a request (0: never)
# FAIRHOST_CACHE_SECONDS: for which browsers keep files; FAIRHOST_FALLBACK: file that answers for paths without one. Both may be unset.
[ "$1" = 0 ] || idle="-i $1"
# This process is the first of its PID namespace; LISTEN_PID as systemd set it is the number outside.
export LISTEN_PID=1 FAIRHOST_FALLBACK_FOR
# The last part of the path has no dot. No path is empty.
FAIRHOST_FALLBACK_FOR='^/(?:[^?]*/)?[^./?]*(?:[?]|$)'
[ -n "${FAIRHOST_FALLBACK:-}" ] || FAIRHOST_FALLBACK_FOR='^$'
export FAIRHOST_FALLBACK="${FAIRHOST_FALLBACK:-/}" FAIRHOST_CACHE_SECONDS="${FAIRHOST_CACHE_SECONDS:-0}"
if ! [ -d "$FAIRHOST_ROOT" ]; then
  echo "$(date +%FT%T%z) fairhost: the directory $FAIRHOST_ROOT is not there: make it, or give the HTTP server another root" >&2
  # Visitors are told so. As soon as it is there, this server ends, however many requests come: the next one gets the files.
  root=$FAIRHOST_ROOT FAIRHOST_ROOT=/tmp/nothing FAIRHOST_FALLBACK_FOR=^/ FAIRHOST_FALLBACK=/nothing
  mkdir "$FAIRHOST_ROOT"
  echo '<!doctype html><title>No files</title><h1>No files</h1><p>The directory of this web site is missing.</p>' >"$FAIRHOST_ROOT/404.html"
  (while ! [ -d "$root" ]; do sleep 1; done && kill -INT 1) &
fi
exec /usr/sbin/lighttpd -D $idle -f /etc/lighttpd/lighttpd.conf
