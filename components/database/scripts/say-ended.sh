#!/bin/sh
# Says in the logs of host and account what was done to the account: lines `a<number> <words>` on standard input.
while read -r user words; do
  echo "$user: $words"
  # Only root can write there. An account may have gone since.
  log=/srv/accounts/${user#a}/admin/logs/databases.log
  [ ! -d "${log%/*}" ] || echo "$(date +%FT%T%z) fairhost: $words" >>"$log" || true
done
