#!/bin/sh
# Runs COMMAND for the connection at its standard input, unless the visitor has more than MOST to the same address and port.
#   one-of-visitor MOST COMMAND...
# A visitor is the first half of an address of IPv6: whoever has one address of a /64 has them all. systemd counts each address for itself.
most=$1
shift
# Its number, without one process more for which the visitor would wait. While `read` reads, its own standard input is another.
exec 4<&0 3</proc/self/fdinfo/4
socket=
while read -r key value <&3; do [ "$key" != ino: ] || socket=$value; done
: "${socket:?}"
exec 3<&- 4<&-
# Of a row of the kernel's table: both ends, the state (01: open), the inode, 0 until somebody has taken it. Of those that come at the same time the
# last ones leave, and the others stay if that is enough. The table is that of the whole host: it is read twice, and only this visitor's rows are kept.
tries=0
until
  verdict=$(awk -v own="$socket" -v most="$most" '
    NR == FNR { if ($10 == own && $4 == "01") mine = $2 " " substr($3, 1, 16); next }
    $4 == "01" && $10 != 0 && $2 " " substr($3, 1, 16) == mine && !seen[$10]++ { all++; if ($10 + 0 < own + 0) before++ }
    END { print (all <= most ? "stay" : (before >= most ? "leave" : "wait")) }' /proc/self/net/tcp6 /proc/self/net/tcp6)
  [ "$verdict" = stay ]
do
  tries=$((tries + 1))
  if [ "$verdict" = leave ] || [ $tries -gt 10 ]; then
    echo "closed: ${REMOTE_ADDR:-a visitor} has, with others of its /64, more than $most connections" >&2
    exit 0
  fi
  sleep 0.3
done
exec "$@"
