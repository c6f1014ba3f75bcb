import { basename } from "node:path";
import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import type { EngineName } from "../../delivery/protocol/databases.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { socketSlice } from "../account/account-paths.ts";
import type { Hostless } from "../registry/kind.ts";
import { engines } from "./engines.ts";
import { afterNetwork, promised, relaySettings } from "./tcp.ts";

/**
 * Databases over a Unix socket, without a password: a socket of the account's own where Debian's clients look for one, and a relay to the server's
 * behind it. A server does not know whose a connection is before it has said so, and waits for that: who reaches its own socket can take the room of all
 * with connections that say nothing. The relay runs as the account, so the kernel tells the server whose it is.
 */

/** Drop-in for the relays of all accounts. */
const shared = "systemd/fairhost-database-local-.service.d/50-relay.conf";
const sharedOfSockets = "systemd/fairhost-database-local-.socket.d/50-relay.conf";

const nameOf = (engine: EngineName, account: number) => `fairhost-database-local-${engine}-${account}`;

/** The socket that programs of the account want before they start. */
export const localSocket = (engine: EngineName, account: number) => `${nameOf(engine, account)}.socket`;

/** Directory with nothing but the account's socket, which its programs see at the server's client directories. */
export const localDirectory = (engine: EngineName, account: number) => `/run/fairhost-databases/${engine}/${account}`;

/** Of a relay that runs as the account: a network of its own for each would take memory, and has nothing that a socket of this family can reach. */
const asAccount = { RestrictAddressFamilies: "AF_UNIX", IPAddressDeny: "any", RemoveIPC: "yes" };

/** What the relays of all accounts of a host share. */
export function localOfHost(): BundleFile[] {
  const { DynamicUser: _, PrivateNetwork: __, PrivateIPC: ___, ...Service } = relaySettings.Service;
  return [
    {
      path: shared,
      content: unitFile({ ...relaySettings, Service: { ...Service, ...asAccount } }),
    },
    {
      path: sharedOfSockets,
      content: unitFile({
        Unit: afterNetwork,
        // It would stop the socket for good while the server has a fault.
        Socket: { TriggerLimitIntervalSec: "0", PollLimitIntervalSec: "10s", PollLimitBurst: "5" },
      }),
    },
  ];
}

/** Socket and relay of an account for one server. @param databases of the account on that server */
export function renderLocal(
  { number, user }: Pick<Hostless<"accounts">, "number" | "user">,
  engine: EngineName,
  databases: readonly Hostless<"databases">[],
): { files: BundleFile[]; units: BundleUnit[] } {
  const name = nameOf(engine, number);
  const { word, socket: server } = engines[engine];
  const network = `fairhost-network@${number}.service`;
  const Description = `${word} for account ${number}`;
  const [service, socket] = [`systemd/${name}.service`, `systemd/${name}.socket`];
  return {
    files: [
      {
        path: socket,
        content: unitFile({
          // It comes with the account's first program and goes with its last, as its network does.
          Unit: { Description, PartOf: network, After: network },
          Socket: {
            Slice: socketSlice(number),
            ListenStream: `${localDirectory(engine, number)}/${basename(server)}`,
            SocketUser: user,
            SocketMode: "0600",
          },
        }),
      },
      {
        path: service,
        content: unitFile({
          Unit: { Description, PartOf: network },
          Service: {
            Slice: `account-${number}.slice`,
            User: user,
            ExecStart: `/usr/lib/systemd/systemd-socket-proxyd --exit-idle-time=10s --connections-max=${promised(databases)} ${server}`,
          },
        }),
      },
    ],
    units: [
      // Also with its socket: systemd starts none whose service runs, and the account's programs would have no database.
      { name: `${name}.service`, want: "on-demand", restartOn: [service, shared, socket, sharedOfSockets] },
      { name: `${name}.socket`, want: "on-demand", restartOn: [socket, sharedOfSockets] },
    ],
  };
}
