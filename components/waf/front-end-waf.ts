import { wafSocket } from "./waf-paths.ts";

/** The web application firewall, in the configuration of the front end. A web site without one pays for a look-up. */

/** Of the configuration's `http`. */
export const wafHttp = `  # What the web application firewall is to do: level, mode, account, web site. No client can say it.
  upstream waf {
    server unix:${wafSocket} max_fails=0;
  }
  map $backend $waf {
    default "";
  }
  map $waf $waf_task {
    default "$waf;$request_id";
    "" "";
  }
  # Where it passes a request on to: the server, or its cache, which gets only what was looked at.
  map "$waf|$through_cache" $looked_at {
    default $backend;
    "~^[|]" "";
    "~^[^|]+[|](?<cache_looked_at>.+)$" $cache_looked_at;
  }
  # What it says of an answer, which no program can.
  map "$waf $upstream_http_x_fairhost_waf" $waf_seen {
    default -;
    "~^[^ ]+ (?<said_by_waf>refused|failed)$" $said_by_waf;
  }
`;

/** Of a location that leads to an account. */
export const wafPassing = `    proxy_set_header X-Fairhost-Waf $waf_task;
    proxy_set_header X-Fairhost-Backend $looked_at;
    proxy_hide_header X-Fairhost-Waf;
`;
