# What the scripts that run an account's programs have in common. Sourced by bash, inside the account's sandbox, with
# DIRECTORY N ASSIGNMENT... COMMAND... as arguments, N assignments NAME=VALUE of the account's own.
directory=$1 count=$2
shift 2
environment=("${@:1:count}")
shift "$count"
command=("$@")
# The variables of the program. Through sh, because env would take a program with "=" in its name for an assignment.
set_variables() { own=(/usr/bin/env -- "$@" /bin/sh -c 'exec "$@"' sh); }
set_variables "${environment[@]}"
say() { printf '%(%FT%T%z)T fairhost: %s\n' -1 "$*" >&2; }
alive() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }
# Until a process has really ended: a signal to this script ends any wait early.
wait_for() {
  local status=0
  wait "$1" || status=$?
  while alive "$1"; do
    wait "$1" || status=$?
  done
  return $status
}
# Everything of the last run, however it hides: kill(2) with -1 spares the init and its caller, and fails when nobody else is left. Until then
# a killed process may still hold its sockets, so that the next run could not listen. What the kernel does not let go keeps nobody for longer than
# five seconds.
end_everything() {
  local tries=0
  while kill -s KILL -- -1 2>/dev/null && ((tries++ < 500)); do
    # Without bash's own words about those it killed.
    wait 2>/dev/null
    sleep 0.01
  done
}
# SIGTERM, and SIGKILL after nine seconds, or $1: systemd itself waits for ten. Its children end with it.
end_program() {
  if alive "$program"; then
    kill -TERM "$program" 2>/dev/null
    # It may be held.
    kill -CONT "$program" 2>/dev/null
    (sleep "${1:-9}" && kill -KILL "$program") &
    disown
    wait_for "$program"
  fi
  end_everything
}
# How many processes of this unit the kernel has killed for want of memory, and at the beginning of a try (`known_kills`). It counts each before it
# kills it. A kernel that counts no memory says nothing.
count_kills() {
  local name value
  kills=''
  while read -r name value; do [ "$name" != oom_kill ] || kills=$value; done 2>/dev/null </sys/fs/cgroup/memory.events
}
remember_kills() {
  count_kills
  known_kills=$kills
}
remember_kills
# Whether files in memory, those in /tmp and /dev/shm, take more than half of it. Killed programs leave them there, until the whole unit ends.
files_fill_memory() {
  local name value files=0 most
  read -r most 2>/dev/null </sys/fs/cgroup/memory.max || return 1
  while read -r name value; do [ "$name" != shmem ] || files=$value; done </sys/fs/cgroup/memory.stat
  [ "$most" != max ] && ((files > most / 2))
}
how_it_ended() {
  if (($1 == 137)); then
    count_kills
    if [ -z "$kills" ]; then
      echo "was killed (SIGKILL), most likely because the account's memory was used up"
    elif ((kills > known_kills)); then
      echo "was killed, because the account had used all its memory,"
    else
      echo "was killed (SIGKILL), though there was memory left,"
    fi
  elif (($1 > 128)); then
    echo "was ended by SIG$(kill -l $(($1 - 128)))"
  else
    echo "ended with status $1"
  fi
}
# @returns 1 with the reason said if the directory is not there
enter_directory() {
  cd "$directory" 2>/dev/null && return
  say "the directory $directory is not there: make it, or declare another one"
  return 1
}

# What Debian's packages keep in /var/lib: at first the account gets a copy of its own, as it is in the package.
for kept in /etc/fairhost/lib/*; do
  name=${kept##*/}
  if [ -e "$kept" ] && [ ! -e "/var/lib/$name" ] && made=$(mktemp -d /var/lib/.new.XXXXXX); then
    # Another program of the account may have done it meanwhile.
    cp -r "$kept" "$made/" && mv -T "$made/$name" "/var/lib/$name" 2>/dev/null
    rm -rf "$made"
  fi
done
