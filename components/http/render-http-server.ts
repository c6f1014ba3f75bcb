import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { assignments, environmentLines, execLine, plain, plainAddress, unitFile } from "../../lib/unit-file.ts";
import { accountSettings, homeInside, insideHome, ownRecords } from "../account/account-paths.ts";
import { sandboxFile } from "../account/render-sandbox.ts";
import type { AccountContainerInputs, HttpServerInputs } from "../declaration.ts";

type Static = Extract<HttpServerInputs, { kind: "static" }>;
type Program = Extract<HttpServerInputs, { kind: "program" }>;

/** Bundle paths of what all servers share. */
const socketDefaults = "systemd/account-.socket.d/50-defaults.conf";
const staticConfiguration = "lighttpd/static.conf";
const staticScript = "libexec/run-static";
const programScript = "libexec/run-program";

const plainUnit = plain(/account-\d+-http-[a-z][a-z0-9-]*/, "unit name");

/** As PID 1 of its own namespace a program would neither stop on SIGTERM nor collect orphans: Debian's tini does both. */
const init = ["/usr/bin/tini", "--"];

/** Where a sandbox shows the script that runs the server. */
const scriptInside = "/opt/fairhost/run";

/** Socket, service and link of one HTTP server, in the order of their paths. */
export function renderHttpServer(
  account: AccountContainerInputs,
  server: HttpServerInputs,
): { files: BundleFile[]; units: BundleUnit[] } {
  const unit = plainUnit(server.unit);
  const socket = `${unit}.socket`;
  const service = `${unit}.service`;
  const pathOfSocket = `systemd/${socket}`;
  const pathOfService = `systemd/${service}`;
  const ofSocket = [pathOfSocket, socketDefaults];
  const { text, shared } = renderService(account, server);
  return {
    files: [
      { path: pathOfService, content: text },
      { path: pathOfSocket, content: renderSocket(account, server) },
      { path: `systemd/fairhost.target.wants/${socket}`, link: `../${socket}` },
    ],
    units: [
      { name: service, want: "on-demand", restartOn: [pathOfService, sandboxFile, ...shared, ...ofSocket] },
      { name: socket, want: "start", restartOn: ofSocket },
    ],
  };
}

/** What all servers of a host share. */
export function renderHttpDefaults(): BundleFile[] {
  return [
    {
      path: socketDefaults,
      content: unitFile({
        // Several changes of one account within seconds must not end in "start was attempted too often".
        Unit: { StartLimitIntervalSec: "0" },
        Socket: {
          // The address is the account's by an AnyIP route that may come later.
          FreeBind: "yes",
          Backlog: "1024",
          NoDelay: "yes",
          // A limit of triggers would end the socket for good; ExecStopPost= of the sandbox slows down what fails.
          TriggerLimitIntervalSec: "0",
        },
      }),
    },
    { path: staticConfiguration, content: lighttpdConfiguration },
    { path: staticScript, content: asset("run-static.sh"), mode: 0o755 },
    { path: programScript, content: asset("run-program.sh"), mode: 0o755 },
  ];
}

function renderSocket(account: AccountContainerInputs, { name, listen }: HttpServerInputs): string {
  return unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number}` },
    Socket: { ListenStream: `[${plainAddress(listen.address)}]:${listen.port}` },
  });
}

/** The service's text, and the shared files it depends on. */
function renderService(account: AccountContainerInputs, server: HttpServerInputs): { text: string; shared: string[] } {
  switch (server.kind) {
    case "static":
      return { text: renderStatic(account, server), shared: [staticConfiguration, staticScript] };
    case "program":
      return { text: renderProgram(account, server), shared: [programScript] };
    default:
      return server satisfies never;
  }
}

function renderStatic(account: AccountContainerInputs, { name, root, idleSeconds }: Static): string {
  const common = accountSettings(account, `http-${name}`);
  return unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number} (static)` },
    Service: {
      ...common,
      BindReadOnlyPaths: [
        common.BindReadOnlyPaths,
        `${currentGeneration}/${staticConfiguration}:/etc/lighttpd/lighttpd.conf`,
        `${currentGeneration}/${staticScript}:${scriptInside}`,
      ],
      Environment: environmentLines({ FAIRHOST_ROOT: insideHome(account, root) }),
      ExecStart: execLine([scriptInside, `${idleSeconds}`]),
    },
  });
}

/**
 * The account's own variables travel as arguments, not in Environment=: they are for its program alone, not for the script
 * that runs it nor for whatever systemd may run beside it one day as root.
 */
function renderProgram(account: AccountContainerInputs, server: Program): string {
  const { name, listen, idleSeconds, socketActivation, environment } = server;
  const common = accountSettings(account, `http-${name}`);
  const given = { FAIRHOST_IDLE_SECONDS: `${idleSeconds}`, ...(!socketActivation && { PORT: `${listen.port}` }) };
  const own = assignments(environment);
  const run = [scriptInside, insideHome(account, server.directory), `${own.length}`, ...own];
  return unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number} (program)` },
    Service: {
      ...common,
      BindReadOnlyPaths: [
        common.BindReadOnlyPaths,
        ownRecords(account),
        `${currentGeneration}/${programScript}:${scriptInside}`,
      ],
      LoadCredential: `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
      Environment: environmentLines(given),
      ExecStart: execLine([...init, ...run, ...commandInside(account, server)]),
    },
  });
}

/** The program is an absolute path or one in the home. */
function commandInside(account: AccountContainerInputs, { command }: Program): string[] {
  const [program = "", ...rest] = command;
  return [program.startsWith("/") ? program : `${homeInside(account)}/${program}`, ...rest];
}

function asset(name: string): string {
  return readFileSync(join(import.meta.dirname, name), "utf8");
}

/** One configuration for every static server: what differs comes in the environment, the socket from systemd. */
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
