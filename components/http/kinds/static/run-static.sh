#!/bin/sh
# Serves the files below FAIRHOST_ROOT for the socket that systemd handed over. Main process of an account's sandbox.
#   run-static IDLE   ends after IDLE seconds without a request (0: never)
[ "$1" = 0 ] || idle="-i $1"
# This process is the first of its PID namespace; LISTEN_PID as systemd set it is the number outside.
export LISTEN_PID=1
if [ -d "$FAIRHOST_ROOT" ]; then
  exec /usr/sbin/lighttpd -D $idle -f /etc/lighttpd/lighttpd.conf
fi
echo "the directory $FAIRHOST_ROOT is not there: make it, or give the HTTP server another root" >&2
# Whoever waits is turned away; the next request looks again.
exec /usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=1s 127.0.0.1:1
