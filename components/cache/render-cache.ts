import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { execLine, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { accountSettings, init } from "../account/account-paths.ts";
import { sandboxFiles } from "../account/sandbox/render-sandbox.ts";
import { socketOf } from "../http/kinds/server.ts";
import { hostLimits } from "../http/web-site/web-site.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { cachedSockets, frontSockets } from "./cache-paths.ts";

const script = "libexec/run-cache";
const purge = "libexec/purge-cache";
const common = "varnish/cache.vcl";

/** Seconds beyond those of a web site: its own limit comes first, at the front end, which says what to do. */
const later = 5;

/** An answer may take a quarter of what keeps it: so no single one empties the cache. */
const part = 4;

/** Bytes from which answers go to the disk, where an account has one for them. */
const large = 256 * 1024;

/**
 * Threads of a cache: a request that passes through takes two, a kept answer one, each with half a MiB while it lasts. Requests beyond that are
 * answered by the program itself, so steady traffic of slow visitors costs hits and nothing else.
 */
const threadsOf = (tasksMax: number) => Math.max(20, Math.min(60, Math.floor(tasksMax / 3)));

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofHost: () => ({
    files: [
      { path: script, content: ownText(import.meta.dirname, "run-cache.sh"), mode: 0o755 },
      {
        path: purge,
        content: `#!/usr/bin/python3 -I\n${ownText(import.meta.dirname, "purge-cache.py")}`,
        mode: 0o755,
      },
      { path: common, content: ownText(import.meta.dirname, "cache.vcl") },
    ],
  }),
  ofElements: ({ account, own }) =>
    renderCache(
      account,
      own.httpServers.filter(({ cache }) => cache === true),
    ),
};

/** The cache of one account's web sites: a process of its own in the account's slice, so memory, disk and what it keeps are the account's. */
function renderCache(
  account: Hostless<"accounts">,
  servers: readonly Hostless<"httpServers">[],
): { files: BundleFile[]; units: BundleUnit[] } {
  if (servers.length === 0) return { files: [], units: [] };
  const { number, directory, limits } = account;
  const unit = `account-${number}-cache.service`;
  const path = `systemd/${unit}`;
  const vcl = `varnish/${number}.vcl`;
  const { Slice, User, StandardOutput } = accountSettings(account, "cache");
  const sockets = servers.map((server) => `${server.unit}.socket`);
  const content = unitFile({
    Unit: { Description: `HTTP cache of account ${number}`, Wants: sockets, After: sockets },
    Service: {
      Slice,
      User,
      // The front end may open its socket, and it the sockets of its servers: none but these are in its sandbox.
      Group: "www-data",
      RuntimeDirectory: `${frontSockets}/${number}`,
      RuntimeDirectoryMode: "0710",
      BindPaths: [
        `${directory}/lib:/var/lib /run/${frontSockets}/${number}:/run/front`,
        `${currentGeneration}/${script}:/opt/fairhost/run-cache`,
        `${currentGeneration}/${purge}:/opt/fairhost/purge-cache`,
        `${currentGeneration}/${common}:/opt/fairhost/cache.vcl`,
        `${currentGeneration}/${vcl}:/opt/fairhost/account.vcl`,
      ].join(" "),
      BindReadOnlyPaths: `/run/${cachedSockets}/${number}:/run/${cachedSockets}/${number}`,
      StandardOutput,
      Restart: "always",
      // varnishd starts its child again that the kernel has killed.
      OOMPolicy: "continue",
      ExecStart: execLine([
        ...init,
        "/opt/fairhost/run-cache",
        `${limits.cacheMemoryMb}`,
        `${limits.cacheDiskMb}`,
        `${threadsOf(limits.tasksMax)}`,
      ]),
    },
  });
  return {
    files: [
      { path, content },
      { path: `systemd/fairhost.target.wants/${unit}`, link: `../${unit}` },
      { path: vcl, content: ownVcl(servers, limits) },
    ],
    units: [{ name: unit, want: "start", restartOn: [path, vcl, common, script, purge, ...sandboxFiles(account)] }],
  };
}

/** What {@link common} does not know: the account's servers, and what an answer may take. */
function ownVcl(servers: readonly Hostless<"httpServers">[], limits: Hostless<"accounts">["limits"]): string {
  const ofMemory = (limits.cacheMemoryMb / part) * 1024 ** 2;
  const ofDisk = (limits.cacheDiskMb / part) * 1024 ** 2;
  const seconds = ({ answerSeconds = hostLimits.answerSeconds }: Hostless<"httpServers">) => answerSeconds + later;
  return `vcl 4.1;
import std;
backend default none;
${servers
  .map(
    (server) =>
      `backend server_${server.name} { .path = "${socketOf(server)}"; .connect_timeout = 5s; .first_byte_timeout = ${seconds(server)}s; .between_bytes_timeout = ${seconds(server)}s; }
sub vcl_recv { if (req.http.X-Fairhost-Server == "${server.name}") { set req.backend_hint = server_${server.name}; } }
`,
  )
  .join("")}sub vcl_backend_response { set beresp.storage = storage.memory; }
${
  limits.cacheDiskMb > 0
    ? `sub vcl_backend_response { if (std.integer(beresp.http.Content-Length, 0) > ${large}) { set beresp.storage = storage.disk; } }
`
    : ""
}sub vcl_backend_response { if (std.integer(beresp.http.Content-Length, 0) > ${Math.floor(Math.max(ofMemory, ofDisk))}) { set beresp.uncacheable = true; } }
include "cache.vcl";
`;
}
