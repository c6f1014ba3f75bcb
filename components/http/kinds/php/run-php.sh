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
shopt -s nullglob

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
# PROCESS CONDITION FILE: until the file is as wanted, or the process has ended. Nothing ever comes to what is read here; sleep(1) would be a process for each look, while visitors wait.
await() {
  local never
  exec {never}<> <(:)
  until test "$2" "$3"; do
    kill -0 "$1" 2>/dev/null || exit 1
    read -rt 0.01 -u "$never"
  done
  exec {never}>&-
}
await $fpm -S /tmp/fpm.sock
# TLS ends at the front end, and Apache takes only what came over TLS for HTTPS. Where a .htaccess asks for that, Apache listens twice behind a proxy that passes visitors
# of HTTPS on over TLS (decision 122): others do without it, its memory and its time.
asking=("$FAIRHOST_ROOT"/.htaccess "$FAIRHOST_ROOT"/*/.htaccess)
https=()
if ((${#asking[@]})) && grep -qsiE '%\{(HTTPS|SERVER_PORT|REQUEST_SCHEME)\}|^[[:space:]]*SSLRequireSSL' "${asking[@]}"; then
  https=(-D HTTPS)
  # Not where Linux takes ports for connections from (32768 to 60999).
  export FAIRHOST_HTTP_PORT=$((PORT + 20000)) FAIRHOST_HTTPS_PORT=$((PORT + 21000))
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=localhost -keyout /tmp/https.key -out /tmp/https.crt 2>/dev/null &&
    cat /tmp/https.key /tmp/https.crt >/tmp/https.pem || exit 1
fi
# Where bodies without a length wait: /tmp is memory.
TMPDIR="$state/upload" /usr/sbin/apache2 -D FOREGROUND "${https[@]}" -f /opt/fairhost/php.conf &
apache=$! proxy=
trap 'kill -TERM $apache $fpm $proxy' TERM
if ((${#https[@]})); then
  # One process, without a master. It decides nothing: limits, pages and buffers are the front end's.
  cat >/tmp/https.conf <<END
daemon off;
master_process off;
pid /tmp/https.pid;
error_log stderr error;
events {
  worker_connections 4096;
}
http {
  access_log off;
  client_body_temp_path /tmp/nginx;
  proxy_temp_path /tmp/nginx;
  fastcgi_temp_path /tmp/nginx;
  uwsgi_temp_path /tmp/nginx;
  scgi_temp_path /tmp/nginx;
  client_max_body_size 0;
  client_body_timeout 300s;
  send_timeout 300s;
  large_client_header_buffers 4 64k;
  underscores_in_headers on;
  ignore_invalid_headers off;
  merge_slashes off;
  # A handshake for each request takes as long as a small script. What nginx may send twice, if Apache closes in that moment, goes over kept connections.
  upstream kept {
    server 127.0.0.1:$FAIRHOST_HTTPS_PORT;
    keepalive 16;
    keepalive_timeout 2s;
  }
  map "\$http_x_forwarded_proto \$request_method \$http_transfer_encoding\$http_content_length" \$apache {
    default http://127.0.0.1:$FAIRHOST_HTTP_PORT;
    "https GET " https://kept;
    "~^https " https://127.0.0.1:$FAIRHOST_HTTPS_PORT;
  }
  map \$apache \$kept_open {
    default close;
    https://kept "";
  }
  server {
    listen 127.0.0.1:$PORT backlog=1088;
    location / {
      proxy_pass \$apache;
      proxy_http_version 1.1;
      proxy_set_header Host \$http_host;
      proxy_set_header Connection \$kept_open;
      proxy_request_buffering off;
      proxy_buffering off;
      proxy_buffer_size 72k;
      proxy_buffers 4 72k;
      proxy_read_timeout 300s;
      proxy_send_timeout 300s;
      proxy_ssl_protocols TLSv1.3;
      proxy_pass_header Server;
      proxy_pass_header Date;
      proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset X-Accel-Buffering;
      # Without an answer of Apache's there is none: the front end has pages for that.
      error_page 502 504 = @none;
    }
    location @none {
      return 444;
    }
  }
}
END
  # It listens, then.
  await $apache -s /tmp/apache.pid
  /usr/sbin/nginx -e stderr -c /tmp/https.conf &
  proxy=$!
fi
# None can do without the others.
wait -n $fpm $apache $proxy
