#!/bin/bash
# Runs an account's program for the socket that systemd handed over as descriptor 3. Child of a small init, inside the account's sandbox.
#   run-program DIRECTORY N ASSIGNMENT... COMMAND...   with N assignments NAME=VALUE of the account's own
# FAIRHOST_IDLE_SECONDS: seconds without a request after which it is ended, 0: never. FAIRHOST_RESTART: a file that is touched to
# have it started anew, or, with FAIRHOST_HOT_SIGNAL, get that signal instead. FAIRHOST_START_SECONDS: until it must serve, 60 if not set. FAIRHOST_RETRY_SECONDS: the longest pause between two tries, 16 if not set.
# FAIRHOST_RESTARTS: "never" if a program that has ended by itself, or had to be ended, is not to be started again: this ends with status 70 then.
# With PORT the program listens there itself and is proxied to, by PROXY_CONNECTIONS connections at most; without, it takes the socket over
# (sd_listen_fds(3)) and ends itself. With FAIRHOST_READY it serves while that file exists, and has gone to rest if FAIRHOST_RESTING does.
#
# A program that fails leaves nobody waiting: visitors are turned away for 1, 2, 4, 8, ... seconds, at most for the longest pause, and it is tried again for as long
# as they keep coming, whatever they do meanwhile. Without visitors this ends, and the next request is another try. Where it can be seen that a
# program serves, only failures before that make the pause grow: one that served is back at once, and after two seconds if it fails again within a
# minute, so a visitor who knows how to crash it cannot keep it down.
set -u
. /opt/fairhost/own-program
# Its own variables must not change these.
set_variables "${environment[@]}" "FAIRHOST_IDLE_SECONDS=$FAIRHOST_IDLE_SECONDS" ${PORT:+"PORT=$PORT"}
connections=${PROXY_CONNECTIONS:-}
unset PROXY_CONNECTIONS
# Seconds: until a program must listen; after which it counts as one that works; between two restarts on demand; between two looks; to finish
# what is being answered.
patience=${FAIRHOST_START_SECONDS:-60} longest=${FAIRHOST_RETRY_SECONDS:-16} proven=60 between=10 look=30 finishing=4
program='' proxy='' stopping='' wanted='' failures=0
marks=(${FAIRHOST_READY:+"$FAIRHOST_READY" "$FAIRHOST_RESTING"})

# LISTEN_PID as systemd set it is the number outside of this PID namespace.
hand_over() {
  export LISTEN_PID=$BASHPID LISTEN_FDS=1
  exec "$@"
}

# Rows of the kernel's table of sockets (a try to connect could disturb the program): local address, no peer, state LISTEN.
sockets() { cat /proc/self/net/tcp /proc/self/net/tcp6; }
# Asked all the time until the program listens. Without `$(...)`: in the middle of one, bash 5.2 reads the action of a trap as its rest, and a script that is told
# to end has a syntax error instead.
listens_on() {
  local port tcp tcp6
  printf -v port %04X "$PORT"
  mapfile -t tcp </proc/self/net/tcp
  mapfile -t tcp6 </proc/self/net/tcp6
  [[ "${tcp[*]} ${tcp6[*]}" =~ \ ($1):$port\ 0+:0000\ 0A\  ]]
}
# Whether it can be told from outside if the program serves, and whether it does.
visible=${PORT:-${FAIRHOST_READY:-}}
serves() {
  if [ -n "${PORT:-}" ]; then listens_on '[0-9A-F]+'; else [ -e "$FAIRHOST_READY" ]; fi
}
serving=${PORT:+"listened on \$PORT, $PORT"}
serving=${serving:-took requests}
[ -n "${PORT:-}" ] || taken='the handed-over socket, descriptor 3'
# The account's other programs are in the same network.
other_ports() {
  local address state inode ports=() mine
  mine=$(find /proc/[0-9]*/fd -lname 'socket:*' -printf '%l ' 2>/dev/null)
  while read -r _ address _ state _ _ _ _ _ inode _; do
    [[ $state != 0A || $mine != *"[$inode]"* ]] || ports+=($((16#${address##*:})))
  done < <(sockets)
  printf '%s\n' "${ports[@]}" | sort -nu | paste -sd ' '
}
# Whether somebody has called shutdown(2) on descriptor 3, after which nobody can connect any more. It is shut down completely, so that
# systemd notices as soon as this ends, and makes it anew.
socket_is_shut() {
  read -rt 0 -u 3 && /usr/bin/python3 -ISc '
import select, socket, sys
poll = select.poll()
poll.register(3, select.POLLRDHUP)
shut = bool(poll.poll(0))
if shut:
    socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)
sys.exit(not shut)'
}

# Nobody can connect any more: visitors are answered at once, and start nothing. Whoever starts the socket again makes it anew.
stay_down() {
  say "not started again (restart: never): a change of this HTTP server, the host's administrator or a boot starts it"
  /usr/bin/python3 -ISc 'import socket; socket.socket(fileno=3).shutdown(socket.SHUT_RDWR)'
  exit 70
}

# Inodes of the sockets of the account's own network.
own_sockets() {
  (cd /proc/self/net && awk 'FILENAME == "unix" { print $7; next } { print $10 }' tcp tcp6 udp udp6 raw raw6 icmp icmp6 unix netlink 2>/dev/null)
}
# Whether anybody is being answered: somebody has a connection that was accepted from descriptor 3. It is in the network of the front end, so it is in none of
# the tables here.
has_visitors() {
  find /proc/[0-9]*/fd -lname 'socket:*' -printf '%l\n' 2>/dev/null | tr -dc '0-9\n' |
    grep -qvxF -f <(own_sockets; readlink /proc/self/fd/3 | tr -dc '0-9\n')
}
# Whether somebody waits and the program has nobody: the queue is not empty, and no accepted connection is open. One that has more visitors than it can
# serve has some.
ignores_visitors() {
  local address state queues inode port waits=''
  if [ -n "${PORT:-}" ]; then
    port=$(printf %04X "$PORT")
    while read -r _ address _ state queues _ _ _ _ inode _; do
      [[ $address == *:$port ]] || continue
      if [[ $state != 0A ]]; then
        [ "$inode" = 0 ] || return 1
      elif [[ $queues != *:00000000 ]]; then
        waits=yes
      fi
    done < <(sockets)
    [ -n "$waits" ]
  else
    read -rt 0 -u 3 && ! has_visitors
  fi
}
# Nobody is ended for the moment between two visitors.
surely_ignores_visitors() {
  local look
  for look in 1 2 3 4 5 6 7 8; do
    ignores_visitors || return 1
    ((look == 8)) || sleep 0.13
  done
}

# A child that looks now and then whether the program still serves, and every two seconds whether a restart is wanted; without a process
# for each look.
stamp=/tmp/.fairhost-restart
: >$stamp
[ ! -e "$FAIRHOST_RESTART" ] || touch -r "$FAIRHOST_RESTART" $stamp
restart_wanted() { [ -e "$FAIRHOST_RESTART" ] && { [ "$FAIRHOST_RESTART" -nt $stamp ] || [ "$FAIRHOST_RESTART" -ot $stamp ]; }; }
watch() {
  local never deaf=0 ignoring=0 looked=$SECONDS
  exec {never}<> <(:)
  while :; do
    read -rt 2 -u "$never"
    if ((SECONDS - begun >= between)) && restart_wanted; then
      touch -r "$FAIRHOST_RESTART" $stamp
      kill -USR1 $$
    fi
    # The program itself says how it ended when it was that one.
    count_kills
    if ((kills > known_kills)) && alive "$program"; then
      known_kills=$kills
      say "a process of the program was killed, because the account had used all its memory: the others go on"
      ! files_fill_memory || kill -ALRM $$
    fi
    ((SECONDS - looked >= look)) || continue
    looked=$SECONDS
    if [ -z "$visible" ] || serves; then deaf=0; else ((++deaf)); fi
    if [ -z "${PORT:-}" ] && socket_is_shut; then deaf=2; fi
    ((deaf < 2)) || kill -USR2 $$
    # Three looks are a minute, in which traffic makes no difference: only a visitor whom it takes does.
    if ignores_visitors; then ((++ignoring)); else ignoring=0; fi
    if ((ignoring >= 3 && SECONDS - begun >= patience)) && surely_ignores_visitors; then kill -HUP $$; fi
  done
}
trap stopping=yes TERM INT
trap wanted=restart USR1
trap wanted=deaf USR2
trap wanted=visitors HUP
trap wanted=memory ALRM

# @returns 1 if it will not serve, with the reason said
await_serving() {
  local never status
  # Nothing ever comes here. With sleep(1), a process for each look, this took a fifth of what the start of a program takes, while visitors wait.
  exec {never}<> <(:)
  look_until_it_serves
  status=$?
  exec {never}>&-
  return $status
}
look_until_it_serves() {
  local tries=0 status=0
  until serves; do
    [ -z "$stopping" ] || return 1
    if ! alive $program; then
      wait_for $program || status=$?
      local processes=(/proc/[0-9]*)
      # More than the init and this.
      if ((status == 0 && ${#processes[@]} > 2)); then
        say "the program went into the background: start it so that it stays in the foreground"
      else
        say "the program $(how_it_ended $status) before it $serving"
      fi
      return 1
    fi
    if ((SECONDS - begun >= patience)); then
      if [ -z "${PORT:-}" ]; then
        say "the program takes no requests after $patience s, and is ended"
        return 1
      fi
      ports=$(other_ports)
      say "nothing listens on \$PORT, $PORT, after $patience s; the program ${ports:+listens on $ports, and }is ended. Let it listen on \$PORT"
      return 1
    fi
    # Quick at first, then patient.
    if ((tries++ < 250)); then read -rt 0.02 -u "$never"; else read -rt 0.5 -u "$never"; fi
  done
  return 0
}
start_proxy() {
  local host=127.0.0.1
  # All addresses, 127.0.0.1, or its form in IPv6; else ::1, which the proxy takes without brackets only.
  listens_on '0+|0100007F|0+FFFF00000100007F' || host=::1
  local options=("--connections-max=$connections")
  [ "$FAIRHOST_IDLE_SECONDS" = 0 ] || options+=("--exit-idle-time=${FAIRHOST_IDLE_SECONDS}s")
  # What it would say is said here, once: it repeats itself for each connection.
  SYSTEMD_LOG_LEVEL=emerg hand_over /usr/lib/systemd/systemd-socket-proxyd "${options[@]}" "$host:$PORT" &
  proxy=$!
}
# One try. @returns 0 if the program was ended in good order, 1 if it failed, with the reason said
run_program() {
  local status=0 first=''
  enter_directory || return 1
  remember_kills
  if [ -n "${PORT:-}" ]; then
    (
      unset LISTEN_PID LISTEN_FDS LISTEN_FDNAMES
      exec "${own[@]}" "$@" 3<&-
    ) &
    program=$!
  else
    hand_over "${own[@]}" "$@" &
    program=$!
  fi
  if [ -n "$visible" ]; then
    await_serving || return 1
    listened=yes
  fi
  [ -z "${PORT:-}" ] || start_proxy
  watch &
  while [ -z "$stopping$wanted" ] && alive $program && { [ -z "$proxy" ] || alive $proxy; }; do
    wait -n -p first $program $proxy
    status=$?
    if [ "$wanted" = restart ] && [ -n "${FAIRHOST_HOT_SIGNAL:-}" ] && alive $program; then
      say "told to load its code anew, because $FAIRHOST_RESTART was touched"
      kill -s "$FAIRHOST_HOT_SIGNAL" $program
      wanted=''
    fi
  done
  case $wanted in
    restart) say "started anew, because $FAIRHOST_RESTART was touched"; return 0 ;;
    deaf)
      say "the program runs, but no longer takes connections${PORT:+ on \$PORT, $PORT}: it is started anew"
      return 1
      ;;
    visitors)
      say "the program does not accept on ${PORT:+\$PORT, $PORT}${taken:-}: visitors have waited for more than $((2 * look)) s, and it is ended. If it needs longer to begin, set startSeconds"
      listened=''
      return 1
      ;;
    memory) return 1 ;;
  esac
  [ -z "$stopping" ] || return 0
  if alive $program; then return 0; fi
  if [ -n "$visible" ] && [ -z "${PORT:-}" ] && [ -e "$FAIRHOST_RESTING" ]; then return 0; fi
  [ "${first:-}" = $program ] || wait_for $program || status=$?
  # With the socket, ending is how it goes to rest, unless somebody waits whom it never looked at.
  if [ -z "${PORT:-}" ] && ((status == 0 && FAIRHOST_IDLE_SECONDS > 0)); then
    { ((SECONDS - begun < 2)) && read -rt 0 -u 3; } || return 0
    say "the program $(how_it_ended 0) without taking a connection from descriptor 3"
  else
    say "the program $(how_it_ended $status)"
  fi
  return 1
}

# Before a program is ended that served: whoever is being answered gets the rest of it, for a while. It goes on with whoever comes meanwhile; only in the
# moment in which nobody is left, whoever accepts is held, so that the next visitor waits in the socket for the next program.
finish_requests() {
  local never accepts=${proxy:-$program} end=$((SECONDS + finishing))
  exec {never}<> <(:)
  while alive "$program" && alive "$accepts" && ((SECONDS < end)); do
    if ! has_visitors; then
      kill -STOP "$accepts"
      has_visitors || break
      kill -CONT "$accepts"
    fi
    read -rt 0.1 -u "$never"
  done
  exec {never}>&-
}

while :; do
  begun=$SECONDS listened='' wanted='' program='' proxy=''
  # Not there at the first try; visitors wait for each process that is started before the program.
  for mark in "${marks[@]}"; do [ ! -e "$mark" ] || rm -f "$mark"; done
  run_program "${command[@]}"
  result=$?
  lived=$((SECONDS - begun))
  ending=$SECONDS
  if [ -n "$stopping" ] || [ "$wanted" = restart ]; then finish_requests; fi
  # Visitors wait meanwhile; the program gets its time to end.
  alive "$proxy" && kill -TERM "$proxy" 2>/dev/null && kill -CONT "$proxy" 2>/dev/null
  # Counting visitors can take longer than they have, where the account has used its share of the processor.
  left=$((9 - (SECONDS - ending)))
  end_program $((left > 1 ? left : 1))
  [ -z "$stopping" ] || exit 0
  [ "$wanted" != restart ] || continue
  ((result != 0)) || exit 0
  [ "${FAIRHOST_RESTARTS:-}" != never ] || stay_down
  if [ -z "${PORT:-}" ] && socket_is_shut; then
    say "the program has shut its listening socket down (shutdown(2)): systemd makes it anew"
    exit 1
  fi
  if files_fill_memory; then
    say "files in /tmp and /dev/shm take most of the account's memory: they are removed, and the program is started anew"
    exit 1
  fi
  if ((lived >= proven)) && [ -n "$listened" -o -z "$visible" ] && [ "$wanted" != visitors ]; then
    # It worked. The next request starts it again.
    failures=0
    [ "$FAIRHOST_IDLE_SECONDS" = 0 ] || exit 1
  elif [ -n "$listened" ] && ((failures == 0)); then
    failures=1
  else
    [ -z "$listened" ] || failures=1
    pause=$((failures < 12 ? 1 << failures : 1 << 12))
    ((pause <= longest)) || pause=$longest
    ((++failures))
    visited=1
    # In parts: somebody who has put it right need not wait for the end of a long pause.
    for ((left = pause; left > 0; left -= 16)); do
      /opt/fairhost/turn-away $((left < 16 ? left : 16)) &
      turning=$!
      wait $turning && visited=0
      [ -z "$stopping" ] || exit 0
      if restart_wanted; then
        touch -r "$FAIRHOST_RESTART" $stamp
        failures=0 visited=0
        break
      fi
    done
    ((FAIRHOST_IDLE_SECONDS == 0 || visited == 0)) || exit 1
  fi
done
