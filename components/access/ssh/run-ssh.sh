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
# One's own commands, and those that npm, pip and Composer install into the home. No profile of the system takes it away (components/account/sandbox/view-etc.sh).
path=$2/bin:$2/.local/bin:$2/.config/composer/vendor/bin:$2/.composer/vendor/bin:/usr/local/bin:/usr/bin:/bin:/usr/games
# Installers know no home where the system is read-only: npm's place for all is in a file, as nvm refuses to work with the variable for it, and Debian's pip
# guards packages of the system, which nobody can change here.
installers='NPM_CONFIG_GLOBALCONFIG=/etc/fairhost/npmrc PIP_BREAK_SYSTEM_PACKAGES=1'
exec /usr/sbin/sshd -i -e -f "$1" -h "$CREDENTIALS_DIRECTORY/ssh-host-key" \
  -o SetEnv="HOME=$2 PATH=$path LANG=C.UTF-8 $installers CREDENTIALS_DIRECTORY=$CREDENTIALS_DIRECTORY"
