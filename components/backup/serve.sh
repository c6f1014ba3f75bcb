# What a host may do over SSH as one of its accounts, on the backup host: the command of its host's key. It runs
# as the account's uid, which can reach the account's repositories and nothing else. The directory is the account's, made by the applier.
set -eu
umask 077
number=$(id -un)
number=${number#a}
directory=/srv/accounts/$number/repositories

refuse() {
  echo "refused: $1" >&2
  exit 1
}

# A repository is named <host>.<epoch>.<days>.<period>; no name leads out of the directory.
named() {
  case $1 in
    "" | .* | *..* | *[!a-z0-9.-]*) refuse "not a repository: $1" ;;
  esac
}

set -f
# Two words, and never a shell's own.
set -- ${SSH_ORIGINAL_COMMAND:-}
[ $# -le 2 ] || refuse "too many words"
case ${1:-} in
  list)
    # One line each: name, and when its newest snapshot came, in seconds of the clock here.
    set +f
    cd "$directory"
    for repository in *; do
      [ -f "$repository/config" ] || continue
      newest=$(find "$repository/snapshots" -type f -printf '%T@\n' 2>/dev/null | sort -n | tail -n 1)
      echo "$repository ${newest%.*}"
    done
    ;;
  open)
    named "${2:-}"
    # Nothing that is there can be deleted or replaced over this connection, except locks.
    exec rclone serve restic --stdio --append-only --config /dev/null --log-level ERROR "$directory/$2"
    ;;
  *) refuse "give list or open NAME" ;;
esac
