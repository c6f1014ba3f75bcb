import { type BundleFile, type BundleUnit, currentGeneration } from "../../host/bundle.ts";
import { accountSettings, homeInside, insideHome, ownRecords } from "../account/account-paths.ts";
import { sandboxFile } from "../account/render-sandbox.ts";
import type { AccountContainerInputs, HttpServerInputs } from "../declaration.ts";
import { environmentLines, execLine, plain, type Settings, unitFile } from "../host/unit-file.ts";

type Program = Extract<HttpServerInputs, { kind: "program" }>;

/** Bundle paths of what all servers share. */
const socketDefaults = "systemd/account-.socket.d/50-defaults.conf";
const staticConfiguration = "lighttpd/static.conf";

/** As PID 1 of its own namespace a program would neither stop on SIGTERM nor collect orphans: Debian's tini does both. */
const init = ["/usr/bin/tini", "--"];

/** Connections a proxied program is given at a time; more wait in the socket. A connection takes the proxy 6 descriptors. */
const proxiedConnections = 512;

/** Seconds a program may take until it listens. */
const startSeconds = 60;

/** Socket, service and link of one HTTP server; for a program that listens itself a proxy and the program. */
export function renderHttpServer(
  account: AccountContainerInputs,
  server: HttpServerInputs,
): { files: BundleFile[]; units: BundleUnit[] } {
  const { socket, socketFile } = renderSocket(account, server);
  const services = renderServices(account, server);
  const restartOn = [socketFile, sandboxFile, socketDefaults];
  return {
    files: [
      { path: socketFile, content: socket },
      { path: `systemd/fairhost.target.wants/${server.unit}.socket`, link: `../${server.unit}.socket` },
      ...services.map(({ name, content }) => ({ path: `systemd/${name}`, content })),
    ],
    units: [
      { name: `${server.unit}.socket`, want: "start", restartOn: [socketFile, socketDefaults] },
      ...services.map(({ name, alsoRestartOn }) => ({
        name,
        want: "on-demand" as const,
        restartOn: [`systemd/${name}`, ...restartOn, ...alsoRestartOn],
      })),
    ],
  };
}

/** What all servers of a host share. */
export function renderHttpDefaults(): BundleFile[] {
  return [
    {
      path: socketDefaults,
      content: unitFile({
        Socket: {
          // The address is the account's by an AnyIP route that may come later.
          FreeBind: "yes",
          Backlog: "1024",
          NoDelay: "yes",
          // A limit of triggers would end the socket for good; this one makes a program that ends at once wait.
          TriggerLimitIntervalSec: "0",
          PollLimitIntervalSec: "10s",
          PollLimitBurst: "10",
        },
      }),
    },
    { path: staticConfiguration, content: lighttpdConfiguration },
  ];
}

function renderSocket(account: AccountContainerInputs, { name, listen, unit }: HttpServerInputs) {
  const address = plain(listen.address, /[0-9a-f:]+/, "IPv6 address");
  const socketFile = `systemd/${plain(unit, /account-\d+-http-[a-z][a-z0-9-]*/, "unit name")}.socket`;
  const socket = unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number}` },
    Socket: { ListenStream: `[${address}]:${listen.port}` },
  });
  return { socket, socketFile };
}

interface Service {
  readonly name: string;
  readonly content: string;
  readonly alsoRestartOn: readonly string[];
}

function renderServices(account: AccountContainerInputs, server: HttpServerInputs): Service[] {
  const name = `${server.unit}.service`;
  switch (server.kind) {
    case "static":
      return [{ name, content: renderStatic(account, server.name, server), alsoRestartOn: [staticConfiguration] }];
    case "program":
      return server.socketActivation
        ? [{ name, content: renderActivated(account, server), alsoRestartOn: [] }]
        : renderProxied(account, server);
    default:
      return server satisfies never;
  }
}

/** Handed the socket, main process of its own PID namespace: systemd's LISTEN_PID is the outer number, inside it is 1. */
const mainProcessListens = '"LISTEN_PID=1"';

function renderStatic(
  account: AccountContainerInputs,
  name: string,
  { root, idleSeconds }: Extract<HttpServerInputs, { kind: "static" }>,
): string {
  const idle = idleSeconds > 0 ? ["-i", `${idleSeconds}`] : [];
  const configuration = "/etc/lighttpd/lighttpd.conf";
  const common = accountSettings(account, `http-${name}`);
  return unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number} (static)` },
    Service: {
      ...common,
      BindReadOnlyPaths: [common.BindReadOnlyPaths, `${currentGeneration}/${staticConfiguration}:${configuration}`],
      Environment: [...environmentLines({ FAIRHOST_ROOT: insideHome(account, root) }), mainProcessListens],
      ExecStart: execLine(["/usr/sbin/lighttpd", "-D", ...idle, "-f", configuration]),
    },
  });
}

function renderActivated(account: AccountContainerInputs, server: Program): string {
  // The program is tini's child: only it can know its own number.
  const listen = ["/bin/sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh"];
  return unitFile({
    Unit: { Description: `HTTP server ${server.name} of account ${account.number} (program)` },
    Service: {
      ...programSettings(account, server, { FAIRHOST_IDLE_SECONDS: `${server.idleSeconds}` }),
      ExecStart: execLine([...init, ...listen, ...commandInside(account, server)]),
    },
  });
}

/** The proxy is what the socket starts and what ends when idle; it needs the program, which stops when nothing needs it. */
function renderProxied(account: AccountContainerInputs, server: Program): Service[] {
  const { name, listen, idleSeconds } = server;
  const proxy = `${server.unit}.service`;
  const program = `account-${account.number}-program-${name}.service`;
  const programUnit = unitFile({
    Unit: { Description: `Program ${name} of account ${account.number}`, StopWhenUnneeded: "yes" },
    Service: {
      ...programSettings(account, server, { PORT: `${listen.port}`, FAIRHOST_IDLE_SECONDS: `${idleSeconds}` }),
      ExecStart: execLine([...init, ...commandInside(account, server)]),
      ExecStartPost: execLine(["/bin/sh", "-c", untilListening(listen.port)]),
      TimeoutStartSec: `${startSeconds}s`,
      Restart: "on-failure",
      RestartSec: "1s",
      RestartSteps: "5",
      RestartMaxDelaySec: "30s",
    },
  });
  const proxyUnit = unitFile({
    // Wants, not Requires: without its program the proxy still answers, by closing the connection: 502 at once.
    Unit: {
      Description: `HTTP server ${name} of account ${account.number} (proxy)`,
      Wants: program,
      After: program,
      JoinsNamespaceOf: program,
    },
    Service: {
      ...accountSettings(account, `http-${name}`),
      Environment: mainProcessListens,
      LimitNOFILE: `${proxiedConnections * 8}`,
      ExecStart: execLine(["/bin/sh", "-c", proxyTo(listen.port, idleSeconds)]),
    },
  });
  return [
    { name: proxy, content: proxyUnit, alsoRestartOn: [`systemd/${program}`] },
    { name: program, content: programUnit, alsoRestartOn: [] },
  ];
}

function programSettings(account: AccountContainerInputs, server: Program, given: Record<string, string>): Settings {
  const common = accountSettings(account, `http-${server.name}`);
  return {
    ...common,
    WorkingDirectory: insideHome(account, server.directory),
    BindReadOnlyPaths: [common.BindReadOnlyPaths, ownRecords(account)],
    LoadCredential: `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
    Environment: environmentLines({ ...server.environment, ...given }),
  };
}

/** The program is an absolute path or one in the home. */
function commandInside(account: AccountContainerInputs, { command }: Program): string[] {
  const [program = "", ...rest] = command;
  return [program.startsWith("/") ? program : `${homeInside(account)}/${program}`, ...rest];
}

/** Waits until someone in this network listens on the port, without waking the program by a connection (proc_net_tcp). */
function untilListening(port: number): string {
  const listening = ` [0-9A-F]*:${hexPort(port)} [0-9A-F]*:0000 0A `;
  return `until grep -qs '${listening}' /proc/net/tcp /proc/net/tcp6; do sleep 0.02; done`;
}

/** A program that listens on [::1] alone is reached there, any other on 127.0.0.1. */
function proxyTo(port: number, idleSeconds: number): string {
  const onlyIpv6 = ` 0\\{24\\}01000000:${hexPort(port)} 0*:0000 0A `;
  const idle = idleSeconds > 0 ? `--exit-idle-time=${idleSeconds}s ` : "";
  return (
    `host=127.0.0.1; if grep -qs '${onlyIpv6}' /proc/net/tcp6; then host='[::1]'; fi; ` +
    `exec /usr/lib/systemd/systemd-socket-proxyd ${idle}--connections-max=${proxiedConnections} "$host:${port}"`
  );
}

function hexPort(port: number): string {
  return port.toString(16).toUpperCase().padStart(4, "0");
}

/** One configuration for every static server: what differs comes in the environment, the socket from systemd. */
const lighttpdConfiguration = `# Static HTTP server of an account: started by its socket, ends itself when idle (-i).
server.systemd-socket-activation = "enable"
server.document-root = env.FAIRHOST_ROOT
server.modules = ( "mod_staticfile" )
server.tag = ""
index-file.names = ( "index.html", "index.htm" )
dir-listing.activate = "disable"
# No inotify or FAM, no spool on disk: request bodies have no use here.
server.max-request-size = 64
server.max-keep-alive-requests = 100
`;
