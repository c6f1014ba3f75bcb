#!/bin/bash
# Runs a scheduled task of an account once. Child of a small init, inside the account's sandbox.
#   run-task LIMIT DIRECTORY N ASSIGNMENT... COMMAND...   ends the program after LIMIT seconds
# Ends with the program's status; with 1 if that is one that systemd takes for its own (200 to 245) or a signal's.
set -u
limit=$1
shift
. /opt/fairhost/own-program
program='' stopping='' late='' begun=$SECONDS
trap stopping=yes TERM INT
trap late=yes ALRM
enter_directory || exit 1
"${own[@]}" "${command[@]}" &
program=$!
# Everything ends with this script: it is the only child of the init.
(sleep "$limit" && kill -ALRM $$) &
disown
while [ -z "$stopping$late" ] && alive $program; do wait $program; done
if [ -n "$stopping" ]; then
  end_program
  say "ended after $((SECONDS - begun)) s: the scheduled task or its host is stopped or changed"
  exit 0
fi
if [ -n "$late" ]; then
  end_program
  say "ended, because it took longer than its limit of $limit s"
  exit 124
fi
wait_for $program
status=$?
end_everything
took="$((SECONDS - begun)) s"
if ((status == 0)); then
  say "done in $took"
else
  say "the task $(how_it_ended $status) after $took"
fi
exit $((status < 128 ? status : 1))
