import type { BundleFile, BundleUnit } from "../../delivery/protocol/bundle.ts";
import {
  type DatabaseRecord,
  databaseRecords,
  type EngineName,
  engineNames,
  serverUnit,
  serverUser,
  socketDirectory,
} from "../../delivery/protocol/databases.ts";
import { unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { mountsFile } from "../account/account-paths.ts";
import { confined } from "../host/units/confined.ts";
import type { Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { type Engine, sayEnded } from "./engine.ts";
import { engines } from "./engines.ts";
import { localDirectory, localOfHost, localSocket, renderLocal } from "./local.ts";
import { passwordCredential, relaysOfHost, renderRelay, slotsFor, socketsDigest, tcpSocket } from "./tcp.ts";

export const renderer: Renderer<"databases"> = {
  key: "databases",
  whileSuspended: true,
  ofHost({ declaration, host }) {
    const own = declaration.databases.filter((database) => database.host === host.name);
    const parts = engineNames.map((name) => {
      return renderServer(
        engines[name],
        own.filter(({ engine }) => engine === name),
      );
    });
    // The uid of account number 0, which no account has. A state that an interrupted run left may have no network yet.
    const records = declaration.networks.flatMap(({ uidBase }) =>
      engineNames.filter((name) => engines[name].bringsUser).flatMap((name) => renderUser(name, uidBase)),
    );
    const say = ownText(import.meta.dirname, "scripts/say-ended.sh");
    const files = [
      { path: sayEnded, mode: 0o755, content: say } as const,
      ...relaysOfHost(),
      ...localOfHost(),
      ...parts.flatMap((part) => part.files),
      ...records,
    ];
    return { files, units: parts.flatMap(({ units }) => units) };
  },
  ofElements: ({ account, own }) => (own.databases.length > 0 ? renderOwn(account, own.databases) : { files: [] }),
};

/** User and group records (systemd's userdb, JSON) of a server whose packages make no user. */
function renderUser(engine: EngineName, uid: number): BundleFile[] {
  const name = serverUser(engine);
  const common = { disposition: "system" };
  const user = { ...common, userName: name, uid, gid: uid, homeDirectory: "/", shell: "/usr/sbin/nologin" };
  return [
    { path: `userdb/${name}.user`, content: `${JSON.stringify(user)}\n` },
    { path: `userdb/${uid}.user`, link: `${name}.user` },
    { path: `userdb/${name}.group`, content: `${JSON.stringify({ ...common, groupName: name, gid: uid })}\n` },
    { path: `userdb/${uid}.group`, link: `${name}.group` },
  ];
}

/** What the applier makes on the servers, and the sockets in the account's sandbox. */
function renderOwn(account: Hostless<"accounts">, databases: readonly Hostless<"databases">[]) {
  const { number, user, directory, suspended } = account;
  const record: DatabaseRecord = {
    account: number,
    user,
    directory,
    databases: databases.map(({ engine, name, connections, tcp }) => {
      return { engine, name: `${user}_${name}`, connections, ...(tcp && { tcp }) };
    }),
  };
  const used = engineNames.filter((name) => databases.some(({ engine }) => engine === name));
  const mounts = used.map((name) =>
    // Without `-` no program of the account would start while the server has a fault.
    engines[name].clientDirectories.map((path) => `-${localDirectory(name, number)}:${path}`).join(" "),
  );
  const overTcp = used.filter((name) => databases.some(({ engine, tcp }) => engine === name && tcp));
  const of = (name: EngineName) => databases.filter(({ engine }) => engine === name);
  const relays = [
    ...used.map((name) => renderLocal(account, name, of(name))),
    ...overTcp.map((name) => renderRelay(number, name, of(name))),
  ];
  const sockets = [...used.map((name) => localSocket(name, number)), ...overTcp.map((name) => tcpSocket(name, number))];
  const ofSockets = sockets.length > 0 && {
    Wants: sockets,
    // A change of this file restarts the account's programs.
    "X-Sockets": socketsDigest([...relays.flatMap(({ files }) => files), ...localOfHost(), ...relaysOfHost()]),
  };
  const files: BundleFile[] = [
    // What the applier finds no record of, it closes. What programs would mount and want stays: there are none, and systemd need not reload.
    ...(suspended ? [] : [{ path: `${databaseRecords}${number}`, content: `${JSON.stringify(record)}\n` }]),
    {
      path: mountsFile(account),
      content: unitFile({
        // At boot: the directory must be there when it is mounted.
        Unit: { ...ofSockets, After: [...used.map(serverUnit), ...sockets] },
        Service: {
          BindReadOnlyPaths: mounts,
          ...(overTcp.length > 0 && { LoadCredential: passwordCredential(number) }),
        },
      }),
    },
    ...(suspended ? [] : relays.flatMap((relay) => relay.files)),
  ];
  return { files, units: suspended ? [] : relays.flatMap(({ units }) => units) };
}

/**
 * Configuration of a server, and its unit if there is a database to keep. Who may connect is said on every host: the first
 * database of a host adds only the unit that the guard asks about.
 */
function renderServer(
  engine: Engine,
  databases: readonly Hostless<"databases">[],
): { files: BundleFile[]; units: BundleUnit[] } {
  const unit = serverUnit(engine.name);
  const watch = watchUnit(engine.name);
  const [path, pathOfWatch] = [`systemd/${unit}`, `systemd/${watch}`];
  const files = engine.files(slotsFor(databases));
  if (databases.length === 0) return { files: [...files], units: [] };
  const paths = files.map((file) => file.path);
  const ofWatch = (each: string) => each.endsWith("/watch");
  return {
    files: [
      ...files,
      { path, content: unitFile(server(engine)) },
      { path: pathOfWatch, content: unitFile(watcher(engine)) },
      ...[unit, watch].map((name) => ({ path: `systemd/multi-user.target.wants/${name}`, link: `../${name}` })),
    ],
    units: [
      { name: unit, want: "start", restartOn: [path, ...paths.filter((each) => !ofWatch(each))] },
      { name: watch, want: "start", restartOn: [pathOfWatch, ...paths.filter(ofWatch), sayEnded] },
    ],
  };
}

/**
 * A server of databases runs code of accounts (SQL), so it is shut in: no network, no capability, nothing to write but its data. It
 * has its share of the host beside the accounts, not the account's.
 */
function server({ name, word, service }: Engine) {
  return {
    Unit: {
      Description: `${word} for the databases of accounts`,
      RequiresMountsFor: "/srv/accounts",
      Wants: watchUnit(name),
      StartLimitIntervalSec: "0",
    },
    Service: {
      ...confined,
      RuntimeDirectory: socketDirectory(name).replace("/run/", ""),
      RuntimeDirectoryMode: "0755",
      // Running sandboxes have it mounted.
      RuntimeDirectoryPreserve: "yes",
      Restart: "always",
      RestartSec: "1s",
      RestartSteps: "5",
      RestartMaxDelaySec: "60s",
      TimeoutStartSec: "10min",
      TimeoutStopSec: "2min",
      // More than that is taken from sessions, not from the host.
      MemoryMax: "40%",
      OOMPolicy: "continue",
      TasksMax: "6000",
      UMask: "0077",
      SyslogIdentifier: name,
      // Accounts can make the server write: what is beyond that in half a minute is dropped.
      LogRateLimitIntervalSec: "30s",
      LogRateLimitBurst: "200",
      ReadWritePaths: "/srv/accounts",
      PrivateNetwork: "yes",
      RestrictAddressFamilies: "AF_UNIX",
      PrivateTmp: "disconnected",
      PrivateIPC: "yes",
      ProtectProc: "invisible",
      ProtectClock: "yes",
      ProtectHostname: "yes",
      ProtectKernelLogs: "yes",
      CapabilityBoundingSet: "",
      AmbientCapabilities: "",
      RestrictSUIDSGID: "yes",
      RestrictRealtime: "yes",
      LockPersonality: "yes",
      MemoryDenyWriteExecute: "yes",
      SystemCallArchitectures: "native",
      // To give up capabilities, also those that one has not.
      SystemCallFilter: ["@system-service", "~@privileged @resources", "capset"],
      SystemCallErrorNumber: "EPERM",
      ...service,
    },
  };
}

const watchUnit = (engine: EngineName) => serverUnit(engine).replace(".service", "-watch.service");

/** Looks at what no limit of an account's counts. It asks a server that runs code of accounts, so it is shut in too. */
function watcher({ name, word, watch }: Engine) {
  const server = serverUnit(name);
  return {
    Unit: {
      Description: `Bounds of what accounts share of ${word}`,
      RequiresMountsFor: "/srv/accounts",
      // It goes with its server, and comes back with it.
      PartOf: server,
      After: server,
      StartLimitIntervalSec: "0",
    },
    Service: {
      ...confined,
      ExecStart: watch.command,
      Restart: "always",
      RestartSec: "2s",
      MemoryMax: "64M",
      UMask: "0027",
      SyslogIdentifier: `${name}-watch`,
      LogRateLimitIntervalSec: "30s",
      LogRateLimitBurst: "50",
      PrivateNetwork: "yes",
      RestrictAddressFamilies: "AF_UNIX",
      CapabilityBoundingSet: watch.capabilities,
      ReadWritePaths: "/srv/accounts",
    },
  };
}
