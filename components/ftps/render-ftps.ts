import { type BundleFile, type BundleUnit, currentGeneration } from "../../delivery/protocol/bundle.ts";
import { certificates, fallback } from "../../delivery/protocol/certificates.ts";
import { execLine, plain, plainAddress, unitFile } from "../../lib/systemd/unit-file.ts";
import { ownText } from "../../lib/text/own-text.ts";
import { connections } from "../access/bounds.ts";
import { renderFilesOf } from "../access/files/confined-sftp.ts";
import { checkSettings } from "../access/passwords/check-passwords.ts";
import { yescrypt } from "../access/passwords/password-hash.ts";
import { strangersSocket } from "../access/relay.ts";
import { homeInside, insideHome, logs, ownRecords, socketSlice } from "../account/account-paths.ts";
import { namesOf } from "../http/web-site/web-address.ts";
import type { Renderer, WholeAccount } from "../registry/bundle/renderer.ts";
import type { Hostless } from "../registry/kind.ts";
import { ftpsPorts, hasFtps } from "./ports.ts";

type User = Hostless<"users">;

const script = "libexec/serve-ftps";
const module = "libexec/sftp_files.py";
const settingsFiles = {
  service: "systemd/fairhost-ftps-.service.d/50-ftps.conf",
  socket: "systemd/fairhost-ftps-.socket.d/50-ftps.conf",
} as const;
/** Certificates that a session has at hand: systemd copies each for every session. */
const mostNames = 30;
/** Where a session finds the socket of the files. */
const filesInside = "/tmp/files";

const plainName = plain(/[a-z][a-z0-9_-]*/, "user name");
const plainHash = plain(yescrypt, "yescrypt hash");
const plainHostName = plain(/(?:\*\.)?[a-z0-9.-]+/, "host name");

/**
 * FTPS of accounts' users. One process a connection stands outside of the account, as a user of its own: it has the keys of the account's names
 * and the hashes of its users, which no program of the account sees. Files it gets by the protocol of SFTP from a unit in the account's sandbox.
 */
export const renderer: Renderer<"users"> = {
  key: "users",
  ofHost: () => ({
    files: [
      { path: script, content: ftpsServer(), mode: 0o755 },
      { path: module, content: ownText(import.meta.dirname, "sftp_files.py") },
      { path: settingsFiles.service, content: unitFile(settings) },
      { path: settingsFiles.socket, content: unitFile(socketSettings) },
    ],
  }),
  opensForSome: {
    name: "ftps",
    words: "FTPS",
    port: ftpsPorts.control,
    loggedIn: [ftpsPorts.passive.first, ftpsPorts.passive.last],
    of: ({ users }) => hasFtps(users),
  },
  ofElements: renderFtps,
};

function ftpsServer(): string {
  const text = ownText(import.meta.dirname, "serve-ftps.py");
  return text.replace("@VISITOR@", `${connections.source}`);
}

function renderFtps({ account, address, own }: WholeAccount): { files: BundleFile[]; units: BundleUnit[] } {
  if (!hasFtps(own.users)) return { files: [], units: [] };
  const { number } = account;
  const users = own.users.filter(({ protocols, passwordHash }) => protocols.includes("ftps") && passwordHash);
  const inside = renderFilesOf(account, {
    protocol: "ftps",
    // sftp-server ends if it cannot look itself up.
    records: [ownRecords(account)],
    words: users.map(({ name, directory }) => `${plainName(name)}=${insideHome(account, directory)}`),
    // Of who is led there: nobody else gets into the folder (systemd.socket(5), DirectoryMode=).
    owner: { SocketUser: "root", SocketGroup: "root", SocketMode: "0666", DirectoryMode: "0700" },
  });
  const unit = `fairhost-ftps-${number}`;
  const [service, socket] = [`${unit}@.service`, `${unit}.socket`];
  const path = (name: string) => `systemd/${name}`;
  const passwords = `access/ftps/${number}`;
  const { first, last } = ftpsPorts.passive;
  const command = [
    ...["/usr/bin/python3", "-E", "-s", "-B", `${currentGeneration}/${script}`],
    ...[`${number}`, homeInside(account), plainAddress(address.address), `${first}-${last}`, filesInside],
  ];
  const secured = own.httpServers.filter(({ https }) => https === true);
  const names = [...new Set(secured.flatMap(namesOf))].map(plainHostName).sort().slice(0, mostNames);
  const known = [fallback, ...names];
  return {
    files: [
      ...inside.files,
      { path: passwords, content: users.map(lineOf).join(""), mode: 0o400 },
      {
        path: path(service),
        content: unitFile({
          Unit: { Description: `A connection to FTPS of account ${number}` },
          Service: {
            // Who guesses uses up the account's share.
            Slice: `account-${number}.slice`,
            // PID 1 copies them with each connection, so it has the certificate that is in force.
            LoadCredential: [
              `passwords:${currentGeneration}/${passwords}`,
              ...known.map((name) => `${name}.pem:${certificates}/${name.replace(/^\*/, "_")}.pem`),
            ],
            // Of a name that has none yet (systemd.exec(5)): the connection is served all the same.
            SetCredential: known.map((name) => `${name}.pem:none`),
            BindReadOnlyPaths: `${inside.socket}:${filesInside}`,
            StandardOutput: `append:${account.directory}/${logs}/ftps.log`,
            ExecStart: execLine(command),
          },
        }),
      },
      {
        path: path(socket),
        content: unitFile({
          Unit: { Description: `FTPS of account ${number}` },
          Socket: {
            Slice: socketSlice(number),
            ListenStream: `[${plainAddress(address.address)}]:${ftpsPorts.control}`,
          },
        }),
      },
      { path: path(`fairhost.target.wants/${socket}`), link: `../${socket}` },
    ],
    units: [
      ...inside.units,
      {
        name: service,
        want: "on-demand",
        // Whoever is removed is logged out.
        restartOn: [path(service), passwords, script, module, settingsFiles.service],
      },
      { name: socket, want: "start", restartOn: [path(socket), settingsFiles.socket] },
    ],
  };
}

function lineOf({ name, passwordHash }: User): string {
  return `${plainName(name)}:${plainHash(passwordHash!)}\n`;
}

const settings = {
  Unit: { CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
  Service: {
    ...checkSettings,
    StandardInput: "socket",
    SyslogIdentifier: "fairhost-ftps",
    // Outside of it are the sockets of other programs, and accounts' files.
    TemporaryFileSystem: "/srv",
    RestrictAddressFamilies: "AF_UNIX AF_INET6",
    SocketBindDeny: "any",
    SocketBindAllow: `ipv6:tcp:${ftpsPorts.passive.first}-${ftpsPorts.passive.last}`,
    ProtectProc: "invisible",
    ProcSubset: "pid",
    PrivateUsers: "yes",
    UMask: "0077",
    TasksMax: "2",
    RuntimeMaxSec: "1d",
  },
};

const socketSettings = {
  Unit: { StartLimitIntervalSec: "0" },
  Socket: {
    // The account's whole /64 is on `lo`, without each of its addresses.
    FreeBind: "yes",
    ...strangersSocket,
  },
};
