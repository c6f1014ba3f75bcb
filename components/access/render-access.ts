import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { execLine, plain, plainAddress, unitFile } from "../../lib/unit-file.ts";
import { accountSettings, homeInside, init, insideHome, logs, ownRecords } from "../account/account-paths.ts";
import { netlinkSettings } from "../account/netlink-filter.ts";
import { sandboxFiles } from "../account/render-sandbox.ts";
import { architectureOf } from "../host/architecture.ts";
import { confined } from "../host/confined.ts";
import type { Element } from "../registry/kind.ts";
import type { AccountContext, Renderer } from "../registry/renderer.ts";
import { checkFiles, checkSocket, renderCheck } from "./check-passwords.ts";
import { renderConfinedSftp, sftpSocket, withSystemCalls } from "./confined-sftp.ts";
import { connections, sshListens } from "./links.ts";
import {
  accountConfiguration,
  commonConfiguration,
  hasPasswords,
  inside,
  isConfined,
  logsIn,
  pam,
} from "./sshd-configuration.ts";
import { renderWebdav, webdavFiles } from "./webdav.ts";

type Account = Element<"accounts">;
type User = Element<"users">;

/** Programs, by the name that a session has for them or that their unit runs. */
const scripts = {
  "run-ssh": "run-ssh.sh",
  "ask-password": "ask-password.sh",
  "check-password": "check-password.pl",
} as const;
const configuration = "access/sshd.conf";
const pamFolder = "access/pam.d";
/** Drop-ins for the relays of all accounts, and their slice. */
const relayFiles = {
  service: "systemd/fairhost-ssh-.service.d/50-relay.conf",
  socket: "systemd/fairhost-ssh-.socket.d/50-relay.conf",
  slice: "systemd/fairhost-ssh.slice",
} as const;

export const renderer: Renderer<"users"> = {
  key: "users",
  ofHost: ({ host }) => ({
    files: [
      ...Object.entries(scripts).map(([name, file]) => ({
        path: `libexec/${name}`,
        content: readFileSync(join(import.meta.dirname, file), "utf8"),
        mode: 0o755,
      })),
      withSystemCalls(architectureOf(host), "run-sftp"),
      ...webdavFiles(architectureOf(host)),
      ...checkFiles,
      { path: configuration, content: commonConfiguration() },
      { path: `${pamFolder}/sshd`, content: pam },
      { path: relayFiles.service, content: unitFile(relaySettings) },
      { path: relayFiles.socket, content: unitFile(relaySocketSettings) },
      { path: relayFiles.slice, content: unitFile(relaySlice) },
    ],
  }),
  ofElements: (whole) => {
    const { account, address, own } = whole;
    const users = own.users.filter(logsIn);
    const [ssh, webdav] = [users.length > 0 ? renderAccess(account, address, users) : nothing, renderWebdav(whole)];
    return { files: [...ssh.files, ...webdav.files], units: [...ssh.units, ...webdav.units] };
  },
};

function renderAccess(
  account: Account,
  address: AccountContext["address"],
  users: readonly User[],
): { files: BundleFile[]; units: BundleUnit[] } {
  const { number } = account;
  const folder = `access/${number}`;
  const own: BundleFile[] = [
    { path: `${folder}/sshd.conf`, content: accountConfiguration(users) },
    ...users.flatMap((user) => [
      ...(user.keys.length > 0
        ? [{ path: `${folder}/keys/${plainName(user.name)}`, content: `${user.keys.join("\n")}\n` }]
        : []),
      { path: userFile(account, user), content: `${JSON.stringify(userRecord(account, user))}\n` },
      { path: `${userFile(account, user)}-privileged`, content: `${JSON.stringify(privileged)}\n` },
    ]),
  ];
  const check = renderCheck(account, users);
  const ownPaths = own.map((file) => file.path);
  const sftp = users.some(isConfined) ? renderConfinedSftp(account, recordsOf(account, users), ownPaths) : nothing;
  const session = `account-${number}-ssh`;
  const relay = `fairhost-ssh-${number}`;
  const path = (unit: string) => `systemd/${unit}`;
  const units = {
    [`${session}@.service`]: sessionUnit(account, users),
    [`${session}.socket`]: sessionSocket(account),
    [`${relay}@.service`]: relayUnit(account),
    [`${relay}.socket`]: relaySocket(account, address.address),
  };
  const sockets = [`${session}.socket`, `${relay}.socket`];
  const passwords = check.files.filter(({ path: file }) => file.startsWith("access/")).map(({ path: file }) => file);
  return {
    files: [
      ...own,
      ...check.files,
      ...sftp.files,
      ...Object.entries(units).map(([name, sections]) => ({ path: path(name), content: unitFile(sections) })),
      ...sockets.map((name) => ({ path: path(`fairhost.target.wants/${name}`), link: `../${name}` })),
    ],
    units: [
      ...check.units,
      ...sftp.units,
      {
        name: `${session}@.service`,
        want: "on-demand",
        // Whoever is removed, or has lost a key, is logged out.
        restartOn: [
          path(`${session}@.service`),
          ...Object.keys(scripts).map((name) => `libexec/${name}`),
          ...[configuration, `${pamFolder}/sshd`, ...ownPaths, ...passwords],
          ...sandboxFiles(account),
        ],
      },
      { name: `${relay}@.service`, want: "on-demand", restartOn: [path(`${relay}@.service`), relayFiles.service] },
      ...sockets.map((name) => ({ name, want: "start" as const, restartOn: [path(name), relayFiles.socket] })),
    ],
  };
}

const plainName = plain(/[a-z][a-z0-9_-]*/, "user name");

function userFile({ number }: Account, user: User): string {
  return `access/${number}/users/${plainName(user.name)}.user`;
}

const nothing = { files: [], units: [] };
const current = (path: string, place: string) => `${currentGeneration}/${path}:${place}`;

/** Mounts the records of the account and of its users. */
function recordsOf(account: Account, users: readonly User[]): string[] {
  return [
    ownRecords(account),
    ...users.map((user) =>
      ["user", "user-privileged"]
        .map((end) => current(`access/${account.number}/users/${user.name}.${end}`, `/etc/userdb/${user.name}.${end}`))
        .join(" "),
    ),
  ];
}

/** systemd's userdb, as for the account itself: the same uid, another name. */
function userRecord(account: Account, user: User) {
  return {
    userName: user.name,
    uid: account.uid,
    gid: account.gid,
    homeDirectory: insideHome(account, user.directory),
    // Of a confined user only what the server itself starts is run, by a shell that reads nothing in the home before.
    shell: isConfined(user) ? "/bin/sh" : "/bin/bash",
  };
}

/** A password that nothing matches. Without one the user counts as locked, for logins by key too. */
const privileged = { privileged: { hashedPassword: ["*"] } };

/** Path of the socket on which an account's SSH is reached inside the host: open to the relay, by its group, and to the front end. */
function socketPath({ number }: Account): string {
  return `/run/fairhost-ssh/${number}`;
}

/** One connection: OpenSSH's own server in the account's sandbox and network, as the account's uid. */
function sessionUnit(account: Account, users: readonly User[]) {
  const { StandardOutput: _, ...common } = accountSettings(account, "ssh");
  return {
    Unit: { Description: `SSH of account ${account.number}`, CollectMode: "inactive-or-failed" },
    Service: {
      ...common,
      BindReadOnlyPaths: [
        common.BindReadOnlyPaths,
        ...recordsOf(account, users),
        [
          current("libexec/run-ssh", inside.script),
          current(configuration, inside.common),
          current(`access/${account.number}`, inside.own),
        ].join(" "),
        ...(hasPasswords(users)
          ? [
              current(pamFolder, "/etc/pam.d"),
              current("libexec/ask-password", inside.askPassword),
              `${checkSocket(account)}:${inside.password}`,
            ]
          : []),
        ...(users.some(isConfined) ? [`${sftpSocket(account)}:${inside.sftp}`] : []),
        netlinkSettings.bind,
      ],
      RestrictAddressFamilies: netlinkSettings.addressFamilies,
      LoadCredential: [
        `ssh-host-key:/var/lib/fairhost/secrets/ssh/${account.number}`,
        `account-secret:/var/lib/fairhost/secrets/accounts/${account.number}`,
      ],
      StandardInput: "socket",
      StandardOutput: "socket",
      StandardError: `append:${account.directory}/${logs}/ssh.log`,
      // A login that was refused, or that took too long (sshd.h: EXIT_AUTH_ATTEMPTED, EXIT_LOGIN_GRACE).
      SuccessExitStatus: "3 5 255",
      // A connection that could not be started is over: nothing of it can be started again.
      RestartPreventExitStatus: Array.from({ length: 46 }, (_each, index) => 200 + index).join(" "),
      OOMPolicy: "continue",
      ExecStart: execLine([
        ...netlinkSettings.command,
        ...init,
        ...[inside.script, `${inside.own}/sshd.conf`, homeInside(account)],
      ]),
    },
  };
}

function sessionSocket(account: Account) {
  return {
    Unit: { Description: `SSH of account ${account.number}, inside the host` },
    Socket: {
      ListenStream: socketPath(account),
      Accept: "yes",
      MaxConnections: `${connections.account}`,
    },
  };
}

/** The account's SSH as it is seen from outside. */
function relaySocket(account: Account, address: string) {
  return {
    Unit: { Description: `SSH of account ${account.number}` },
    Socket: { ListenStream: `[${plainAddress(address)}]:${sshListens}` },
  };
}

/**
 * Carries the octets of one connection. So no socket of the host's network gets into the account, where a program could make it listen or
 * call in the host's name. The name that it gives itself is the visitor's address, which OpenSSH writes into its log.
 */
function relayUnit(account: Account) {
  return {
    Unit: { Description: `Connection to SSH of account ${account.number}` },
    Service: {
      ExecStart: `/usr/bin/socat -b65536 STDIO "UNIX-CONNECT:${socketPath(account)},bind=/tmp/\${REMOTE_ADDR}"`,
    },
  };
}

const relaySettings = {
  Unit: { CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
  Service: {
    ...confined,
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
    CapabilityBoundingSet: "",
    RestrictAddressFamilies: "AF_UNIX",
    MemoryDenyWriteExecute: "yes",
    SystemCallArchitectures: "native",
    SystemCallFilter: ["@system-service", "~@privileged @resources"],
    MemoryMax: "16M",
    TasksMax: "2",
  },
};

const relaySocketSettings = {
  Unit: { StartLimitIntervalSec: "0" },
  Socket: {
    // The account's whole /64 is on `lo`, without each of its addresses.
    FreeBind: "yes",
    // Connections to another port are led to it (tproxy of nft(8)).
    Transparent: "yes",
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
  },
};

/** Of all accounts together: more connections than that are refused, and the host keeps its memory. */
const relaySlice = {
  Unit: { Description: "Connections to SSH of accounts" },
  Slice: { MemoryMax: "1G", TasksMax: "2000" },
};
