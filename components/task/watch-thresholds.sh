#!/bin/bash
# Starts tasks of accounts that are near a limit, pass after pass. As root, outside of sandboxes. It reads what the kernel counts, and nothing that an account can write: a task
# starts once when its threshold is crossed, again only after less was in use, and never twice within @PAUSE@ s.
#   watch-thresholds   $STATE_DIRECTORY has a file for each task: "below|above SECONDS", the time of its last start
set -u
shopt -s nullglob
current=/var/lib/fairhost/current/thresholds
held=/var/lib/fairhost/held
cd "$STATE_DIRECTORY" || exit 1

# Percent of its memory that an account uses and the kernel cannot drop. While it sleeps it has no control group.
memory() {
  local slice=/sys/fs/cgroup/account.slice/account-$1.slice used most key value
  percent=0
  { read -r used <"$slice/memory.current" && read -r most <"$slice/memory.max"; } 2>/dev/null || return 0
  [[ $used =~ ^[0-9]+$ && $most =~ ^[1-9][0-9]*$ ]] || return 0
  while read -r key value; do
    case $key in active_file | inactive_file | slab_reclaimable) ((used -= value)) ;; esac
  done 2>/dev/null <"$slice/memory.stat"
  percent=$((used > 0 ? used * 100 / most : 0))
}

# Percent of their disk that accounts use, of space or of files, by number.
disks() {
  local project bytes most files mostFiles
  quotas=()
  while IFS=, read -r project _ _ bytes _ most _ files _ mostFiles _; do
    [[ $project =~ ^\#[0-9]+$ && $bytes,$most,$files,$mostFiles =~ ^[0-9]+,[1-9][0-9]*,[0-9]+,[1-9][0-9]*$ ]] || continue
    ((percent = bytes * 100 / most, files * 100 / mostFiles > percent)) && percent=$((files * 100 / mostFiles))
    quotas[${project#\#}]=$percent
  done < <(repquota -P -n -O csv /srv/accounts 2>/dev/null)
}

# Writes the state of a task, whole or not at all: the disk may be full.
remember() {
  echo "$1" 2>/dev/null >".$task" && mv -- ".$task" "$task" && return
  rm -f -- ".$task"
  return 1
}

declare -A quotas
while :; do
  tasks=()
  for file in "$current"/*; do tasks+=("${file##*/}"); done
  due=()
  if ((${#tasks[@]} > 0)); then
    ! grep -qs '^disk ' -- "${tasks[@]/#/$current/}" || disks
    # More are due than start at once: none is always the last one.
    mapfile -t tasks < <(shuf -e -- "${tasks[@]}")
  fi
  for task in "${tasks[@]}"; do
    read -r limit threshold <"$current/$task" || continue
    number=${task#account-}
    number=${number%%-*}
    # It moves, or has moved, and nothing of it starts here.
    [ ! -e "$held/$number" ] || continue
    case $limit in
      memory) memory "$number" ;;
      disk)
        percent=${quotas[$number]:-}
        [ -n "$percent" ] || continue
        ;;
      *) continue ;;
    esac
    was='' last=''
    [ ! -e "$task" ] || read -r was last <"$task" || :
    # After a power cut it may be anything.
    [[ $was =~ ^(below|above)$ && $last =~ ^[0-9]{1,11}$ ]] || { was=below && last=0; }
    ((last <= EPOCHSECONDS)) || last=0
    if ((percent < threshold - @REARM@)); then
      [ "$was" = below ] || remember "below $last"
    elif ((percent >= threshold && EPOCHSECONDS - last >= @PAUSE@ && ${#due[@]} < @AT_ONCE@)) && [ "$was" = below ]; then
      # What is not remembered would be started again and again.
      ! remember "above $EPOCHSECONDS" || due+=("$task.service")
    fi
  done
  for old in *; do [ -e "$current/$old" ] || rm -f -- "$old"; done
  ((${#due[@]} == 0)) || systemctl start --no-block -- "${due[@]}"
  sleep @EVERY@
done
