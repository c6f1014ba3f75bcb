#!/bin/sh
# Copies what accounts may see of the host's /etc: what belongs to the packages that their programs need, as far as everybody may read it.
#   view-etc DIRECTORY RESOLVER PACKAGE...
# Whom a file belongs to is dpkg's word. A directory in which no other package has anything is shown whole, because maintainer scripts put files
# there that dpkg does not know (PHP's modules); of the packages that every system has, only the files. What belongs to no package, to the
# host's services or to an operator is not shown.
set -eu
umask 022
export LC_ALL=C.UTF-8
view=$1 resolver=$2
shift 2
mkdir -p "$view"
new=$(mktemp -d "$view.XXXXXX")
trap 'rm -rf "$new" "$new.paths"' EXIT

# Files of no package that the C library and every program look for.
libc='alternatives ld.so.cache localtime nsswitch.conf ssl/certs timezone'

installed() { # of these packages
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p'
}
needed() { # by these packages
  # shellcheck disable=SC2046
  apt-cache depends --recurse --installed --no-conflicts --no-breaks --no-replaces --no-enhances --no-suggests --no-recommends \
    $(installed "$@") | sed -n 's/^\([a-z0-9][a-z0-9+.-]*\)\(:[a-z0-9]*\)\{0,1\}$/\1/p'
}

cd /etc
{
  needed "$@" | sed 's/^/need /'
  # The host's own services hang on these (systemd, apt, PAM), and some runtime on these.
  dpkg-query -W -f '${Priority} ${Package}\n' | sed -n 's/^required /host /p; s/^important /host /p'
  dpkg-query -W -f '${Essential} ${Package}\n' | sed -n 's/^yes /base /p'
  printf 'need %s\n' "$@"
} | awk '
  FILENAME == "-" { group[$2] = $1; next }
  # What a package has: a path a line, directories included.
  FNR == 1 {
    name = FILENAME
    gsub(/^.*\/|(:[^:]*)?\.list$/, "", name)
    whose = group[name]
  }
  sub(/^\/var\/lib\//, "") { if (whose == "need") print "kept", $0; next }
  !sub(/^\/etc\//, "") { next }
  whose == "base" { print "one", $0 }
  whose == "need" { ours[$0] = 1; next }
  { for (path = $0; !(path in others); ) { others[path] = 1; if (!sub(/\/[^\/]*$/, "", path)) break } }
  END {
    for (path in ours) {
      above = path
      if (!(path in others) && (!sub(/\/[^\/]*$/, "", above) || above in others)) print "all", path
    }
  }' - /var/lib/dpkg/info/*.list >"$new.paths"
for path in $libc; do echo "all $path"; done >>"$new.paths"
paths() { # of this kind, for find -files0-from
  sed -n "s/^$1 //p" "$new.paths" | tr '\n' '\0'
}
{
  paths all | find -files0-from - \( -type d ! -perm -005 -prune \) -o \( \( -type d -o -type l -o -type f -perm -004 \) -print0 \) 2>/dev/null || true
  paths one | find -files0-from - -maxdepth 0 \( -type l -o -type f -perm -004 \) -print0 2>/dev/null || true
} | tar --null --no-recursion -cf - -T - | tar -xf - -C "$new"
# Below /var/lib only what is in the package: what the host's own instance has added, such as passwords, is not for accounts.
mkdir -p "$new/fairhost/lib"
sed -n 's/^kept //p' "$new.paths" | tar --no-recursion --ignore-failed-read -C /var/lib -cf - -T - 2>/dev/null | tar -xf - -C "$new/fairhost/lib"
chmod -R u=rwX,go=rX "$new/fairhost"
rm "$new.paths"

echo "nameserver $resolver" >"$new/resolv.conf"
# The host's own may name the operator's other machines.
cat >"$new/hosts" <<EOF
127.0.0.1 localhost $(uname -n)
::1 localhost ip6-localhost ip6-loopback
EOF
# Places to mount on, the same for all accounts.
mkdir -p "$new/userdb" "$new/lighttpd" "$new/pam.d"
[ -e "$new/lighttpd/lighttpd.conf" ] || : >"$new/lighttpd/lighttpd.conf"
chmod 755 "$new"

# In place: running sandboxes have the directory mounted.
(cd "$view" && find . -mindepth 1 -depth) | while IFS= read -r path; do
  [ -e "$new/$path" ] || [ -L "$new/$path" ] || rm -rf "${view:?}/$path"
done
cp -a --remove-destination "$new/." "$view/"
