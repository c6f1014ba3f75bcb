#!/bin/sh
# Makes what sandboxes have in the place of what they must not see of the kernel: a directory or a file that nobody may open, for each path that this
# kernel has.
#   view-hidden DIRECTORY PATH...
set -eu
umask 777
view=$1
shift
for path; do
  [ -e "$path" ] || continue
  hidden=$view$path
  [ ! -e "$hidden" ] || continue
  (umask 022 && mkdir -p "${hidden%/*}")
  if [ -d "$path" ]; then mkdir "$hidden"; else : >"$hidden"; fi
done
