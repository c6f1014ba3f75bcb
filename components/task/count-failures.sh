#!/bin/sh
# Keeps the number of failed runs in a row of a scheduled task, in a file with its unit's name: "COUNT RESULT STATUS TIME". As root, outside of
# sandboxes, started by the end of a run (OnFailure=, OnSuccess=).
#   count-failures failed|done UNIT   in $STATE_DIRECTORY; systemd gives $MONITOR_SERVICE_RESULT and $MONITOR_EXIT_STATUS
set -eu
cd "$STATE_DIRECTORY"
unit=$2
if [ "$1" = done ]; then
  rm -f -- "$unit"
  exit
fi
count=0
[ ! -e "$unit" ] || read -r count _ <"$unit" || :
# Written without a sync: after a power cut it may be empty, or anything.
case $count in '' | *[!0-9]* | 0?*) count=0 ;; esac
echo "$((count + 1)) ${MONITOR_SERVICE_RESULT:-unknown} ${MONITOR_EXIT_STATUS:--} $(date -u +%FT%TZ)" >".$unit"
mv -- ".$unit" "$unit"
# Tasks that are no more.
for old in *; do
  [ -e "/var/lib/fairhost/current/systemd/$old.service" ] || rm -f -- "$old"
done
