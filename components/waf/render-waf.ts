import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { once } from "../../lib/once.ts";
import { execLine, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { frontEndLogs } from "../account/account-paths.ts";
import { cacheGroup, cacheUpstream } from "../cache/front-end-cache.ts";
import { confined } from "../host/units/confined.ts";
import { connections, descriptors, shutdownSeconds } from "../http/front-end/connections.ts";
import { keptModules } from "../http/front-end/kept-connections.ts";
import { answer } from "../http/front-end/pages.ts";
import { visitorHttp } from "../http/front-end/visitor.ts";
import { socketOf } from "../http/kinds/server.ts";
import { hostLimits } from "../http/web-site/web-site.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import type { Declaration } from "../registry/kinds.generated.ts";
import { bodiesHttp, bodiesServer, largestMb } from "./render-bodies.ts";
import { inNginx, renderExclusions } from "./render-exclusions.ts";
import { wafSocket, wafUnit } from "./waf-paths.ts";

type Server = Hostless<"httpServers">;

const configuration = "waf/nginx.conf";
const rules = "waf/rules.conf";
const [run, say, clear] = ["libexec/run-waf", "libexec/say-hits", "libexec/clear-bodies"];
const path = `systemd/${wafUnit}`;

/** Where it holds bodies while it looks at them. Alone in its view of this directory of nginx. */
const spool = "/var/lib/nginx";
const bodies = `${spool}/waf-bodies`;

/** Where hits are until they are said, in memory of their own: what one request finds keeps nobody's body from being held. */
const [hitsFolder, hits] = ["/var/log/nginx", "/var/log/nginx/waf-hits"];

/**
 * Processes, whatever the number of cores: one that looks at a large body computes for seconds, and no other account's visitors
 * are to wait for it.
 */
const workers = 8;

/** Large bodies that are on their way at once, of one account and of one visitor to it; an upload that stalls ends after ten seconds. */
const largeAtOnce = { account: 8, visitor: 2 };

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofHost: ({ declaration, host }) =>
    guardedHosts(declaration).has(host.name)
      ? renderFirewall(declaration.networks[0]?.shortenAddresses === true)
      : { files: [] },
  ofElements: ({ account, own }) => {
    const servers = own.httpServers.filter(({ waf }) => waf !== undefined);
    if (servers.length === 0) return { files: [] };
    return { files: [...renderExclusions(account.number, servers), ...renderCaches(account.number, servers)] };
  },
};

const guardedHosts = once(
  ({ httpServers }: Declaration) => new Set(httpServers.flatMap(({ host, waf }) => (waf === undefined ? [] : host))),
);

/** The firewall of a host: an nginx of its own, so that what it looks at for long keeps no other visitor waiting. */
function renderFirewall(shortened: boolean): { files: BundleFile[]; units: BundleUnit[] } {
  const text = (name: string) => ownText(import.meta.dirname, name);
  return {
    files: [
      { path: configuration, content: nginxConfiguration },
      { path: rules, content: inNginx(text("rules.conf")) },
      { path: run, content: text("run-waf.sh"), mode: 0o755 },
      ...[say, clear].map((path) => ({
        path,
        content: `#!/usr/bin/python3 -I\n${text(`${path.replace("libexec/", "")}.py`)}`,
        mode: 0o755,
      })),
      { path, content: unitFile(unit(shortened)) },
      { path: `systemd/fairhost.target.wants/${wafUnit}`, link: `../${wafUnit}` },
    ],
    units: [{ name: wafUnit, want: "start", restartOn: [path, run, say, clear] }],
  };
}

const unit = (shortened: boolean) => ({
  Unit: { Description: "Web application firewall", StartLimitIntervalSec: "0" },
  Service: {
    ExecStart: execLine([
      `${currentGeneration}/${run}`,
      ...[`${currentGeneration}/${configuration}`, bodies, "/opt/fairhost/clear-bodies", hits],
      ...["/opt/fairhost/say-hits", hits, "/srv/accounts", frontEndLogs, ...(shortened ? ["shortened"] : [])],
    ]),
    ExecReload: "/bin/kill -HUP $MAINPID",
    KillMode: "mixed",
    TimeoutStopSec: "20",
    Restart: "always",
    RestartSec: "1",
    ...confined,
    RuntimeDirectory: "fairhost-waf",
    // nginx lets everybody open its sockets.
    Group: "www-data",
    RuntimeDirectoryMode: "0750",
    TemporaryFileSystem: `${spool}:size=10%,mode=0755 ${hitsFolder}:size=32M,mode=0755 /srv:ro /root /home`,
    // Logs of accounts, which www-data alone writes there.
    BindPaths: "-/srv/accounts",
    BindReadOnlyPaths: [say, clear]
      .map((path) => `${currentGeneration}/${path}:/opt/fairhost/${path.replace("libexec/", "")}`)
      .join(" "),
    PrivateNetwork: "yes",
    RestrictAddressFamilies: "AF_UNIX",
    // Of the process that reads the configuration; those that look at requests have none.
    CapabilityBoundingSet: "CAP_SETUID CAP_SETGID CAP_SETPCAP CAP_CHOWN CAP_DAC_OVERRIDE CAP_KILL",
    SystemCallFilter: "@system-service",
    SystemCallArchitectures: "native",
    LockPersonality: "yes",
    RestrictRealtime: "yes",
    ProtectProc: "invisible",
    ProtectClock: "yes",
    ProtectHostname: "yes",
    ProtectKernelLogs: "yes",
    InaccessiblePaths: "-/etc/ssh -/srv/accounts/archives",
    LimitNOFILE: `${descriptors.frontEnd}`,
    MemoryMax: "40%",
    // One process of many ends, and is replaced.
    OOMPolicy: "continue",
    TasksMax: "200",
  },
});

/** Statuses of refusals inside of the firewall, which nobody else has, so that no program's answer is taken for one. */
const [refused, tooMany, tooSlow] = [470, 471, 472];

/** The sum of the points, and what follows from it; for levels of paranoia that a web site can have. */
const verdict = [
  ...[1, 2].map(
    (level) =>
      `SecRule TX:PARANOIA_LEVEL "@ge ${level}" "id:${9100 + level},phase:2,pass,nolog,t:none,setvar:tx.anomaly_score=+%{tx.anomaly_score_pl${level}}"`,
  ),
  `SecRule TX:ANOMALY_SCORE "@ge %{tx.inbound_anomaly_score_threshold}" "id:9110,phase:2,deny,status:${refused},log,t:none,msg:\\'Refused\\'"`,
].join("\n");

/** Of OWASP CRS: what is known of applications, and all that looks at a request alone. Without counts of addresses (910, 912), which the front end bounds itself. */
const coreRules = [
  "901-*",
  ...["903.9001", "903.9002", "903.9003", "903.9004", "903.9006"].map((one) => `${one}-*`),
  "911-*",
  "913-*",
  "92*",
  "93*",
  ...["941-*", "942-*", "943-*", "944-*"],
];

/** Inside of the firewall. */
const inside = "/run/fairhost-waf/inside";

const nginxConfiguration = `# The web application firewall: between the front end, which alone reaches it, and the servers of accounts that want it.
${keptModules}user www-data;
load_module /usr/lib/nginx/modules/ngx_http_modsecurity_module.so;
worker_processes ${workers};
worker_shutdown_timeout ${shutdownSeconds}s;
pid ${spool}/waf.pid;
error_log stderr crit;

events {
  worker_connections ${connections.wafWorker};
}

http {
  server_tokens off;
  access_log off;
  default_type text/html;
  client_body_temp_path ${bodies};
  proxy_temp_path ${spool}/waf-answers;
  fastcgi_temp_path ${spool}/waf-none;
  uwsgi_temp_path ${spool}/waf-none;
  scgi_temp_path ${spool}/waf-none;
  large_client_header_buffers 4 64k;
  # The visitor, for rules and exclusions by address.
  set_real_ip_from unix:;
  real_ip_header X-Real-IP;
  include rules.conf;
  include accounts/*.conf;
  include accounts/*.upstreams;
${coreRules.map((files) => `  modsecurity_rules 'Include /usr/share/modsecurity-crs/rules/REQUEST-${files}.conf';\n`).join("")}  modsecurity_rules '${verdict}';

  map $http_x_fairhost_waf $account {
    default "";
    "~^[a-z]+;[a-z]+;(?<task_account>[0-9]+);" $task_account;
  }
  # Whose body is large, or of unknown length.
  map "$http_content_length|$http_transfer_encoding" $large {
    default "";
    "~^[0-9]{6,}[|]" $account;
    "~^[^|]*[|]." $account;
  }
${visitorHttp}  map $large $large_of_visitor {
    default "$large $visitor";
    "" "";
  }
  # A connection that becomes anything else would carry requests that nobody looks at.
  map $http_upgrade $passed_upgrade {
    default "";
    "~*^websocket$" $http_upgrade;
  }
  map $passed_upgrade $connection_upgrade {
    default upgrade;
    "" close;
  }
  limit_conn_zone $large zone=large:4m;
  limit_conn_zone $large_of_visitor zone=large_of_visitor:8m;
${bodiesHttp}  client_body_timeout 10s;
  proxy_http_version 1.1;
  proxy_pass_header Server;
  proxy_pass_header Date;
  proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Charset X-Accel-Buffering;
  proxy_buffering off;
  proxy_buffer_size 72k;
  proxy_buffers 4 72k;
  proxy_redirect off;
  # The front end's time comes first.
  proxy_read_timeout ${hostLimits.answerSeconds + 5}s;

  server {
    listen unix:${wafSocket} backlog=${connections.queue};
    modsecurity off;
    # The front end refuses what is larger.
    client_max_body_size ${largestMb}m;
    limit_conn_status ${tooMany};
    location / {
      limit_conn large ${largeAtOnce.account};
      limit_conn large_of_visitor ${largeAtOnce.visitor};
      proxy_pass http://unix:${inside};
      proxy_request_buffering off;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $passed_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_intercept_errors on;
      error_page ${refused} =403 @refused;
      error_page ${tooMany} =503 @busy;
      error_page ${tooSlow} =408 @slow;
    }
    location @refused {
      add_header X-Fairhost-Waf refused always;
      ${answer(403, "Refused", "This site's web application firewall refused the request. If you did nothing unusual, tell the site's owner what you did, and when.")}
    }
    location @busy {
      add_header X-Fairhost-Waf refused always;
      add_header Retry-After 60 always;
      ${answer(503, "Too many uploads", "This site takes only so many large uploads at once. Try again in a minute.")}
    }
    location @slow {
      add_header X-Fairhost-Waf refused always;
      ${answer(408, "Too slow", "The upload was too slow. Try again with a better connection, or send a smaller file.")}
    }
  }

  # Looks at a request, which it has whole then. Apart from the server above, because a page in place of an answer would take away what was found.
  server {
    listen unix:${inside} backlog=${connections.queue};
    client_max_body_size ${largestMb}m;
    client_body_buffer_size 128k;
${bodiesServer(spool, { full: tooMany, slow: tooSlow })}    location / {
      modsecurity on;
      modsecurity_transaction_id $http_x_fairhost_waf;
      proxy_pass http://$http_x_fairhost_backend;
      proxy_connect_timeout 5s;
      proxy_next_upstream error;
      proxy_set_header Host $http_host;
      proxy_set_header Upgrade $passed_upgrade;
      proxy_set_header Connection $connection_upgrade;
      proxy_set_header X-Fairhost-Waf "";
      proxy_set_header X-Fairhost-Backend "";
      proxy_hide_header X-Fairhost-Waf;
      error_page 502 504 @failed;
    }
    location @failed {
      modsecurity off;
      add_header X-Fairhost-Waf failed always;
      ${answer(502, "Not answering", "This site's program ended without an answer. If the site is yours, the reason is in admin/logs.")}
    }
  }
}
`;

/** Caches behind it, by the names that the front end gives them. */
function renderCaches(account: number, servers: readonly Server[]): BundleFile[] {
  const lines = servers
    .filter(({ cache }) => cache === true)
    .map((server) => `${cacheUpstream(cacheGroup(server), account, `unix:${socketOf(server)}`)}\n`);
  return lines.length === 0 ? [] : [{ path: `waf/accounts/${account}.upstreams`, content: lines.join("") }];
}
