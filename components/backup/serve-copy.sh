# What the standby of an account may do over SSH as that account, on the backup host: the command of its key. It reads the account's repositories, which
# are encrypted, and changes nothing. It runs as the account's uid, which can reach them and nothing else.
set -eu
number=$(id -un)
number=${number#a}

refuse() {
  echo "refused: $1" >&2
  exit 1
}

cd "/srv/accounts/$number/repositories"
# Those who bring backups come first.
renice -n 19 -p $$ >/dev/null
ionice -c 3 -p $$
case ${SSH_ORIGINAL_COMMAND:-} in
  list-files)
    # Of the repository with the newest snapshot; its branches have the same files. One line each: bytes, when it came, in seconds of the clock here, and path.
    # What is dated in the future came before, when the clock was wrong: it is of the time 0, and never the newest if there is another one.
    for until in '10 minutes' '100 years'; do
      newest=$(find . -mindepth 3 -maxdepth 3 ! -path './.*' -path '*/snapshots/*' -type f ! -newermt "$until" -printf '%T@ %P\n' | LC_ALL=C sort -n | tail -n 1)
      [ -z "$newest" ] || break
    done
    [ -n "$newest" ] || exit 0
    newest=${newest#* }
    repository=${newest%%/*}
    # Snapshots before what they need, which is there before them: a backup may end meanwhile.
    cd "./$repository"
    set --
    for part in config keys snapshots index data; do
      if [ -e "$part" ]; then set -- "$@" "$part"; fi
    done
    exec find "$@" -type f \( -newermt "$until" -printf "%s 0 $repository/%p\n" -o -printf "%s %T@ $repository/%p\n" \)
    ;;
  read-files)
    # Paths on standard input, one a line; the files follow each other without anything between them.
    while IFS= read -r path; do
      case $path in
        "" | .* | /* | *..* | *[!a-z0-9./-]*) refuse "not a path: $path" ;;
      esac
      if [ ! -f "$path" ] || [ -L "$path" ]; then refuse "not a file: $path"; fi
      cat -- "$path"
    done
    ;;
  *) refuse "give list-files or read-files" ;;
esac
