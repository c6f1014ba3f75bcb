#!/bin/sh
# Runs the web application firewall, and beside it what says its hits and what clears bodies that nobody has; without these requests are looked at all the same.
#   run-waf CONFIGURATION BODIES CLEAR HITS COMMAND...
configuration=$1 bodies=$2 clear=$3 hits=$4
shift 4
: > "$hits" && chown www-data: "$hits"
as_www_data() { setpriv --reuid=www-data --regid=www-data --clear-groups --bounding-set=-all --inh-caps=-all "$@"; }
while :; do
  as_www_data "$@"
  sleep 1
done &
# A body that is looked at, or on its way, may be older than that: it is open.
while sleep 10; do
  as_www_data find "$bodies" -type f ! -newermt "10 seconds ago" -exec "$clear" {} + 2>/dev/null
done &
exec /usr/sbin/nginx -c "$configuration" -g "daemon off;"
