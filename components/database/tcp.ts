import { createHash } from "node:crypto";
import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import { type EngineName, serverUnit } from "../../delivery/protocol/databases.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { socketSlice } from "../account/account-paths.ts";
import { confined, relayed } from "../host/units/confined.ts";
import type { Hostless } from "../registry/kind.ts";
import { engines } from "./engines.ts";

/**
 * Databases over TCP, by password: a socket on the loopback of the account's own network, and a relay to the server behind it, which runs
 * only while connections are open. The server does not take the relay for an account, so it asks for the password.
 */

/** Drop-ins for the relays of all accounts. */
const shared = {
  service: "systemd/fairhost-database-.service.d/50-relay.conf",
  socket: "systemd/fairhost-database-.socket.d/50-relay.conf",
} as const;

/** Name of an account's units for one server, without suffix. */
const nameOf = (engine: EngineName, account: number) => `fairhost-database-${engine}-${account}`;

/** The socket that programs of the account want before they start. */
export const tcpSocket = (engine: EngineName, account: number) => `${nameOf(engine, account)}.socket`;

/** Credential of the account's units with the password (host/store/secrets.ts). */
export const passwordCredential = (account: number) =>
  `database-password:/var/lib/fairhost/secrets/databases/${account}`;

/** Connections that an account may have on one server. @param databases of the account on that server */
export const promised = (databases: readonly Pick<Hostless<"databases">, "connections">[]) =>
  databases.reduce((all, { connections }) => all + connections, 0);

/**
 * Connections that a server must have room for: what relays let through, over a Unix socket and over TCP. Until a connection has said who it is, the
 * server does not know whose limit it counts for.
 */
export function slotsFor(databases: readonly Hostless<"databases">[]): number {
  const parts = [...Map.groupBy(databases, ({ account }) => account).values()];
  // A relay takes one more, which hears from the server that there are too many.
  return parts.reduce((all, own) => all + (promised(own) + 1) * (own.some(({ tcp }) => tcp) ? 2 : 1), 0);
}

/** Changes with the sockets of an account, which a deploy then stops: only a program that starts brings them back. @param files of relays, those that all share too */
export function socketsDigest(files: readonly BundleFile[]): string {
  const sockets = files.filter(({ path }) => path.includes(".socket"));
  return createHash("sha256").update(JSON.stringify(sockets)).digest("hex").slice(0, 16);
}

/** What the relays of all accounts of a host share. */
export function relaysOfHost(): BundleFile[] {
  return [
    { path: shared.service, content: unitFile(relaySettings) },
    { path: shared.socket, content: unitFile(socketSettings) },
  ];
}

/** Socket and relay of an account for one server. @param databases of the account on that server */
export function renderRelay(
  number: number,
  engine: EngineName,
  databases: readonly Hostless<"databases">[],
): { files: BundleFile[]; units: BundleUnit[] } {
  const name = nameOf(engine, number);
  const { word, port, answersAt } = engines[engine];
  const server = serverUnit(engine);
  const network = `fairhost-network@${number}.service`;
  const Description = `${word} over TCP for account ${number}`;
  const [service, socket] = [`systemd/${name}.service`, `systemd/${name}.socket`];
  return {
    files: [
      {
        path: socket,
        content: unitFile({
          // Not Requires=: it would keep the network of an account that sleeps.
          Unit: { Description, JoinsNamespaceOf: network, PartOf: network, After: network },
          Socket: { Slice: socketSlice(number), ListenStream: [`127.0.0.1:${port}`, `[::1]:${port}`] },
        }),
      },
      {
        path: service,
        content: unitFile({
          // BindsTo=: nobody can join the namespace of a server that was started anew.
          Unit: { Description, JoinsNamespaceOf: server, BindsTo: server, PartOf: network, After: server },
          Service: {
            Slice: `account-${number}.slice`,
            ExecStart: `/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=10s --connections-max=${promised(databases)} ${answersAt}`,
          },
        }),
      },
    ],
    units: [
      // Also with its socket: systemd starts none whose service runs.
      { name: `${name}.service`, want: "on-demand", restartOn: [service, shared.service, socket, shared.socket] },
      { name: `${name}.socket`, want: "on-demand", restartOn: [socket, shared.socket] },
    ],
  };
}

/** Of a relay to a server of databases. */
export const relaySettings = {
  Unit: { CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
  Service: {
    ...confined,
    ...relayed,
    Type: "notify",
    // A user that no server of databases knows.
    DynamicUser: "yes",
    SyslogIdentifier: "fairhost-database",
    // It says each connection that fails.
    LogRateLimitIntervalSec: "30s",
    LogRateLimitBurst: "20",
    LimitNOFILE: "40000",
    PrivateNetwork: "yes",
    PrivateIPC: "yes",
    PrivateTmp: "disconnected",
    ProtectProc: "invisible",
    CapabilityBoundingSet: "",
    RestrictAddressFamilies: "AF_UNIX AF_INET",
    MemoryDenyWriteExecute: "yes",
    SystemCallArchitectures: "native",
    SystemCallFilter: ["@system-service", "~@privileged @resources"],
    TasksMax: "20",
  },
};

/**
 * Of sockets that come after the network of their account: by default a socket comes before the host is up (sockets.target), and that network after it, which is
 * a cycle (systemd.socket(5), "Default Dependencies").
 */
export const afterNetwork = {
  StartLimitIntervalSec: "0",
  DefaultDependencies: "no",
  Conflicts: "shutdown.target",
  Before: "shutdown.target",
};

const socketSettings = {
  Unit: afterNetwork,
  Socket: {
    PrivateNetwork: "yes",
    PrivateIPC: "yes",
    NoDelay: "yes",
    // It would stop the socket for good while the server has a fault.
    TriggerLimitIntervalSec: "0",
    PollLimitIntervalSec: "10s",
    PollLimitBurst: "5",
  },
};
