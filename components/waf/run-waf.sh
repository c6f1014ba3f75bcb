#!/bin/sh
# Runs the web application firewall, and beside it what says its hits; without that requests are looked at all the same.
#   run-waf CONFIGURATION HITS COMMAND...
configuration=$1 hits=$2
shift 2
: > "$hits" && chown www-data: "$hits"
while :; do
  setpriv --reuid=www-data --regid=www-data --clear-groups --bounding-set=-all --inh-caps=-all "$@"
  sleep 1
done &
exec /usr/sbin/nginx -c "$configuration" -g "daemon off;"
