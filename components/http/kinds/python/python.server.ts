import { z } from "zod";
import { ownText } from "../../../../lib/text/own-text.ts";
import { insideHome } from "../../../account/account-paths.ts";
import { homePath, number, text } from "../../../inputs.ts";
import { behaviour } from "../../../registry/fields/field-class.ts";
import { format, homePathSchema } from "../../../schema.ts";
import {
  inside,
  programEntry,
  programFiles,
  programInputs,
  programTasks,
  programUnit,
} from "../../program/run-program.ts";
import type { HttpServer, ServerKind } from "../server.ts";
import { wakeOf } from "../wake.ts";

const interfaces = ["wsgi", "asgi"] as const;

export const entry = {
  kind: z
    .literal("python")
    .describe(
      "Kind of HTTP server. `python`: gunicorn serves a Python application, by WSGI or ASGI (Django, Flask, FastAPI).",
    ),
  application: format("a module and its application, such as mysite.wsgi:application", (says) =>
    z
      .string()
      .max(200)
      .regex(/^[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?::[A-Za-z_][A-Za-z0-9_]*)?$/, says),
  ).describe(
    "Module and name of the application, found from `directory`: `mysite.wsgi:application`. Without a name: `application`.",
  ),
  interface: z
    .enum(interfaces)
    .default("wsgi")
    .describe(
      "How the application is called: `wsgi` (Django, Flask) or `asgi` (FastAPI, Starlette, Django's asynchronous side). Default `wsgi`.",
    ),
  virtualenv: homePathSchema
    .exactOptional()
    .describe(
      "Virtual environment inside the home whose Python and packages are used. Default: Debian's Python and packages.",
    ),
  workers: z
    .int()
    .min(1)
    .max(32)
    .default(1)
    .describe("Processes that serve. Each has its own copy of the application. Default 1."),
  threads: z
    .int()
    .min(1)
    .max(128)
    .default(8)
    .describe("Requests that each worker serves at the same time, with `wsgi`; more wait. Default 8."),
  ...programEntry,
};

export const inputs = {
  kind: behaviour(z.literal("python")).describe("`python`: gunicorn serves an application."),
  application: behaviour(text).describe("Module and name of the application."),
  interface: behaviour(z.enum(interfaces)).describe("How the application is called."),
  virtualenv: homePath().exactOptional().describe("Virtual environment inside the home."),
  workers: behaviour(number).describe("Processes that serve."),
  threads: behaviour(number).describe("Requests that each serves at the same time, with `wsgi`."),
  ...programInputs,
};

const files = ["gunicorn-settings.py", "run-gunicorn.py"];
const pathOf = (file: string) => `libexec/${file}`;
const [settings, start] = files.map((file) => inside(pathOf(file)).path);

/**
 * gunicorn on the listening socket: threads for WSGI, uvicorn's worker for ASGI. New code is loaded by SIGHUP: old workers finish
 * what they have begun while new ones serve.
 */
export const server: ServerKind<HttpServer<"python">> = {
  kind: "python",
  parallel: "declared",
  // uvicorn's worker serves any number.
  workers: ({ interface: called, workers, threads }) => (called === "wsgi" ? workers * threads : undefined),
  // The master and its thread that watches. uvicorn's worker begins no threads of its own; what the application runs in some is its own doing.
  tasks: ({ interface: called, workers, threads }) =>
    programTasks + 2 + workers * (called === "wsgi" ? 1 + threads : 1),
  wake: wakeOf(import.meta.dirname),
  inTurn: true,
  // python3-venv: its owner makes the virtual environment in a login.
  packages: ["gunicorn", "python3", "python3-uvicorn", "python3-venv", "python3-websockets"],
  entry,
  inputs,
  shared: () => [
    ...programFiles(),
    ...files.map((file) => ({ path: pathOf(file), content: ownText(import.meta.dirname, file) })),
  ],
  service(account, server) {
    const { application, virtualenv, workers, threads } = server;
    const python = virtualenv === undefined ? "/usr/bin/python3" : `${insideHome(account, virtualenv)}/bin/python3`;
    return programUnit(account, server, {
      command: [python, start!, "-c", settings!, "-w", `${workers}`, "--threads", `${threads}`, application],
      environment: { FAIRHOST_INTERFACE: server.interface },
      requests: "marked",
      hotSignal: "HUP",
      binds: files.map((file) => inside(pathOf(file)).bind),
    });
  },
};
