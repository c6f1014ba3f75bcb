import { type BundleFile, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { plainAddress, unitFile } from "../../lib/systemd/unit-file.ts";
import { socketSlice } from "../account/account-paths.ts";
import { networkOf } from "../account-network/render-account-network.ts";
import { confined, relayed } from "../host/units/confined.ts";
import type { Hostless } from "../registry/kind.ts";
import { connections, sshListens } from "./bounds.ts";

type Account = Hostless<"accounts">;

/** Drop-ins for the relays of all accounts, and their slice. */
export const relayFiles = {
  service: "systemd/fairhost-ssh-.service.d/50-relay.conf",
  socket: "systemd/fairhost-ssh-.socket.d/50-relay.conf",
  slice: "systemd/fairhost-ssh.slice",
} as const;

/** What the relays of all accounts of a host share. */
export const relaysOfHost = (): BundleFile[] => [
  { path: relayFiles.service, content: unitFile(relaySettings) },
  { path: relayFiles.socket, content: unitFile(relaySocketSettings) },
  { path: relayFiles.slice, content: unitFile(relaySlice) },
];

/** systemd counts connections by address alone (MaxConnectionsPerSource=). */
const oneOfVisitor = `${currentGeneration}/libexec/one-of-visitor`;

/** Path of the socket on which an account's SSH is reached inside the host: open to the relay, by its group, and to the front end. */
export function socketPath({ number }: Account): string {
  return `/run/fairhost-ssh/${number}`;
}

/** The account's SSH as it is seen from outside. */
export function relaySocket(account: Account, address: string) {
  return {
    Unit: { Description: `SSH of account ${account.number}` },
    Socket: { Slice: socketSlice(account.number), ListenStream: `[${plainAddress(address)}]:${sshListens}` },
  };
}

/**
 * Carries the octets of one connection. So no socket of the host's network gets into the account, where a program could make it listen or
 * call in the host's name. The name that it gives itself is the visitor's address, which OpenSSH writes into its log.
 */
export function relayUnit(account: Account) {
  return {
    Unit: {
      Description: `Connection to SSH of account ${account.number}`,
      // The session waits for the account's network: it is made beside the relay.
      Wants: networkOf(account.number),
    },
    Service: {
      ExecStart: `${oneOfVisitor} ${connections.source} /usr/bin/socat -b65536 STDIO "UNIX-CONNECT:${socketPath(account)},bind=/tmp/\${REMOTE_ADDR}"`,
    },
  };
}

const relaySettings = {
  Unit: { CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
  Service: {
    ...confined,
    ...relayed,
    Type: "exec",
    Slice: "fairhost-ssh.slice",
    DynamicUser: "yes",
    // The group that may connect to sockets of accounts (components/http/render-http-server.ts).
    SupplementaryGroups: "www-data",
    StandardInput: "socket",
    StandardOutput: "socket",
    StandardError: "journal",
    SyslogIdentifier: "fairhost-ssh",
    LogRateLimitIntervalSec: "30s",
    LogRateLimitBurst: "20",
    // The name of its end of the connection is a file there.
    PrivateTmp: "disconnected",
    ProtectProc: "invisible",
    ProcSubset: "pid",
    CapabilityBoundingSet: "",
    RestrictAddressFamilies: "AF_UNIX",
    MemoryDenyWriteExecute: "yes",
    SystemCallArchitectures: "native",
    SystemCallFilter: ["@system-service", "~@privileged @resources"],
    MemoryMax: "16M",
    TasksMax: "2",
  },
};

/** `[Socket]` settings of what strangers may open at an account's address: each connection has a unit of its own. */
export const strangersSocket = {
  // systemd makes a socket in a child, which for a moment has the others that were open then. Restarted meanwhile, one of those would meet itself:
  // "Address already in use" (5 of 12 times where all sockets of three accounts are restarted at once). Only root can share the port.
  ReusePort: "yes",
  Accept: "yes",
  NoDelay: "yes",
  MaxConnections: `${connections.account}`,
  MaxConnectionsPerSource: `${connections.source}`,
  // It would stop the socket for good.
  TriggerLimitIntervalSec: "0",
  PollLimitIntervalSec: "10s",
  PollLimitBurst: `${connections.begun}`,
} as const;

const relaySocketSettings = {
  Unit: { StartLimitIntervalSec: "0" },
  Socket: {
    // The account's whole /64 is on `lo`, without each of its addresses.
    FreeBind: "yes",
    // Connections to another port are led to it (tproxy of nft(8)).
    Transparent: "yes",
    ...strangersSocket,
  },
};

/** Of all accounts together: more connections than that are refused, and the host keeps its memory. */
const relaySlice = {
  Unit: { Description: "Connections to SSH of accounts" },
  // Among what a host does for accounts, before looks into backups; how much that is together says `fairhost.slice`.
  Slice: { CPUWeight: "100", MemoryMax: "1G", TasksMax: "2000" },
};
