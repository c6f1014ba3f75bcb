import { z } from "zod";
import { ownText } from "../../../../lib/text/own-text.ts";
import { flag, text } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { apacheEnvironment, apacheTasks } from "../../program/apache.ts";
import {
  apacheStart,
  inside,
  programFiles,
  programTasks,
  programUnit,
  runEntry,
  runInputs,
  scriptFile,
} from "../../program/run-program.ts";
import { plainTarget, targetSchema } from "../../web-site/target.ts";
import type { HttpServer, ServerKind } from "../server.ts";
import { wakeOf } from "../wake.ts";

export const entry = {
  kind: z
    .literal("proxy")
    .describe(
      "Kind of HTTP server. `proxy`: requests are passed on to another server, WebSockets too: a service of the account, or one outside.",
    ),
  to: targetSchema.describe(
    "Where requests are passed on to; their path and query are appended. `http://127.0.0.1:<port>` is a service of the account itself. The certificate of an `https://` server is checked.",
  ),
  keepHost: z
    .boolean()
    .default(false)
    .describe(
      "Whether the other server gets the host name that the visitor asked for, instead of the one in `to`. Default false.",
    ),
  ...runEntry,
};

export const inputs = {
  kind: behaviour(z.literal("proxy")).describe("`proxy`: requests are passed on to another server."),
  to: behaviour(text).describe("Where they are passed on to."),
  keepHost: behaviour(flag).describe("Whether the other server gets the host name that the visitor asked for."),
  ...runInputs,
};

const configuration = "apache/proxy.conf";
const script = "libexec/run-proxy";

/** Apache in the account's sandbox and network: it reaches what programs of the account reach, and nothing of the host. */
export const server: ServerKind<HttpServer<"proxy">> = {
  kind: "proxy",
  parallel: "apache",
  tasks: (_, tasksMax) => programTasks + apacheTasks(tasksMax),
  wake: wakeOf(import.meta.dirname),
  inTurn: true,
  packages: ["apache2-bin", "ca-certificates"],
  entry,
  inputs,
  shared: () => [
    ...programFiles(),
    { path: configuration, content: ownText(import.meta.dirname, "proxy.conf") },
    scriptFile(import.meta.dirname, "run-proxy"),
  ],
  service: (account, server) =>
    programUnit(
      account,
      { ...apacheStart, ...server, directory: ".", environment: {} },
      {
        command: [inside(script).path],
        requests: "port",
        environment: {
          FAIRHOST_TO: plainTarget(server.to),
          FAIRHOST_KEEP_HOST: server.keepHost ? "On" : "Off",
          ...apacheEnvironment(account.limits.tasksMax),
        },
        binds: [inside(script).bind, inside(configuration).bind],
      },
    ),
};
