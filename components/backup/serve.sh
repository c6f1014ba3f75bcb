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

# A repository is named <host>.<epoch>.<days>.<period>, a branch of it has one more number; no name leads out of the directory.
named() {
  case $1 in
    "" | .* | *..* | *[!a-z0-9.-]*) refuse "not a repository: $1" ;;
  esac
}

# The files of a repository that came last, 20 at most; find(1) is told which of them count.
last() {
  find "$repository" -type f -regextype posix-extended -regex '.*/[0-9a-f]{64}' "$@" -printf '%T@ %P\n' | LC_ALL=C sort -rn | head -n 20 | cut -d ' ' -f 2
}

# Removes those of the files on standard input, and of those that nobody has looked at, that are halves. The host can write that list, too: whatever is in it, no whole file goes.
look() {
  { cat && tail -c 20000 "$unseen" 2>/dev/null || true; } | grep -xE '([a-z]+|data/[0-9a-f]{2})/[0-9a-f]{64}' | sort -u | while IFS= read -r path; do
    # One that cannot be read may be whole, and a lock may go meanwhile.
    if sum=$(sha256sum 2>/dev/null <"$repository/$path") && [ "${sum%% *}" != "${path##*/}" ]; then rm -f -- "$repository/$path"; fi
  done
  rm -f -- "$unseen" 2>/dev/null || true
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
  head)
    # What a backup does not read in passing of a repository: without it nothing can be written for it while this host does not answer.
    named "${2:-}"
    cd "$directory/$2"
    set +f
    for path in config keys/*; do
      echo "$path $(base64 --wrap=0 "$path")"
    done
    ;;
  open)
    named "${2:-}"
    repository=$directory/$2
    unseen=$repository/.unseen
    since=$(date +%s)
    if [ -d "$repository" ]; then
      exec 9<"$repository"
      # Whoever was there last has not looked: this machine, or their programs, ended before they did.
      if flock -n -x 9 && [ -e "$unseen" ]; then last | look; fi
      flock -s 9
      touch "$unseen" 2>/dev/null || true
    fi
    # Nothing that is there can be deleted or replaced over this connection, except locks.
    status=0
    rclone serve restic --stdio --append-only --config /dev/null --log-level ERROR "$repository" || status=$?
    # A connection that broke leaves halves of the files under way, whose names are not the SHA-256 of their content: they would count as damaged, and standbys take none of them.
    # They are the last ones that came. Others may be writing, and have begun later: whoever ends last looks at what came last when the others ended, too.
    if [ -e /proc/self/fd/9 ]; then
      own=$(last -newermt "@$since")
      echo "$own" 2>/dev/null >>"$unseen" || true
      ! flock -n -x 9 || echo "$own" | look
    fi
    exit "$status"
    ;;
  branch)
    # A branch of a repository, <repository>.<day>: links to all of its files, so it takes no room, and its newest snapshot. What is there already stays.
    named "${2:-}"
    branch=$2
    whole=${branch%.*}
    case $whole.${branch##*.} in
      *.*.*.*.*.* | *.*.*.*. | *.*.*.*.*[!0-9]*) refuse "not a branch: $branch" ;;
      *.*.*.*.*) ;;
      *) refuse "not a branch: $branch" ;;
    esac
    cd "$directory"
    # One at a time: a second one would take away what the first has begun.
    exec 9<.
    flock -n 9 || refuse "a branch is being made"
    [ ! -e "$branch" ] || exit 0
    # What is dated in the future came when the clock was wrong.
    newest=$(find "$whole/snapshots" -type f ! -newermt '10 minutes' -printf '%T@ %f\n' | LC_ALL=C sort -n | tail -n 1)
    newest=${newest#* }
    [ -n "$newest" ] || refuse "no backup in $whole"
    # What a killed run has left; nobody can name it.
    rm -rf ".$branch"
    # They go after two days, and so does what killed runs have left. A host that somebody has taken over could fill the backup host with directories.
    branches=$(find . -mindepth 1 -maxdepth 1 -name '*.*.*.*.*' | wc -l)
    [ "$branches" -lt 10 ] || refuse "there are $branches branches"
    mkdir ".$branch" ".$branch/locks" ".$branch/snapshots"
    # Indexes first: a backup may come meanwhile, and what an index names must be there.
    cp -al "$whole/config" "$whole/keys" "$whole/index" ".$branch/"
    cp -al "$whole/data" ".$branch/"
    ln "$whole/snapshots/$newest" ".$branch/snapshots/"
    mv -T ".$branch" "$branch"
    ;;
  *) refuse "give list, head NAME, open NAME or branch NAME" ;;
esac
