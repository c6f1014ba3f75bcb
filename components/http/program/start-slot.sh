#!/bin/sh
# Lets a server of an account start when it is its turn: a unit of the host's, which the server's waits for, outside of the account's limits.
#   start-slot HOLD:UNIT   with HOLD seconds that a start counts at least: of a server that starts without a visitor, nothing shows when it serves
# At most @PER_CPU@ servers a CPU start at once, a quarter of them of one account, and only while the host has memory for one more. A server counts as starting
# until somebody has taken the first visitor from its socket, or for @LONGEST@ seconds: an account can do nothing to hold a place for longer.
# Meanwhile visitors wait in the socket's queue. First come, first served: one server of each account stands in the host's queue.
set -u
hold=${1%%:*} unit=${1#*:}
number=${unit#account-}
number=${number%%-*}
account=account-$number log=/srv/accounts/$number/@LOGS@/${unit#"$account-"}.log
# Mebibytes that a server takes until it serves; seconds that a start counts at most; seconds until it starts in any case, and how many more it may
# wait for those before it that do so.
need=@NEED@ longest=@LONGEST@ patience=@PATIENCE@ grace=@GRACE@
starting=/run/fairhost-starts/starting queues=/run/fairhost-starts/queues woken=@WOKEN@
# Root's alone; the queues first, so that nobody finds half of it. If it can't be made, nobody could start: then all do.
umask 077
[ -d $starting ] || mkdir -p $queues $woken $starting
cd $starting || exit 0

clock() {
  read -r now _ </proc/uptime
  now=${now%.*}
}
waited_for() {
  ss -xlnH | while read -r _ _ queued _ path _; do
    [ "$queued" = 0 ] || printf '%s ' "${path##*/}"
  done
}
# Records "EARLIEST LATEST" of starts, by units: gone at LATEST, and from EARLIEST on as soon as nobody waits for the server.
# $1 lists the units that somebody waits for, with a space around each; without it, that may be any of them.
count() {
  clock
  mine=0 all=0
  for record in account-*; do
    read -r earliest latest 2>/dev/null <"$record" || continue
    case ${1-" $record "} in
      *" $record "*) over=$latest ;;
      *) over=$earliest ;;
    esac
    if [ "$now" -ge "$over" ]; then
      rm -f "$record"
      continue
    fi
    all=$((all + 1))
    case $record in "$account"-*) mine=$((mine + 1)) ;; esac
  done
}
memory_for_one_more() {
  while read -r name amount _; do
    case $name in
      MemTotal:) total=$amount ;;
      MemAvailable:) available=$amount && break ;;
    esac
  done </proc/meminfo
  [ $((available / 1024)) -ge $((total / 1024 / @RESERVE@ + need * (all + 1))) ]
}
# $1 is a condition of what count() has seen. Who waits for whom takes longest to see: it is asked only if it makes a difference.
await() {
  until { count && eval "$1"; } || { count " $(waited_for)" && eval "$1"; }; do
    [ "$now" -lt "$end" ] || give_up
    sleep 0.1
  done
}
# Root's own directory: an account can put nothing in the place of its log.
say() {
  (umask 022 && echo "$(date +%FT%T%z) fairhost: $*" >>"$log")
}
give_up() {
  say "started although the host had no place or no memory for it within $patience s"
  exit 0
}

clock
begin=$now end=$((now + patience))
slots=$((@PER_CPU@ * $(nproc)))
exec 8>"$queues/$account" 9>"$queues/host"
flock -w $patience 8 || give_up
await "[ \$mine -lt $((slots / 4)) ]"
# The queue gives order alone. Whoever left it earlier, because it is long, would look at places and memory beside all others, and start before them.
# So does one who has no more patience: all that came at the same time have none then, and give up one after another, in their order.
flock -w $((end - now + grace)) 9
await "[ \$all -lt $slots ] && memory_for_one_more"
echo "$((now + hold)) $((now + longest))" >".$unit" && mv ".$unit" "$unit"
# For the counter of web sites (components/metrics/count-requests.py), which takes it away: a byte a start.
printf . >>"$woken/$unit"
if [ $((now - begin)) -ge 5 ]; then
  say "waited $((now - begin)) s before the start: many servers of the host start at this moment"
fi
exit 0
