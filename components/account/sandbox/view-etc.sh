#!/bin/sh
# Copies what accounts may see of the host's /etc: what belongs to the packages that their programs need, as far as everybody may read it.
#   view-etc DIRECTORY RESOLVER PACKAGE...
# Whom a file belongs to is dpkg's word. A directory in which no other package has anything is shown whole, because maintainer scripts put files
# there that dpkg does not know (PHP's modules); of the packages that every system has, only the files. What belongs to no package, to the
# host's services or to an administrator is not shown.
# A program that gives no answer, or half of one, ends it, and the old view stays: dpkg may be at work, a disk be full.
set -eu
umask 022
export LC_ALL=C.UTF-8
view=$1 resolver=$2
shift 2
mkdir -p "$view"
new=$(mktemp -d "$view.XXXXXX")
trap 'rm -rf "$new" "$new".*' EXIT

# Files of no package that the C library and every program look for.
libc='alternatives ld.so.cache localtime nsswitch.conf ssl/certs timezone'

# Of all packages: asked for one that it does not know, it fails as well.
dpkg-query -W -f '${Package} ${db:Status-Status} ${Essential} ${Priority}\n' >"$new.packages"
printf '%s\n' "$@" >"$new.wanted"
installed=$(awk 'FNR == NR { wanted[$1]; next } $2 == "installed" && $1 in wanted { print $1 }' "$new.wanted" "$new.packages")
: >"$new.needed"
# shellcheck disable=SC2086
[ -z "$installed" ] || apt-cache depends --recurse --installed --no-conflicts --no-breaks --no-replaces --no-enhances --no-suggests --no-recommends \
  $installed >"$new.needed"

cd /etc
# The host's own services hang on packages of these priorities (systemd, apt, PAM), and some runtime on essential ones.
{
  sed -n 's/^\([a-z0-9][a-z0-9+.-]*\)\(:[a-z0-9]*\)\{0,1\}$/need \1/p' "$new.needed"
  awk '$4 == "required" || $4 == "important" { print "host", $1 }' "$new.packages"
  awk '$3 == "yes" { print "base", $1 }' "$new.packages"
  printf 'need %s\n' "$@"
  awk '$2 == "installed" { print "here", $1 }' "$new.packages"
} | awk '
  FILENAME == "-" { if ($1 == "here") here[$2]; else group[$2] = $1; next }
  # What a package has: a path a line, directories included.
  FNR == 1 {
    name = FILENAME
    gsub(/^.*\/|(:[^:]*)?\.list$/, "", name)
    whose = group[name]
    delete here[name]
  }
  sub(/^\/var\/lib\//, "") { if (whose == "need") print "kept", $0; next }
  !sub(/^\/etc\//, "") { next }
  whose == "base" { print "one", $0 }
  whose == "need" { ours[$0] = 1; next }
  { for (path = $0; !(path in others); ) { others[path] = 1; if (!sub(/\/[^\/]*$/, "", path)) break } }
  END {
    # Each package has at least its top directory; an empty list is what a power cut leaves.
    for (name in here) if (group[name] == "need") { print "dpkg has no list of the files of " name >"/dev/stderr"; exit 1 }
    for (path in ours) {
      above = path
      if (!(path in others) && (!sub(/\/[^\/]*$/, "", above) || above in others)) print "all", path
    }
  }' - /var/lib/dpkg/info/*.list >"$new.paths"
for path in $libc; do echo "all $path"; done >>"$new.paths"
paths() { # of this kind, for find -files0-from
  sed -n "s/^$1 //p" "$new.paths" | tr '\n' '\0'
}
found() { # what find has found, although some paths are not there
  [ "$1" -le 1 ] || exit "$1"
}
{
  paths all | find -files0-from - \( -type d ! -perm -005 -prune \) -o \( \( -type d -o -type l -o -type f -perm -004 \) -print0 \) 2>/dev/null || found $?
  paths one | find -files0-from - -maxdepth 0 \( -type l -o -type f -perm -004 \) -print0 2>/dev/null || found $?
} >"$new.found"
tar --null --no-recursion -cf - -T "$new.found" | tar -xf - -C "$new"
# Below /var/lib only what is in the package: what the host's own instance has added, such as passwords, is not for accounts.
mkdir -p "$new/fairhost/lib"
sed -n 's/^kept //p' "$new.paths" | tar --no-recursion --ignore-failed-read -C /var/lib -cf - -T - 2>/dev/null | tar -xf - -C "$new/fairhost/lib"
# Where npm installs what is installed for all: elsewhere an account cannot write.
echo 'prefix=${HOME}/.local' >"$new/fairhost/npmrc"
chmod -R u=rwX,go=rX "$new/fairhost"
# Debian's, which belongs to no package, without a PATH of its own: a session has one (components/access/ssh/run-ssh.sh).
cat >"$new/profile" <<'EOF'
if [ -n "${PS1-}" ] && [ -n "${BASH-}" ] && [ -r /etc/bash.bashrc ]; then . /etc/bash.bashrc; fi
for each in /etc/profile.d/*.sh; do
  if [ -r "$each" ]; then . "$each"; fi
done
unset each
EOF

echo "nameserver $resolver" >"$new/resolv.conf"
# The host's own may name the administrator's other machines.
cat >"$new/hosts" <<EOF
127.0.0.1 localhost $(uname -n)
::1 localhost ip6-localhost ip6-loopback
EOF
# Places to mount on, the same for all accounts.
mkdir -p "$new/userdb" "$new/lighttpd" "$new/pam.d"
[ -e "$new/lighttpd/lighttpd.conf" ] || : >"$new/lighttpd/lighttpd.conf"
chmod 755 "$new"

# In place: running sandboxes have the directory mounted. By links, which need no room.
(cd "$view" && find . -mindepth 1 -depth) | while IFS= read -r path; do
  [ -e "$new/$path" ] || [ -L "$new/$path" ] || rm -rf "${view:?}/$path"
done
cp -al --remove-destination "$new/." "$view/"
