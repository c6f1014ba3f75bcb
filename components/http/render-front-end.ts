import type { BundleFile } from "../../delivery/protocol/bundle.ts";
import { webdavHttp, webdavLocations } from "../access/files/front-end-webdav.ts";
import { wrongPasswordHttp, wrongPasswordServer } from "../bans/front-end-bans.ts";
import { cacheHttp, cachePassing } from "../cache/front-end-cache.ts";
import { seenHttp, seenServer } from "../metrics/render-metrics.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { noTls, type Texts, tlsTexts } from "../tls/front-end-texts.ts";
import { wafHttp, wafPassing } from "../waf/front-end-waf.ts";
import { limitsHttp, limitsServer } from "./front-end/connection-limits.ts";
import { connections, opening, retryAfterSuspended, shutdownSeconds } from "./front-end/connections.ts";
import { limitLocations, limitMaps, ownHeaders } from "./front-end/front-end-limits.ts";
import { passwordCheck, passwordHttp } from "./front-end/front-end-passwords.ts";
import { keptHttp, keptMark, keptModules } from "./front-end/kept-connections.ts";
import { logsHttp, logsServer } from "./front-end/logs.ts";
import { luaHttp, luaServer } from "./front-end/lua.ts";
import { answer, errorPages, pageLocations } from "./front-end/pages.ts";
import { placesHttp, placesLocation } from "./front-end/places.ts";
import { renderSites } from "./front-end/render-sites.ts";
import { sitesHttp } from "./front-end/sites.ts";
import { visitorHttp } from "./front-end/visitor.ts";
import { answerBuffer, causeHttp, sendTimeout, toldCauseHttp } from "./program/causes.ts";
import { headerSizesHttp } from "./web-site/header-sizes.ts";
import { hostLimits } from "./web-site/web-site.ts";

export const renderer: Renderer<"frontEnds"> = {
  key: "frontEnds",
  whileSuspended: true,
  opens: ({ declaration, host }) => frontEndOf(declaration, host.name).ports.map((port) => ({ protocol: "tcp", port })),
  ofHost: ({ declaration, host }) => ({
    files: renderFrontEnd(frontEndOf(declaration, host.name), declaration.networks[0]?.shortenAddresses === true),
  }),
  ofElements: ({ account, address, own }) => ({
    files: renderSites(account, address, own.httpServers),
  }),
};

/** What the front end of a host answers on; its ports are sorted. */
export interface Listening {
  readonly ports: readonly number[];
  /** The host's IPv4 address for visitors without IPv6. */
  readonly address4?: string;
}

/** The front end of a host. A host without one, which no declaration of the program has, answers on no port. */
export function frontEndOf({ frontEnds }: Declaration, name: string): Listening {
  const { ports, address4 } = frontEnds.find(({ host }) => host === name) ?? { ports: [] };
  return { ports: ports.toSorted((a, b) => a - b), ...(address4 !== undefined && { address4 }) };
}

/**
 * Configuration of the front end: the same text whatever accounts the host has. IPv4 is answered only where it is declared; not on that
 * address alone, because nginx does not start while an address is missing.
 */
function renderFrontEnd({ ports, address4 }: Listening, shortened: boolean): BundleFile[] {
  const everywhere = address4 === undefined ? ["[::]"] : ["[::]", "0.0.0.0"];
  const listen = ports
    .flatMap((port) =>
      everywhere.map((address) => `    listen ${address}:${port}${port === 443 ? " ssl" : ""} default_server;\n`),
    )
    .join("");
  const tls = ports.includes(443);
  const content = configuration(
    tls ? { ...tlsTexts, server: `${listen}${tlsTexts.server}` } : { ...noTls, server: listen },
    shortened,
  );
  return [{ path: "nginx/nginx.conf", content }, ownHeaders, placesLocation];
}

/** How a request reaches its account. */
const passOn = `${[301, 302, 307, 308].map((status) => `      if ($moved = ${status}) {\n        return ${status} $moved_to;\n      }\n`).join("")}      if ($suspended) {
        add_header Retry-After ${retryAfterSuspended} always;
        ${answer(503, "Suspended", "This account is suspended. If it is yours, ask its administrator.")}
      }
      if ($backend = "") {
        ${answer(421, "Unknown site", "No site of this host has this name.")}
      }
      # Relative links of a page at /blog would lead beside it.
      if ($left_uri = "") {
        return 308 $taken_path/$is_args$args;
      }
${passwordCheck}      try_files /- @$choice;
`;

/** What is the same for every request that reaches an account. */
const passing = `${limitsServer}    proxy_http_version 1.1;
    proxy_set_header Host $host$named_port;
    # What a client says about these is dropped.
    proxy_set_header X-Real-IP $remote_addr;
    proxy_set_header X-Forwarded-For $remote_addr;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_set_header X-Forwarded-Host $host$named_port;
    proxy_set_header X-Forwarded-Port $server_port;
    proxy_set_header X-Forwarded-Prefix $taken_path;
    proxy_set_header Forwarded "";
    proxy_set_header Proxy "";
    proxy_set_header Destination $destination;
    # One line, whatever a visitor made of it (RFC 6265, section 5.4): servers join several in other ways, or take one of them.
    proxy_set_header Cookie $http_cookie;
    # A password that the front end has asked for is none of the program's.
    proxy_set_header Authorization $passed_authorization;
${cachePassing}${wafPassing}    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_upgrade;
    # An account may not steer the front end by its answers.
    proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset X-Accel-Buffering;
    # Nothing is collected before it is passed on: streams arrive as they are sent, and no visitor fills a disk that all accounts share.
    proxy_request_buffering off;
    proxy_buffering off;
    proxy_buffer_size ${answerBuffer};
    proxy_buffers 4 ${answerBuffer};
    proxy_redirect off;
    proxy_connect_timeout 5s;
    proxy_send_timeout ${sendTimeout}s;
`;

const configuration = (
  { http, server, headers, site, locations }: Texts,
  shortened: boolean,
) => `# The front end: one server for all sites; which site it is says a file of its name (sites/). Includes are relative to this file.
${keptModules}user www-data;
worker_processes auto;
worker_shutdown_timeout ${shutdownSeconds}s;
pid /run/nginx.pid;
error_log /var/log/nginx/error.log;

events {
  worker_connections ${connections.frontEndWorker};
}

http {
  server_tokens off;
  access_log off;
  default_type text/html;
  client_max_body_size ${hostLimits.bodyMaxMb}m;
${headerSizesHttp}  client_header_timeout ${opening.headerSeconds}s;

  # Who a visitor is: the address, of IPv6 its first half, since whoever has one address of a /64 has them all.
${visitorHttp}
  # The name that the visitor asks for. That of an absolute URI counts, whatever Host says (RFC 9112, section 3.2.2).
  map $request $authority {
    default $http_host;
    "~^\\S+ +[A-Za-z][A-Za-z0-9+.-]*://(?<target_authority>[^/? ]+)" $target_authority;
  }
  # $host is that name too, checked, in lower case and without port.
  map $authority $named_port {
    default "";
    "~^.*(?<port_digits>:[0-9]{1,5})$" $port_digits;
  }
  # A request by literal address is looked up by the address it came to.
  map $host $site_name {
    default $host;
    "~^\\[" $server_addr;
  }
${sitesHttp}  map $site $account {
    default "";
    "~^(?<site_account>[0-9]+)/" $site_account;
  }
  map $site $backend {
    default "";
    "~^[0-9]+/(${keptMark})?(?<site_backend>unix:/[^ ]+)" $site_backend;
  }
  # The path that is taken away from requests, and what is left: nothing if there is no / behind it.
  map $site $taken_path {
    default "";
    "~^[^ ]+ (?<site_path>/.+)$" $site_path;
  }
  map "$taken_path $request_uri" $left_uri {
    default "";
    "~^ (?<whole_uri>.*)$" $whole_uri;
    "~^(?<cut_path>[^ ]+) \\k<cut_path>(?<cut_uri>/.*)$" $cut_uri;
  }
  map $taken_path $backend_uri {
    default :$left_uri;
    "" "";
  }
  # A redirect is its status and its target; with "*" at the end the visitor's path and query follow.
  map $site $moved {
    default "";
    "~^[0-9]+/redirect:(?<moved_status>30[1278]):" $moved_status;
  }
  map $site $moved_to {
    default "";
    "~^[0-9]+/redirect:30[1278]:(?<moved_base>[^* ]+)[*]" $moved_base$left_uri;
    "~^[0-9]+/redirect:30[1278]:(?<moved_whole>[^* ]+)" $moved_whole;
  }
  map $site $suspended {
    default 0;
    "~^[0-9]+/suspended$" 1;
  }
  map $account $unknown {
    default 0;
    "" 1;
  }
  # An answer of 500 or more, or one that says no in the server's place; not a client that went away (499), nor a suspended account.
  map "$suspended $account $status $upstream_status $waf_seen" $failed {
    default 0;
    "~^0 [0-9]+ (5|4(?!99)[0-9]+ -? -$|.* refused$)" 1;
  }
${causeHttp}${webdavHttp}${limitMaps}${cacheHttp}${wafHttp}  # What stands between the front end and the server, if anything does.
  map "$waf|$through_cache" $through {
    default waf;
    "~^[|](?<cache_on_way>.*)$" $cache_on_way;
  }
  map "$through $taken_path" $passed_to {
    default $through$left_uri;
    "~^ " $backend$backend_uri;
    "~^[^ ]+ $" $through;
  }
${toldCauseHttp}${passwordHttp}${wrongPasswordHttp}${seenHttp}${http}${keptHttp}
${logsHttp(shortened)}${limitsHttp}${placesHttp}${luaHttp}
  server {
${server}
    # A log whose path has variables is only written if root exists.
    root /srv/accounts;
${logsServer}    access_log /var/log/nginx/access.log account if=$unknown;
${seenServer}${wrongPasswordServer}${luaServer}
    absolute_redirect off;
${headers}${passing}${errorPages}    location / {
${site}${passOn}    }
${locations(`${site}${passOn}`)}${limitLocations(headers)}${webdavLocations}${pageLocations(headers)}  }
}
`;
