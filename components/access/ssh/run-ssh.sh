#!/bin/bash
# One SSH connection to an account, inside its sandbox and as its uid. Standard input and output are the connection.
#   run-ssh CONFIGURATION HOME
set -u
# OpenSSH's lines have no time when they go to a file, and no address when the connection comes through a relay. The relay's end of it has
# the visitor's address as its name.
from=${REMOTE_ADDR##*/}
exec 2> >(while IFS= read -r line; do
  line=${line%$'\r'}
  printf '%(%FT%T%z)T %s\n' -1 "${line/UNKNOWN port 65535/${from:-UNKNOWN}}"
done >&2)
# Commands that pip and npm install into the home. A shell that reads /etc/profile begins with Debian's PATH all the same.
path=$2/.local/bin:/usr/local/bin:/usr/bin:/bin:/usr/games
exec /usr/sbin/sshd -i -e -f "$1" -h "$CREDENTIALS_DIRECTORY/ssh-host-key" \
  -o SetEnv="HOME=$2 PATH=$path LANG=C.UTF-8 CREDENTIALS_DIRECTORY=$CREDENTIALS_DIRECTORY"
