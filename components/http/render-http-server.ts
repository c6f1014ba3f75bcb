import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { once } from "../../lib/once.ts";
import { plain, plainAddress, unitFile } from "../../lib/unit-file.ts";
import { sandboxFile } from "../account/render-sandbox.ts";
import type { Element } from "../registry/kind.ts";
import type { Renderer } from "../registry/renderer.ts";
import type { HttpServer, ServerKind } from "./server.ts";
import { servers } from "./servers.generated.ts";

/** Drop-in for the sockets of all servers. */
const socketDefaults = "systemd/account-.socket.d/50-defaults.conf";

const plainUnit = plain(/account-\d+-http-[a-z][a-z0-9-]*/, "unit name");

export const renderer: Renderer<"httpServers"> = {
  key: "httpServers",
  ofHost: () => ({ files: renderHttpDefaults() }),
  ofElement: (server, { account }) => renderHttpServer(account, server),
};

/** Socket, service and link of one HTTP server, in the order of their paths. */
export function renderHttpServer(
  account: Element<"accounts">,
  server: HttpServer,
): { files: BundleFile[]; units: BundleUnit[] } {
  const unit = plainUnit(server.unit);
  const socket = `${unit}.socket`;
  const service = `${unit}.service`;
  const pathOfSocket = `systemd/${socket}`;
  const pathOfService = `systemd/${service}`;
  const ofSocket = [pathOfSocket, socketDefaults];
  const kind: ServerKind = servers[server.kind] as ServerKind;
  const shared = sharedPaths(kind);
  return {
    files: [
      { path: pathOfService, content: kind.service(account, server) },
      { path: pathOfSocket, content: renderSocket(account, server) },
      { path: `systemd/fairhost.target.wants/${socket}`, link: `../${socket}` },
    ],
    units: [
      { name: service, want: "on-demand", restartOn: [pathOfService, sandboxFile, ...shared, ...ofSocket] },
      { name: socket, want: "start", restartOn: ofSocket },
    ],
  };
}

/** Paths of the files that all servers of a kind share: read once, not for each server. */
const sharedPaths = once((kind: ServerKind) => kind.shared().map(({ path }) => path));

/** Files that all servers of a host share. */
export function renderHttpDefaults(): BundleFile[] {
  return [
    {
      path: socketDefaults,
      content: unitFile({
        // Several changes of one account within seconds must not fail with "start was attempted too often".
        Unit: { StartLimitIntervalSec: "0" },
        Socket: {
          // The AnyIP route for the account's address may be set later.
          FreeBind: "yes",
          Backlog: "1024",
          NoDelay: "yes",
          // A trigger limit would stop the socket permanently; ExecStopPost= of the sandbox slows down failing services.
          TriggerLimitIntervalSec: "0",
        },
      }),
    },
    ...Object.values(servers).flatMap((kind) => kind.shared()),
  ];
}

function renderSocket(account: Element<"accounts">, { name, listen }: HttpServer): string {
  return unitFile({
    Unit: { Description: `HTTP server ${name} of account ${account.number}` },
    Socket: { ListenStream: `[${plainAddress(listen.address)}]:${listen.port}` },
  });
}
