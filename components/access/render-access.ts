import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { execLine, plain, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { accountSettings, homeInside, init, insideHome, logs, socketSlice } from "../account/account-paths.ts";
import { renderRecords } from "../account/render-account.ts";
import { netlinkSettings } from "../account/sandbox/netlink-filter.ts";
import { sandboxFiles } from "../account/sandbox/render-sandbox.ts";
import { architectureOf } from "../host/hardware/architecture.ts";
import type { AccountContext, Renderer } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { connections } from "./bounds.ts";
import { renderConfinedSftp, sftpSocket, withSystemCalls } from "./files/confined-sftp.ts";
import { renderWebdav, webdavFiles } from "./files/webdav.ts";
import { checkFiles, checkSocket, renderCheck } from "./passwords/check-passwords.ts";
import { relayFiles, relaySocket, relaysOfHost, relayUnit, socketPath } from "./relay.ts";
import {
  accountConfiguration,
  commonConfiguration,
  hasPasswords,
  inside,
  isConfined,
  logsIn,
  pam,
} from "./ssh/sshd-configuration.ts";

type Account = Hostless<"accounts">;
type User = Hostless<"users">;

/** Programs, by the name that a session has for them or that their unit runs. */
const scripts = {
  "run-ssh": "ssh/run-ssh.sh",
  "one-of-visitor": "one-of-visitor.sh",
  "ask-password": "passwords/ask-password.sh",
  "check-password": "passwords/check-password.pl",
} as const;
/** Of `files/`, with numbers of system calls: of who serves files, and of the session that wants them. */
const withCalls = ["run-sftp", "bring-session"] as const;
const configuration = "access/sshd.conf";
const pamFolder = "access/pam.d";
export const renderer: Renderer<"users"> = {
  key: "users",
  ofHost: ({ host }) => ({
    files: [
      ...Object.entries(scripts).map(([name, file]) => ({
        path: `libexec/${name}`,
        content: ownText(import.meta.dirname, file),
        mode: 0o755,
      })),
      ...withCalls.map((name) => withSystemCalls(architectureOf(host), name)),
      ...webdavFiles(architectureOf(host)),
      ...checkFiles,
      { path: configuration, content: commonConfiguration() },
      { path: `${pamFolder}/sshd`, content: pam },
      ...relaysOfHost(),
    ],
  }),
  ofElements: (whole) => {
    const { account, address, own } = whole;
    if (own.users.length === 0) return nothing;
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
    ...renderRecords(account, `${folder}/users`),
  ];
  const check = renderCheck(account, users);
  const ownPaths = own.map((file) => file.path);
  const sftp = users.some(isConfined) ? renderConfinedSftp(account, [recordsOf(account)], ownPaths) : nothing;
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
          ...[...Object.keys(scripts), "bring-session"].map((name) => `libexec/${name}`),
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

/** Mounts the records of the account and of its users: as one directory, because each mount makes each login slower. */
function recordsOf({ number }: Account): string {
  return current(`access/${number}/users`, "/etc/userdb");
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

/** One connection: OpenSSH's own server in the account's sandbox and network, as the account's uid. */
function sessionUnit(account: Account, users: readonly User[]) {
  const { StandardOutput: _, ...common } = accountSettings(account, "ssh");
  return {
    Unit: { Description: `SSH of account ${account.number}`, CollectMode: "inactive-or-failed" },
    Service: {
      ...common,
      BindPaths: [
        common.BindPaths,
        recordsOf(account),
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
        ...(users.some(isConfined)
          ? [`${sftpSocket(account)}:${inside.sftp}`, current("libexec/bring-session", inside.bringSession)]
          : []),
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
      Slice: socketSlice(account.number),
      ListenStream: socketPath(account),
      Accept: "yes",
      MaxConnections: `${connections.account}`,
    },
  };
}
