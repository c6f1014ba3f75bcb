#!/bin/bash
# Runs PHP-FPM and Apache for an account's PHP site; Apache listens on $PORT. Inside the account's sandbox, started by run-program.
#   run-php STATE WORKERS DIRECTIVE...   STATE: directory of this site for uploads on their way and compiled scripts; DIRECTIVE: NAME=VALUE
#   of php.ini
set -u
state=$1 workers=$2
shift 2
own=()
for directive; do own+=(-d "$directive"); done
mkdir -p "$state/opcache" "$state/upload" /var/lib/php/sessions
# What a killed site has left: uploads on their way, a socket on which nobody listens, the number of a process.
rm -rf "${state:?}/upload/"* /tmp/fpm.sock /tmp/apache.pid

# An account that keeps its old files has none of them in its unit.
export FAIRHOST_PROCESSES="${FAIRHOST_PROCESSES:-4}" FAIRHOST_THREADS="${FAIRHOST_THREADS:-32}" FAIRHOST_REQUESTS="${FAIRHOST_REQUESTS:-128}"

# Of two servers one log. Its file is root's: they cannot open it anew, as both do with an error log, but a pipe of their own.
exec 2> >(exec cat >&2)
# Not pm = ondemand: of two who come in one moment it starts a worker for one, and the other waits for whoever comes next, or for a worker that is done.
cat >/tmp/fpm.conf <<END
[global]
error_log = /proc/self/fd/2
log_level = warning
daemonize = no
[www]
listen = /tmp/fpm.sock
listen.backlog = 1088
pm = dynamic
pm.max_children = $workers
pm.start_servers = 1
pm.min_spare_servers = 1
pm.max_spare_servers = $((workers < 4 ? workers : 4))
pm.max_requests = 1000
clear_env = no
catch_workers_output = yes
decorate_workers_output = no
END
# Where a path leads is asked again after 2 s, as files are: behind a symlink that was switched to a new release the scripts of the old one would be run
# for as long as PHP lives.
own=(-d realpath_cache_ttl=2 -d opcache.revalidate_path=1 "${own[@]}")
/usr/sbin/php-fpm[0-9]* -y /tmp/fpm.conf -d opcache.file_cache="$state/opcache" -d upload_tmp_dir="$state/upload" -d session.save_path=/var/lib/php/sessions \
  -d session.gc_probability=1 -d session.gc_divisor=1000 "${own[@]}" &
fpm=$!
until [ -S /tmp/fpm.sock ]; do
  kill -0 $fpm 2>/dev/null || exit 1
  sleep 0.01
done
# Where bodies without a length wait: /tmp is memory.
TMPDIR="$state/upload" /usr/sbin/apache2 -D FOREGROUND -f /opt/fairhost/php.conf &
trap 'kill -TERM $! $fpm' TERM
# Neither can do without the other.
wait -n
