#!/bin/bash
# Turns away whoever waits on descriptor 3, for SECONDS: the front end answers 502 at once instead of letting visitors wait for a
# server that cannot start. The time does not depend on what the visitors do. Inside an account's sandbox.
#   turn-away SECONDS   ends with 0 if somebody came (in all but the first 0.3 s), with 1 if nobody did
hand_over() {
  # LISTEN_PID as systemd set it is the number outside of this PID namespace. Nobody listens on port 1; what the proxy says of that is
  # no news.
  export LISTEN_PID=$BASHPID LISTEN_FDS=1 SYSTEMD_LOG_LEVEL=emerg
  exec /usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=$(($1 * 1000 - 300))ms 127.0.0.1:1
}
hand_over "$1" &
proxy=$!
# Without bash's own words about a proxy that is killed: they would stand in the account's log.
exec 2>/dev/null
trap 'kill -KILL $proxy; exit 1' TERM
sleep "$1" &
wait $!
kill -KILL $proxy
wait $proxy
[ $? = 137 ]
