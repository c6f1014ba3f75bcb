#!/bin/bash
# Runs an account's program for the socket that systemd handed over as descriptor 3. Child of a small init, inside the account's sandbox.
#   run-program DIRECTORY N ASSIGNMENT... COMMAND...   with N assignments NAME=VALUE of the account's own
# FAIRHOST_IDLE_SECONDS: seconds without a request after which it is ended, 0: never.
# With PORT the program listens there itself and is proxied to; without, it takes the socket over (sd_listen_fds(3)) and ends itself.
# A program that fails leaves nobody waiting: whoever waits in the socket is turned away at once, the next request is another try.
set -u
directory=$1 count=$2
shift 2
environment=("${@:1:count}" "FAIRHOST_IDLE_SECONDS=$FAIRHOST_IDLE_SECONDS" ${PORT:+"PORT=$PORT"})
shift "$count"
proxy=/usr/lib/systemd/systemd-socket-proxyd
program='' stopping=''

# LISTEN_PID as systemd set it is the number outside of this PID namespace.
hand_over() {
  export LISTEN_PID=$BASHPID LISTEN_FDS=1
  exec "$@"
}
# Through sh, because env would take a program with "=" in its name for an assignment.
own=(/usr/bin/env -- "${environment[@]}" /bin/sh -c 'exec "$@"' sh)
turn_away() { (hand_over $proxy --exit-idle-time=1s 127.0.0.1:1); }
alive() { kill -0 "$1" 2>/dev/null; }
end_program() {
  stopping=yes
  [ -z "$program" ] || kill -TERM "$program" 2>/dev/null
}
# Until a process has really ended: a signal to this script ends any wait early.
wait_for() {
  local status=0
  wait "$1" || status=$?
  while alive "$1"; do
    wait "$1" || status=$?
  done
  return $status
}
failed() {
  [ -z "$stopping" ] || exit 0
  turn_away
  exit "$1"
}
trap end_program TERM INT

if ! cd "$directory"; then
  echo "the program's directory $directory is not there: make it, or give the HTTP server another one" >&2
  failed 200
fi

if [ -z "${PORT:-}" ]; then
  hand_over "${own[@]}" "$@" &
  program=$!
  wait_for $program || failed $?
  exit 0
fi

unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
"${own[@]}" "$@" 3<&- &
program=$!

# Looks into the kernel's table of sockets (a try to connect could disturb the program): local address, no peer, state LISTEN.
listens_on() {
  local rows
  rows=$(cat /proc/self/net/tcp /proc/self/net/tcp6)
  [[ $rows =~ \ ($1):$(printf %04X "$PORT")\ 0+:0000\ 0A\  ]]
}
tries=0
until listens_on '[0-9A-F]+'; do
  if ! alive $program; then
    wait $program
    failed $?
  fi
  # Quick at first, then patient.
  if ((tries++ < 250)); then sleep 0.02; else sleep 0.5; fi
done
host=127.0.0.1
# All addresses, 127.0.0.1, or its form in IPv6; else ::1, which the proxy takes without brackets only.
listens_on '0+|0100007F|0+FFFF00000100007F' || host=::1
options=(--connections-max=512)
[ "$FAIRHOST_IDLE_SECONDS" = 0 ] || options+=("--exit-idle-time=${FAIRHOST_IDLE_SECONDS}s")
hand_over $proxy "${options[@]}" "$host:$PORT" &
proxy_process=$!

wait -n $program $proxy_process
status=$?
if alive $program; then
  # Idle, or told to stop: the program gets its time to end, then the namespace goes and everything with it.
  [ -n "$stopping" ] || end_program
  (sleep 9 && kill -KILL $program) &
  wait_for $program
  exit 0
fi
kill -TERM $proxy_process 2>/dev/null
[ -z "$stopping" ] || exit 0
echo "the program ended by itself with status $status" >&2
# It was to run for good: ending is a failure, whatever it says.
exit $((status == 0 ? 1 : status))
