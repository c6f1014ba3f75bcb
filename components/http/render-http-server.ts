import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { byKey } from "../../lib/lists.ts";
import { once } from "../../lib/once.ts";
import { gaveUp } from "../../lib/systemd/gave-up.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { socketSlice } from "../account/account-paths.ts";
import { sandboxFiles } from "../account/sandbox/render-sandbox.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { connections } from "./front-end/connections.ts";
import { type HttpServer, type ServerKind, socketOf, unitOf } from "./kinds/server.ts";
import { servers } from "./kinds/servers.generated.ts";
import { memoryOfStart } from "./program/start-memory.ts";
import { startFiles, startUnit } from "./program/start-slots.ts";

/** Template of the units that make a failed socket anew; its instance is the socket's name without suffix. */
const newSocket = "fairhost-new-socket@";
const newSocketFile = `systemd/${newSocket}.service`;
const newSocketUnit: BundleUnit = { name: `${newSocket}.service`, want: "on-demand", restartOn: [newSocketFile] };

/** Drop-in for the sockets of all servers. */
const socketDefaults = "systemd/account-.socket.d/50-defaults.conf";

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofHost: () => ({ files: renderHttpDefaults(), units: [newSocketUnit, startUnit] }),
  ofElement: (server, { account }) => renderHttpServer(account, server),
};

/** Socket, service and link of one HTTP server, in the order of their paths. */
function renderHttpServer(
  account: Hostless<"accounts">,
  server: HttpServer,
): { files: BundleFile[]; units: BundleUnit[] } {
  const unit = unitOf(server);
  const socket = `${unit}.socket`;
  const service = `${unit}.service`;
  const pathOfSocket = `systemd/${socket}`;
  const pathOfService = `systemd/${service}`;
  const ofSocket = [pathOfSocket, socketDefaults];
  const kind = kindOf(server);
  if (!kind.service) return { files: [], units: [] };
  const shared = sharedPaths(kind);
  const alwaysOn = server.idleSeconds === 0;
  const wanted = alwaysOn ? [service, socket] : [socket];
  return {
    files: [
      { path: pathOfService, content: kind.service(account, server) },
      { path: pathOfSocket, content: renderSocket(account, server) },
      ...wanted.map((name) => ({ path: `systemd/fairhost.target.wants/${name}`, link: `../${name}` })),
    ],
    units: [
      {
        name: service,
        want: alwaysOn ? "start" : "on-demand",
        restartOn: [pathOfService, ...sandboxFiles(account), ...shared, ...ofSocket],
      },
      { name: socket, want: "start", restartOn: ofSocket },
    ],
  };
}

/** The kind of a server. */
export function kindOf(server: HttpServer): ServerKind {
  return servers[server.kind] as ServerKind;
}

/** Paths of the files that all servers of a kind share: read once, not for each server. */
const sharedPaths = once((kind: ServerKind) => kind.shared().map(({ path }) => path));

/** Files that all servers of a host share. */
export function renderHttpDefaults(): BundleFile[] {
  return [
    {
      path: socketDefaults,
      content: unitFile({
        Unit: {
          // Several changes of one account within seconds must not fail with "start was attempted too often".
          StartLimitIntervalSec: "0",
          // A program can shut down the socket that it takes over (shutdown(2)), for good and for everybody.
          OnFailure: `${newSocket}%N.service`,
        },
        Socket: {
          // Only the front end connects. A program that takes its socket over can do nothing with it but accept: unlike a TCP socket, a
          // Unix socket cannot be taken apart by connect(AF_UNSPEC) and bound elsewhere.
          SocketUser: "root",
          SocketGroup: "www-data",
          SocketMode: "0660",
          RemoveOnStop: "yes",
          Backlog: `${connections.queue}`,
          // A trigger limit would stop the socket permanently; the sandbox slows down failing services (components/account/sandbox/say-ended.sh).
          TriggerLimitIntervalSec: "0",
        },
      }),
    },
    {
      path: newSocketFile,
      content: unitFile({
        Unit: { Description: "Makes socket %i anew after a failure", CollectMode: "inactive-or-failed" },
        // No more often than every five seconds, whatever the program does; not of a server that is not to be started again.
        Service: {
          Type: "oneshot",
          TimeoutStartSec: "300",
          // No answer is not an answer: systemd gives none while it reads its units again.
          ExecCondition: `/bin/sh -c 'until status=$(systemctl show -P ExecMainStatus %i.service); do sleep 1; done; [ "$$status" != ${gaveUp} ]'`,
          ExecStartPre: "/usr/bin/sleep 5",
          ExecStart: "/usr/bin/systemctl --no-block start %i.socket",
        },
      }),
    },
    ...startFiles(memoryOfStart),
    ...byKey(
      Object.values(servers).flatMap((kind) => kind.shared()),
      ({ path }) => path,
    ).values(),
  ];
}

function renderSocket(account: Hostless<"accounts">, server: HttpServer): string {
  return unitFile({
    Unit: { Description: `HTTP server ${server.name} of account ${account.number}` },
    Socket: { Slice: socketSlice(account.number), ListenStream: socketOf(server) },
  });
}
