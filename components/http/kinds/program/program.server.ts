import { z } from "zod";
import { commandInside } from "../../../account/account-paths.ts";
import { programEntry as common } from "../../../account/sandbox/own-program.ts";
import { command, flag } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { programEntry, programFiles, programInputs, programTasks, programUnit } from "../../program/run-program.ts";
import type { HttpServer, ServerKind } from "../server.ts";
import { wakeOf } from "../wake.ts";

/** Signals that servers load their code by. */
const reloadSignals = z.enum(["HUP", "USR1", "USR2"]);

export const entry = {
  kind: z.literal("program").describe("Kind of HTTP server. `program`: a program of the account answers the requests."),
  command: common.command,
  socketActivation: z
    .boolean()
    .default(false)
    .describe(
      "How the program gets its requests. `true`: it takes over the listening socket (sd_listen_fds(3)) and exits when idle. `false` (default): it listens on 127.0.0.1 or [::1], port `$PORT`, in its own network namespace; a proxy starts and stops it.",
    ),
  reloadSignal: reloadSignals
    .exactOptional()
    .describe(
      "Signal by which the program loads its code and settings anew without cutting a connection, for example `HUP` of gunicorn, `USR2` of Puma. Touching `restart-<name>` sends it. Default: none, the program is started anew.",
    ),
  ...programEntry,
};

export const inputs = {
  kind: behaviour(z.literal("program")).describe("`program`: a program of the account answers."),
  command: command().describe("Program and its arguments."),
  socketActivation: behaviour(flag).describe("Whether it takes over the listening socket itself."),
  reloadSignal: behaviour(reloadSignals).exactOptional().describe("Signal by which it loads its code anew."),
  ...programInputs,
};

/** A program of the account, behind a proxy that starts and stops it or on the socket itself. */
export const server: ServerKind<HttpServer<"program">> = {
  kind: "program",
  parallel: "program",
  tasks: () => programTasks + 1,
  wake: wakeOf(import.meta.dirname),
  inTurn: true,
  entry,
  inputs,
  shared: programFiles,
  service: (account, server) =>
    programUnit(account, server, {
      command: commandInside(account, server.command),
      requests: server.socketActivation ? "socket" : "port",
      ...(server.reloadSignal !== undefined && { hotSignal: server.reloadSignal }),
    }),
};
