import { frontSockets } from "./cache-paths.ts";

/** HTTP caches of accounts, in the configuration of the front end. A web site without one pays for a look-up. */

/** Name of the cache of a web site, in configurations of what passes requests on to it. */
export function cacheGroup({ account, name }: { readonly account: number; readonly name: string }): string {
  return `cache-${account}-${name}`;
}

/**
 * A line of the front end's, or of the web application firewall's: the cache, and the server itself while the cache does not take connections. A request that has reached the
 * cache is not sent twice, unless it is one that may be (RFC 9110, section 9.2.2) and the cache has ended without a word.
 */
export function cacheUpstream(group: string, account: number, socket: string): string {
  return `upstream ${group} { server unix:/run/${frontSockets}/${account}/socket max_fails=0; server ${socket} backup; }`;
}

/** Of the configuration's `http`. */
export const cacheHttp = `  # The cache of a web site, which only what is to be kept passes through: no WebSocket and no event stream.
  include settings/*.upstreams;
  map $backend $cache {
    default "";
  }
  map $cache $cached_server {
    default "";
    "~^cache-[0-9]+-(?<named_server>.+)$" $named_server;
  }
  map "$cache $http_upgrade $http_accept" $through_cache {
    default $cache;
    "~^[^ ]* [^ ]" "";
    "~*^[^ ]*  .*text/event-stream" "";
  }
  # What the cache says of an answer, which nobody else can.
  map "$through_cache $upstream_http_x_fairhost_cache" $cache_seen {
    default -;
    "~^[^ ]+ (?<said_by_cache>hit|failed)$" $said_by_cache;
  }
`;

/** Of a location that leads to an account. */
export const cachePassing = `    proxy_set_header X-Fairhost-Server $cached_server;
    proxy_hide_header X-Fairhost-Cache;
    # When an answer was made; a cache may give it much later (RFC 9110, section 6.6.1).
    proxy_pass_header Date;
    proxy_next_upstream error;
`;
