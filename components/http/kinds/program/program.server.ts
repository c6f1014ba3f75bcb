import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { currentGeneration } from "../../../../delivery/protocol/bundle.ts";
import { assignments, environmentLines, execLine, unitFile } from "../../../../lib/unit-file.ts";
import {
  accountSettings,
  commandInside,
  homeInside,
  init,
  insideHome,
  ownRecords,
} from "../../../account/account-paths.ts";
import { netlinkSettings } from "../../../account/netlink-filter.ts";
import { command, environment, flag, homePath } from "../../../inputs.ts";
import { argumentSchema, homePathSchema, variableSchema } from "../../../schema.ts";
import { connections } from "../../connections.ts";
import { descriptorLimit, type HttpServer, httpPort, type ServerKind, scriptInside } from "../../server.ts";

export const entry = {
  kind: z.literal("program").describe("Kind of HTTP server. `program`: a program of the account answers the requests."),
  command: z
    .array(argumentSchema)
    .min(1)
    .max(64)
    .describe(
      "Program and its arguments, not interpreted by a shell. The program is an absolute path in the host's /usr or a path inside the account's home. An argument may be empty.",
    ),
  directory: z
    .union([z.literal("."), homePathSchema])
    .default(".")
    .describe("Working directory of the program, inside the account's home. Default `.`, the home itself."),
  socketActivation: z
    .boolean()
    .default(false)
    .describe(
      "How the program gets its requests. `true`: it takes over the listening socket (sd_listen_fds(3)) and exits when idle. `false` (default): it listens on 127.0.0.1 or [::1], port `$PORT`, in its own network namespace; a proxy starts and stops it.",
    ),
  environment: z
    .record(variableSchema, argumentSchema)
    .default({})
    .describe(
      "Environment variables of the program; with its arguments 128 KiB at most. Do not use them for secrets: previews show them.",
    ),
};

export const inputs = {
  kind: z.literal("program").describe("`program`: a program of the account answers."),
  command: command().describe("Program and its arguments."),
  directory: homePath().describe("Where it is started."),
  socketActivation: flag.describe("Whether it takes over the listening socket itself."),
  environment: environment().describe("Environment variables."),
};

type Program = HttpServer<"program">;

const script = "libexec/run-program";
const turnAway = "libexec/turn-away";

/** A program of the account, behind a proxy that starts and stops it or on the socket itself. */
export const server: ServerKind<Program> = {
  kind: "program",
  entry,
  inputs,
  shared: () =>
    [script, turnAway].map((path) => {
      const file = `${path.replace("libexec/", "")}.sh`;
      return { path, content: readFileSync(join(import.meta.dirname, file), "utf8"), mode: 0o755 };
    }),
  /**
   * The account's own variables are passed as arguments, not in Environment=: only its program may get them, not the script that
   * runs it and not any other command that systemd runs for the unit as root.
   */
  service(account, server) {
    const { name, idleSeconds, socketActivation } = server;
    const common = accountSettings(account, `http-${name}`);
    const given = {
      FAIRHOST_IDLE_SECONDS: `${idleSeconds}`,
      FAIRHOST_RESTART: `${homeInside(account)}/restart-${name}`,
      ...(!socketActivation && { PORT: `${httpPort(server)}`, PROXY_CONNECTIONS: `${connections.proxy}` }),
    };
    const own = assignments(server.environment);
    const run = [scriptInside, insideHome(account, server.directory), `${own.length}`, ...own];
    return unitFile({
      Unit: { Description: `HTTP server ${name} of account ${account.number} (program)` },
      Service: {
        ...common,
        BindReadOnlyPaths: [
          common.BindReadOnlyPaths,
          ownRecords(account),
          `${currentGeneration}/${script}:${scriptInside} ${currentGeneration}/${turnAway}:/opt/fairhost/turn-away`,
          netlinkSettings.bind,
        ],
        RestrictAddressFamilies: netlinkSettings.addressFamilies,
        LoadCredential: `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
        Environment: environmentLines(given),
        LimitNOFILE: descriptorLimit,
        ExecStart: execLine([...netlinkSettings.command, ...init, ...run, ...commandInside(account, server.command)]),
      },
    });
  },
};
