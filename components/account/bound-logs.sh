#!/bin/bash
# Bounds the logs of accounts, of the front end, of what accounts call outside and whatever else writes into /var/log, pass after pass. Programs and nginx hold their logs open for appending: the oldest
# part is compressed and then cut off the file's beginning (fallocate(1), --collapse-range), so that nobody loses a line, opens
# a file again or notices. Between two passes the quota of an account's logs stops what grows faster.
#   bound-logs                        for ever
#   bound-logs rotate FILE SIZE KEEP  compresses the newest KEEP bytes of the first SIZE, and removes all of these
set -u -o pipefail
umask 027
shopt -s nullglob
pause=5

rotate() {
  # Whole blocks of the file system and whole records of btmp, which have 384 bytes (utmp(5)).
  local log=$1 size=$2 keep=$3 block=12288 to archive
  to=$((size > block ? (size - 1) / block * block : size))
  ((keep < to)) || keep=$to
  archive="$log.$(date -u +%Y%m%dT%H%M%SZ).gz"
  if head -c "$to" -- "$log" | tail -c "$keep" | gzip >"$log.new"; then
    mv -- "$log.new" "$archive"
  else
    # A full disk. The older half makes room; the newest lines stay, and are compressed in a later pass.
    rm -f -- "$log.new"
    to=$((to / 2 / block * block))
    ((to > 0)) || return
  fi
  # A file system that cannot do this, and what is less than a block: the beginning of a new line may go with it.
  fallocate --collapse-range --offset 0 --length "$to" -- "$log" 2>/dev/null || truncate --no-create --size 0 -- "$log"
}

if [ "${1:-}" = rotate ]; then
  rotate "$2" "$3" "$4"
  exit
fi

# Reads files as stat prints them (blocks, size, times of change and of birth, path) and says what to do: "remove 0 PATH" or "rotate SIZE PATH". A group is an account, or the host.
# shellcheck disable=SC2016
decide='
function limit(group) { return group == "system" ? 128e6 : group == "host" ? 256e6 : group == "egress" ? 2e9 : group in limits ? limits[group] : 100e6 }
BEGIN {
  FS = ","; report = "repquota -P -n -O csv /srv/accounts 2>/dev/null"
  # The project of the logs of account 1204 is 16777216 + 1204.
  while ((report | getline) > 0) if ($1 ~ /^#/ && substr($1, 2) + 0 > 16777216 && $6 > 0) limits[substr($1, 2) - 16777216] = $6 * 1024
  # Where there are quotas, but nobody tells them now, nothing of an account is removed: it may have more than others.
  silent = close(report) != 0 && system("grep -q \"^[^ ]* /srv/accounts [^ ]* [^ ]*prjquota\" /proc/self/mounts") == 0
  FS = " "
}
$5 ~ /^\/srv\/accounts\/[0-9]+\/admin\/logs\/(front-end\/)?[a-z0-9-]+\.log(\.[0-9TZ]+\.gz)?$/ { split($5, part, "/"); add(part[4]) }
$5 ~ /^\/var\/log\/nginx\/[a-z]+\.log(\.[0-9TZ]+\.gz)?$/ { add("host"); next }
$5 ~ /^\/var\/log\/fairhost-egress\/[a-z]+\.log(\.[0-9TZ]+\.gz)?$/ { add("egress"); next }
# Not the journal, which bounds itself, databases and what logrotate(8) has put aside. By size alone: the newest log of dpkg may be a year old.
$5 ~ /^\/var\/log\/([a-z0-9-]+\/)?([A-Za-z0-9._-]+\.log|[bw]tmp)(\.[0-9TZ]+\.gz)?$/ { add("system") }
function add(group,  log_) {
  groups[group]
  if ($5 !~ /gz$/) { files[group] = files[group] " " $5; size[$5] = $2; since[$5] = since[$5] > $4 ? since[$5] : $4; return }
  archives[group] = archives[group] " " $5; bytes[$5] = $1 * 512; written[$5] = $3
  log_ = $5; sub(/\.[0-9TZ]+\.gz$/, "", log_)
  if ($3 > since[log_]) since[log_] = $3
}
END {
  for (group in groups) {
    count = split(files[group], list, " "); most = limit(group); kept = 0
    each = most / 4 / (count ? count : 1); largest = group == "egress" ? 33554432 : 8388608; if (each > largest) each = largest
    for (i = 1; i <= count; i++) {
      if (size[list[i]] > each || (group != "system" && size[list[i]] > 0 && now - since[list[i]] > 7 * 86400)) turns = turns "rotate " size[list[i]] " " list[i] "\n"
      else kept += size[list[i]]
    }
    if (silent && group ~ /^[0-9]/) continue
    # The newest first: the name of a day sorts as the day.
    left = split(archives[group], list, " ")
    for (n = 1; left > 0; n++) {
      newest = 0
      for (i in list) if (!newest || written[list[i]] > written[list[newest]]) newest = i
      kept += bytes[list[newest]]
      if (kept > most / 2 || n > 50 || (group != "system" && now - written[list[newest]] > 30 * 86400)) print "remove 0 " list[newest]
      delete list[newest]; left--
    }
  }
  printf "%s", turns
}'

while :; do
  find /srv/accounts/*/admin/logs /var/log -maxdepth 2 -xdev -type f -exec stat -c '%b %s %Y %W %n' {} + 2>/dev/null |
    awk -v now="$(date +%s)" "$decide" |
    while read -r what size log; do
      folder=${log%/*}
      # Not as root where somebody else may have put a symlink.
      read -r owner group mode < <(stat -c '%u %u %A' -- "$folder") || continue
      # Debian's folder for PostgreSQL: root's, but its group may write, which is not that of each log there.
      [[ $mode != ?????w* && $mode != ????????w* ]] || { owner=$(stat -c %u -- "$log") && group=$(stat -c %g -- "$folder"); } || continue
      [[ $owner != 0 || $mode != ?????w* && $mode != ????????w* ]] || continue
      as=()
      [ "$owner" = 0 ] || as=(setpriv "--reuid=$owner" "--regid=$group" --clear-groups)
      case $what in
        remove) "${as[@]}" rm -f -- "$log" ;;
        # Of a flood only the newest part.
        rotate) "${as[@]}" "$0" rotate "$log" "$size" $((64 << 20)) ;;
      esac
    done
  sleep "$pause"
done
