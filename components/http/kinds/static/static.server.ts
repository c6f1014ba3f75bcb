import { z } from "zod";
import { currentGeneration } from "../../../../delivery/protocol/bundle.ts";
import { environmentLines, execLine, unitFile } from "../../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../../lib/text/own-text.ts";
import { accountSettings, insideHome } from "../../../account/account-paths.ts";
import { homePath, number } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { homePathSchema } from "../../../schema.ts";
import { connections, descriptors } from "../../front-end/connections.ts";
import { descriptorLimit, type HttpServer, type ServerKind, scriptInside } from "../server.ts";
import { wakeOf } from "../wake.ts";
import { mediaTypes } from "./media-types.ts";

export const entry = {
  kind: z.literal("static").describe("Kind of HTTP server. `static`: serves files of the account's home."),
  root: homePathSchema.default("www").describe("Directory to serve, inside the account's home. Default `www`."),
  fallback: homePathSchema
    .exactOptional()
    .describe(
      "File inside `root` that answers, with status 200, for paths without a file whose last part has no dot: `index.html` for an application that has its pages in the browser. Default: none, such paths get 404.",
    ),
  cacheSeconds: z
    .int()
    .min(0)
    .max(31_536_000)
    .exactOptional()
    .describe(
      "Seconds for which browsers use a file again without asking whether it changed. HTML pages are always asked for. Default 0: ask each time; what did not change is not sent again.",
    ),
};

export const inputs = {
  kind: behaviour(z.literal("static")).describe("`static`: files of the account's home."),
  root: homePath().describe("Directory served."),
  fallback: homePath().exactOptional().describe("File inside `root` that answers for paths without a file."),
  cacheSeconds: behaviour(number)
    .exactOptional()
    .describe("Seconds for which browsers use a file again without asking."),
};

const configuration = "lighttpd/static.conf";
const script = "libexec/run-static";
const chosen = "libexec/chosen-file.lua";
const chosenInside = "/opt/fairhost/chosen-file.lua";

/** Serves files of the account's home with lighttpd. */
export const server: ServerKind<HttpServer<"static">> = {
  kind: "static",
  parallel: connections.static,
  // The script becomes the server.
  tasks: () => 1,
  wake: wakeOf(import.meta.dirname),
  keepsConnections: true,
  packages: ["lighttpd", "lighttpd-mod-deflate", "lighttpd-modules-lua"],
  // Accounts start it from their own sockets; Debian's service would take port 80.
  masks: ["lighttpd.service"],
  entry,
  inputs,
  shared: () => [
    { path: configuration, content: lighttpdConfiguration },
    { path: script, content: ownText(import.meta.dirname, "run-static.sh"), mode: 0o755 },
    { path: chosen, content: ownText(import.meta.dirname, "chosen-file.lua") },
  ],
  service(account, { name, root, idleSeconds, fallback, cacheSeconds }) {
    const common = accountSettings(account, `http-${name}`);
    return unitFile({
      Unit: { Description: `HTTP server ${name} of account ${account.number} (static)` },
      Service: {
        ...common,
        BindPaths: [
          common.BindPaths,
          `${currentGeneration}/${configuration}:/etc/lighttpd/lighttpd.conf`,
          `${currentGeneration}/${script}:${scriptInside}`,
          `${currentGeneration}/${chosen}:${chosenInside}`,
        ],
        Environment: environmentLines({
          FAIRHOST_ROOT: insideHome(account, root),
          ...(cacheSeconds !== undefined && { FAIRHOST_CACHE_SECONDS: `${cacheSeconds}` }),
          ...(fallback !== undefined && { FAIRHOST_FALLBACK: `/${fallback}` }),
        }),
        LimitNOFILE: descriptorLimit,
        // Downloads that have begun get some seconds (server.graceful-shutdown-timeout); by SIGTERM they would be cut.
        KillSignal: "SIGINT",
        ExecStart: execLine([scriptInside, `${idleSeconds}`]),
      },
    });
  },
};

const typeLines = Object.entries(mediaTypes).flatMap(([type, ends]) =>
  ends.map((end) => `  ".${end}" => "${type}",\n`),
);

/** One configuration for all static servers: differences are in the environment, the socket comes from systemd. */
const lighttpdConfiguration = `# Static HTTP server of an account: started by its socket, ends itself when idle (-i).
server.systemd-socket-activation = "enable"
server.document-root = env.FAIRHOST_ROOT
# Pages without their .html come before a fallback: mod_magnet before mod_rewrite.
server.modules = ( "mod_access", "mod_magnet", "mod_rewrite", "mod_expire", "mod_deflate", "mod_staticfile" )
server.tag = ""
server.feature-flags = ( "server.graceful-shutdown-timeout" => 8 )
index-file.names = ( "index.html", "index.htm" )
magnet.attract-physical-path-to = ( "${chosenInside}" )
# No inotify or FAM, no spool on disk: request bodies have no use here.
server.max-request-size = 64
# Bytes of all headers: the front end has the limit.
server.max-request-field-size = 65535
server.max-keep-alive-requests = 100
server.max-fds = ${descriptors.server}
server.max-connections = ${connections.static}
# Pages of the account's own for what goes wrong: 404.html, 403.html.
server.errorfile-prefix = env.FAIRHOST_ROOT + "/"
# Repositories, passwords, settings; .well-known (RFC 8615) is for the public.
$HTTP["url"] =~ "^/\\.(?!well-known(?:/|$))|./\\." {
  url.access-deny = ( "" )
}
url.rewrite-if-not-file = ( env.FAIRHOST_FALLBACK_FOR => env.FAIRHOST_FALLBACK )
expire.mimetypes = ( "text/html" => "access plus 0 seconds", "" => "access plus " + env.FAIRHOST_CACHE_SECONDS + " seconds" )
# In the account's own time and memory; larger files are sent as they are.
deflate.mimetypes = ( "text/", "application/json", "application/ld+json", "application/geo+json", "application/manifest+json",
  "application/xml", "application/rss+xml", "application/atom+xml", "application/wasm", "image/svg+xml", "image/vnd.microsoft.icon", "font/ttf", "font/otf", "model/gltf" )
deflate.allowed-encodings = ( "gzip" )
deflate.min-compress-size = 512
deflate.max-compress-size = 8192
mimetype.assign = (
${typeLines.join("")}  "" => "application/octet-stream",
)
`;
