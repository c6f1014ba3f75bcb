#!/bin/sh
# Runs the HTTP cache of an account: MEMORY MiB of answers, DISK MiB of larger ones, THREADS at most.
set -eu
memory=$1 disk=$2 threads=$3
own=/var/lib/fairhost-cache
mkdir -p "$own"
chmod 700 "$own"
rm -f "$own/purge" "$own/purge-cache"
cp /opt/fairhost/purge-cache "$own/purge-cache"
chmod 700 "$own/purge-cache"
storage="-s memory=malloc,${memory}m"
# In a directory: the file has no name, so nobody else can write to it, and it goes with the process.
[ "$disk" = 0 ] || storage="$storage -s disk=file,$own,${disk}m"
# Memory that a burst of requests has taken is given back within seconds (jemalloc(3)).
export MALLOC_CONF=narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0
# shellcheck disable=SC2086
exec /usr/sbin/varnishd -F -n /tmp/varnish -j none -T none -f /opt/fairhost/account.vcl \
  -a front=/run/front/socket,mode=660 -a purge="$own/purge",mode=600 -a operator=/run/front/purge,mode=600 $storage \
  -p vcl_path=/opt/fairhost \
  `# What does not say how long it may be kept is not kept.` \
  -p default_ttl=0 -p default_grace=0 -p default_keep=3600 -p shortlived=0 \
  `# As large as the front end lets through.` \
  -p http_req_hdr_len=64k -p http_req_size=64k -p http_resp_hdr_len=64k -p http_resp_size=72k -p http_max_hdr=1024 \
  `# Backend: two answers, of which the first did not fit.` \
  -p workspace_client=160k -p workspace_backend=352k \
  `# What is not kept passes through this much memory.` \
  -p transit_buffer=128k -p http_gzip_support=off \
  `# A fetch in the background takes no thread unless two are idle, and does not wait for one: with 8 none ever ran while one visitor` \
  `# asked at a time, with 12 all did. Each asleep takes 15 KiB.` \
  -p thread_pools=1 -p thread_pool_min=12 -p thread_pool_max="$threads" -p thread_pool_timeout=10 -p thread_pool_reserve=0 \
  `# A connection that waits for the next request would keep a program awake.` \
  -p backend_idle_timeout=2 -p timeout_idle=70 \
  -p vsl_space=1m -p ban_cutoff=1000 -p syslog_cli_traffic=off
