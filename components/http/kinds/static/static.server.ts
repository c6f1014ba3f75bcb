import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { currentGeneration } from "../../../../delivery/protocol/bundle.ts";
import { environmentLines, execLine, unitFile } from "../../../../lib/unit-file.ts";
import { accountSettings, insideHome } from "../../../account/account-paths.ts";
import { homePath } from "../../../inputs.ts";
import { homePathSchema } from "../../../schema.ts";
import { type HttpServer, type ServerKind, scriptInside } from "../../server.ts";

export const entry = {
  kind: z.literal("static").describe("Kind of HTTP server. `static`: serves files of the account's home."),
  root: homePathSchema.default("www").describe("Directory to serve, inside the account's home. Default `www`."),
};

export const inputs = {
  kind: z.literal("static").describe("`static`: files of the account's home."),
  root: homePath().describe("Directory served."),
};

const configuration = "lighttpd/static.conf";
const script = "libexec/run-static";

/** Serves files of the account's home with lighttpd. */
export const server: ServerKind<HttpServer<"static">> = {
  kind: "static",
  packages: ["lighttpd"],
  entry,
  inputs,
  shared: () => [
    { path: configuration, content: lighttpdConfiguration },
    { path: script, content: readFileSync(join(import.meta.dirname, "run-static.sh"), "utf8"), mode: 0o755 },
  ],
  service(account, { name, root, idleSeconds }) {
    const common = accountSettings(account, `http-${name}`);
    return unitFile({
      Unit: { Description: `HTTP server ${name} of account ${account.number} (static)` },
      Service: {
        ...common,
        BindReadOnlyPaths: [
          common.BindReadOnlyPaths,
          `${currentGeneration}/${configuration}:/etc/lighttpd/lighttpd.conf`,
          `${currentGeneration}/${script}:${scriptInside}`,
        ],
        Environment: environmentLines({ FAIRHOST_ROOT: insideHome(account, root) }),
        ExecStart: execLine([scriptInside, `${idleSeconds}`]),
      },
    });
  },
};

/** One configuration for all static servers: differences are in the environment, the socket comes from systemd. */
const lighttpdConfiguration = `# Static HTTP server of an account: started by its socket, ends itself when idle (-i).
server.systemd-socket-activation = "enable"
server.document-root = env.FAIRHOST_ROOT
server.modules = ( "mod_staticfile" )
server.tag = ""
index-file.names = ( "index.html", "index.htm" )
# No inotify or FAM, no spool on disk: request bodies have no use here.
server.max-request-size = 64
server.max-keep-alive-requests = 100
`;
