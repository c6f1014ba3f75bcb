#!/bin/bash
# Runs a service of an account: a program in the foreground, tried again whenever it ends. Child of a small init, inside the account's
# sandbox.
#   run-service M MONITOR... DIRECTORY N ASSIGNMENT... COMMAND...   with M words of the monitoring command (0: none)
# FAIRHOST_RESTART: a file that is touched to have the program started anew, or, with FAIRHOST_RELOAD=SIGHUP, to send it this signal.
# FAIRHOST_MAX_FAILURES: failures in a row after which this gives up with status 70. FAIRHOST_MONITOR: "EVERY LIMIT FAILURES".
#
# A try fails if the program ends within a minute, or if the monitoring command gives it up. After a failure it waits for 1, 2, 4 ... 60 s. A try
# that lasted a minute, and that the monitoring command has found to work, begins the count anew, however many tries there were.
set -u
monitor=("${@:2:$1}")
shift $((1 + $1))
. /opt/fairhost/own-program
restart_file=$FAIRHOST_RESTART most=$FAIRHOST_MAX_FAILURES reload=${FAIRHOST_RELOAD:-}
read -r every limit checks <<<"${FAIRHOST_MONITOR:-}"
unset FAIRHOST_MAX_FAILURES FAIRHOST_RELOAD FAIRHOST_MONITOR
# Seconds: after which a program counts as one that works; between two looks; the longest pause.
proven=60 look=5 longest=60
program='' stopping='' wanted='' failures=0

# The time of the file, not its content: what the account touches is read by the account alone.
stamp=/tmp/.fairhost-restart works=/tmp/.fairhost-works
: >$stamp
[ ! -e "$restart_file" ] || touch -r "$restart_file" $stamp
restart_wanted() {
  [ -e "$restart_file" ] && { [ "$restart_file" -nt $stamp ] || [ "$restart_file" -ot $stamp ]; } && touch -r "$restart_file" $stamp
}
exec {never}<> <(:)
rest() { read -rt "$1" -u "$never"; }

# A child that looks for the restart file, and runs the monitoring command. It tells this script by signals.
watch() {
  local failed=0 checked=$SECONDS status
  trap - TERM INT HUP USR1 USR2
  while rest $look; [ -d /proc/$$ ]; do
    ! restart_wanted || kill -HUP $$
    count_kills
    if ((kills > known_kills)) && alive "$program"; then
      known_kills=$kills
      say "a process of the program was killed, because the account had used all its memory: the others go on"
    fi
    ((${#monitor[@]} > 0 && SECONDS - checked >= every)) || continue
    checked=$SECONDS
    timeout --kill-after=5 "$limit" "${own[@]}" "${monitor[@]}" {never}<&-
    status=$?
    if ((status == 0)); then
      failed=0
      : >$works
    else
      ((++failed))
      ((status != 124)) || status="124: it took longer than $limit s"
      say "the monitoring command ended with status $status ($failed of $checks in a row)"
      ((failed < checks)) || kill -USR2 $$
    fi
  done
}
asked() {
  if [ "$reload" = SIGHUP ] && alive "$program"; then
    say "SIGHUP is sent to the program"
    kill -HUP "$program"
  else
    wanted=restart
  fi
}
trap stopping=yes TERM INT
trap asked HUP
trap wanted=monitor USR2

# One try. @returns 0 if it was ended in good order, 1 if it ended by itself or has to be given up, with the reason said
run_program() {
  local status
  rm -f $works
  enter_directory || return 1
  remember_kills
  "${own[@]}" "${command[@]}" {never}<&- &
  program=$!
  watch &
  # Bash says nothing when it is killed.
  disown
  while [ -z "$stopping$wanted" ] && alive $program; do wait $program; done
  [ -z "$stopping" ] || return 0
  case $wanted in
    restart)
      say "started anew, as asked for"
      return 0
      ;;
    monitor)
      say "restarted: $checks checks in a row failed"
      return 1
      ;;
  esac
  # A signal may have ended the wait above at the same moment.
  wait_for $program
  status=$?
  say "the program $(how_it_ended $status) after $((SECONDS - begun)) s"
  return 1
}

while :; do
  begun=$SECONDS wanted='' program=''
  run_program
  result=$?
  lived=$((SECONDS - begun))
  end_program
  [ -z "$stopping" ] || exit 0
  if ((result == 0)); then
    failures=0
    continue
  fi
  if ((lived >= proven)) && { ((${#monitor[@]} == 0)) || [ -e $works ]; }; then failures=0; fi
  ((++failures))
  if ((failures >= most)); then
    say "disabled after $failures failures in a row. It is started again by a change of the service, by the host's administrator or by a reboot"
    exit 70
  fi
  pause=$((failures > 6 ? longest : 1 << (failures - 1)))
  ((pause <= longest)) || pause=$longest
  say "tried again in $pause s (failure $failures of $most)"
  wanted=''
  for ((waited = 0; waited < pause; waited++)); do
    rest 1
    [ -z "$stopping" ] || exit 0
    if restart_wanted; then break; fi
    [ -z "$wanted" ] || break
  done
done
