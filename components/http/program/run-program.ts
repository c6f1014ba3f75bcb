import { z } from "zod";
import { type BundleFile, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { assignments, environmentLines, execLine, unitFile } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";
import { accountSettings, homeInside, init, insideHome, ownRecords } from "../../account/account-paths.ts";
import { netlinkSettings } from "../../account/sandbox/netlink-filter.ts";
import {
  programEntry as common,
  programInputs as commonInputs,
  commonScript,
} from "../../account/sandbox/own-program.ts";
import { number } from "../../inputs.ts";
import { behaviour } from "../../registry/fields/field-class.ts";
import type { Hostless } from "../../registry/kind.ts";
import { connections } from "../front-end/connections.ts";
import { descriptorLimit, type HttpServer, httpPort, scriptInside } from "../kinds/server.ts";
import { turnOf } from "./start-slots.ts";

/**
 * Server kinds in which a program answers: the script run-program starts it, tells why it does not serve, turns visitors away
 * meanwhile, tries again, and starts it anew on demand.
 */

/** Seconds between two tries of a program that goes on failing, unless it is declared. */
const longestPause = 16;

/** What becomes of a program that ends by itself, or has to be ended. */
const restarts = z.enum(["backoff", "never"]);

/** Seconds that a server has to begin to serve, unless it is declared: programs of accounts, and Apache, which the platform configures. */
const startSeconds = { program: 60, apache: 20 } as const;

/** Keys of every kind whose server run-program runs, and their inputs. */
export const runEntry = {
  restart: restarts
    .exactOptional()
    .describe(
      "What becomes of a server that ends by itself, fails to start or hangs. `backoff` (default): visitors start it again, after pauses that grow. `never`: it stays down, and visitors get 502, until the HTTP server is changed by a deploy, the administrator starts it or the host boots; the log, `fairhost-host status` and drift say so. Rest after `idleSeconds` and `restart-<name>` are no end.",
    ),
  startSeconds: z
    .int()
    .min(1)
    .max(240)
    .exactOptional()
    .describe(
      `Seconds that the server has to begin to serve; visitors wait meanwhile. After that it is ended and counts as failed. Default ${startSeconds.program}, of the kinds \`php\` and \`proxy\` ${startSeconds.apache}.`,
    ),
  retrySeconds: z
    .int()
    .min(1)
    .max(3600)
    .exactOptional()
    .describe(
      `Longest pause between two tries of a server that fails, in seconds. The first is 1 s, and each next one twice as long; visitors get 502 meanwhile. Touching \`restart-<name>\` in the home ends it. Default ${longestPause}.`,
    ),
};
export const runInputs = {
  restart: behaviour(restarts)
    .exactOptional()
    .describe("Whether it is started again after it has ended by itself: `backoff`, also if absent, or `never`."),
  startSeconds: behaviour(number)
    .exactOptional()
    .describe(
      `Seconds that it has to begin to serve; if absent ${startSeconds.program}, of the kinds \`php\` and \`proxy\` ${startSeconds.apache}.`,
    ),
  retrySeconds: behaviour(number)
    .exactOptional()
    .describe(`Longest pause between two tries after failures, in seconds; ${longestPause} if absent.`),
};

/** Keys of every such kind with a program of the account's own in an account's file. */
export const programEntry = { ...runEntry, directory: common.directory, environment: common.environment };

/** Their inputs. */
export const programInputs = {
  ...runInputs,
  directory: commonInputs.directory,
  environment: commonInputs.environment,
};

/** What an Apache that the platform configures has in the place of a program's own. */
export const apacheStart = { startSeconds: startSeconds.apache } as const;

const folder = "libexec";
const script = `${folder}/run-program`;
const turnAway = `${folder}/turn-away`;

/** @param name of a file `<name>.sh` beside the kind. @returns the bundle's file `libexec/<name>` */
export function scriptFile(directory: string, name: string): BundleFile {
  return { path: `${folder}/${name}`, content: ownText(directory, `${name}.sh`), mode: 0o755 };
}

/** Files that all these kinds share. */
export function programFiles(): BundleFile[] {
  return ["run-program", "turn-away"].map((name) => scriptFile(import.meta.dirname, name));
}

/** Binds a file of the bundle as `/opt/fairhost/<its name>`. */
export function inside(path: string): { readonly bind: string; readonly path: string } {
  const at = `/opt/fairhost/${path.slice(path.lastIndexOf("/") + 1)}`;
  return { bind: `${currentGeneration}/${path}:${at}`, path: at };
}

/** Processes beside the program itself: the init, run-program, its watch and what that starts to look, and the proxy or who turns visitors away. */
export const programTasks = 8;

/** How one server's program is run. */
export interface Program {
  /** The program and its arguments as its sandbox sees them. */
  readonly command: readonly string[];
  /**
   * How it gets its requests. `port`: it listens on `$PORT`, behind a proxy. `socket`: it takes the listening socket over and ends when idle.
   * `marked`: likewise, and the file `$FAIRHOST_READY` exists while it serves, `$FAIRHOST_RESTING` once it has ended because it was idle.
   */
  readonly requests: "port" | "socket" | "marked";
  /** Variables that the program gets beside the account's own, which take precedence. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Binds of files that it needs. */
  readonly binds?: readonly string[];
  /** Signal that has the program load its code anew without cutting a connection. */
  readonly hotSignal?: string;
}

type Server = Pick<HttpServer, "kind" | "name" | "number" | "idleSeconds" | "unit"> & {
  readonly directory: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly startSeconds?: number;
  readonly retrySeconds?: number;
  readonly restart?: z.infer<typeof restarts>;
};

/**
 * The unit of a server whose program run-program runs. The account's own variables are passed as arguments, not in Environment=:
 * only its program may get them, not the script that runs it and not any other command that systemd runs for the unit as root.
 */
export function programUnit(account: Hostless<"accounts">, server: Server, program: Program): string {
  const { name, kind, idleSeconds, startSeconds, retrySeconds, restart } = server;
  const settings = accountSettings(account, `http-${name}`);
  const turn = turnOf(server);
  const given = {
    FAIRHOST_IDLE_SECONDS: `${idleSeconds}`,
    FAIRHOST_RESTART: `${homeInside(account)}/restart-${name}`,
    ...(startSeconds !== undefined && { FAIRHOST_START_SECONDS: `${startSeconds}` }),
    ...(retrySeconds !== undefined && { FAIRHOST_RETRY_SECONDS: `${retrySeconds}` }),
    ...(restart === "never" && { FAIRHOST_RESTARTS: restart }),
    ...(program.hotSignal !== undefined && { FAIRHOST_HOT_SIGNAL: program.hotSignal }),
    ...(program.requests === "port" && { PORT: `${httpPort(server)}`, PROXY_CONNECTIONS: `${connections.proxy}` }),
    ...(program.requests === "marked" && {
      FAIRHOST_READY: "/tmp/.fairhost-ready",
      FAIRHOST_RESTING: "/tmp/.fairhost-resting",
    }),
  };
  const own = [...assignments(program.environment ?? {}), ...assignments(server.environment)];
  const run = [scriptInside, insideHome(account, server.directory), `${own.length}`, ...own, ...program.command];
  return unitFile({
    // Wants=, because Requires= would keep visitors waiting for a server that never starts.
    Unit: { Description: `HTTP server ${name} of account ${account.number} (${kind})`, Wants: turn, After: turn },
    Service: {
      ...settings,
      BindPaths: [
        settings.BindPaths,
        ownRecords(account),
        `${currentGeneration}/${script}:${scriptInside} ${inside(commonScript).bind} ${inside(turnAway).bind}`,
        ...(program.binds ?? []),
        netlinkSettings.bind,
      ],
      RestrictAddressFamilies: netlinkSettings.addressFamilies,
      LoadCredential: `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
      Environment: environmentLines(given),
      LimitNOFILE: descriptorLimit,
      // The kernel kills what uses most memory: a worker, whose program goes on, or the program, of which run-program says so and tries again.
      OOMPolicy: "continue",
      ExecStart: execLine([...netlinkSettings.command, ...init, ...run]),
    },
  });
}
