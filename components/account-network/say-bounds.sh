#!/bin/bash
# Says in the log of each account how many of its connections the firewall refused since the last look, and for which limit. Started once a
# minute, so an account that is always at its limits gets a line a minute for each of them. Names of limits: components/plan/limits.ts.
set -euo pipefail
seen=$RUNTIME_DIRECTORY/seen
touch "$seen"
limits=(@LIMITS@)
for limit in "${limits[@]}"; do
  nft list set inet fairhost "over_${limit%%=*}" | { grep -oE '"@PREFIX@[0-9]+" counter packets [0-9]+' || true; } |
    sed -E "s/^\"@PREFIX@([0-9]+)\" counter packets/${limit#*=} \1/"
done >"$seen.new"
awk 'FILENAME == ARGV[1] { before[$1, $2] = $3; next } { more = $3 - before[$1, $2]; if (more < 0) more = $3 } more > 0 { print $1, $2, more }' "$seen" "$seen.new" |
  while read -r limit account more; do
    # Only root can write there. An account may have gone since.
    log=/srv/accounts/$account/admin/logs/network.log
    [ -d "${log%/*}" ] || continue
    printf '%(%FT%T%z)T fairhost: %s connections to the outside were refused: limit %s\n' -1 "$more" "$limit" >>"$log" || true
  done
mv "$seen.new" "$seen"
