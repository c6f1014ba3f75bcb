import { z } from "zod";
import { ownText } from "../../../../lib/text/own-text.ts";
import { insideHome } from "../../../account/account-paths.ts";
import { command, homePath } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { argumentSchema, homePathSchema } from "../../../schema.ts";
import {
  inside,
  programEntry,
  programFiles,
  programInputs,
  programTasks,
  programUnit,
} from "../../program/run-program.ts";
import { type HttpServer, httpPort, type ServerKind } from "../server.ts";
import { wakeOf } from "../wake.ts";

export const entry = {
  kind: z
    .literal("node")
    .describe(
      "Kind of HTTP server. `node`: a program for Debian's Node.js that listens as usual (`http.createServer().listen(port)`).",
    ),
  main: homePathSchema
    .default("server.js")
    .describe("File that Node.js starts, inside `directory`; a tool's is below `node_modules/`. Default `server.js`."),
  arguments: z.array(argumentSchema).max(16).default([]).describe("Arguments of the program."),
  nodeOptions: z
    .array(argumentSchema.max(200).regex(/^--[a-z]/))
    .max(16)
    .default([])
    .describe("Options of Node.js itself, such as `--max-old-space-size=200`."),
  ...programEntry,
};

export const inputs = {
  kind: behaviour(z.literal("node")).describe("`node`: a program for Node.js."),
  main: homePath().describe("File that Node.js starts."),
  arguments: command().describe("Arguments of the program."),
  nodeOptions: command().describe("Options of Node.js itself."),
  ...programInputs,
};

const preload = "libexec/preload.cjs";

/** A program for Node.js on the listening socket, without a change: a preloaded module gives its first listen() that socket. */
export const server: ServerKind<HttpServer<"node">> = {
  kind: "node",
  parallel: "program",
  // Node.js itself, four threads of V8, four of libuv, and two that watch.
  tasks: () => programTasks + 11,
  wake: wakeOf(import.meta.dirname),
  inTurn: true,
  keepsConnections: true,
  packages: ["nodejs"],
  entry,
  inputs,
  shared: () => [...programFiles(), { path: preload, content: ownText(import.meta.dirname, "preload.cjs") }],
  service(account, server) {
    const { main, nodeOptions } = server;
    const file = `${insideHome(account, server.directory)}/${main}`;
    return programUnit(account, server, {
      // The front end has the limit; Node.js's own is half of that.
      command: [
        "/usr/bin/node",
        "--max-http-header-size=65536",
        "--require",
        inside(preload).path,
        ...nodeOptions,
        file,
        ...server.arguments,
      ],
      requests: "marked",
      // Programs that ask for it get a port, and may name it.
      environment: { NODE_ENV: "production", PORT: `${httpPort(server)}` },
      binds: [inside(preload).bind],
    });
  },
};
