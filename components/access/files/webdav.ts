import { type BundleFile, type BundleUnit, currentGeneration } from "../../../delivery/protocol/bundle.ts";
import type { Architecture } from "../../../lib/architectures.ts";
import { execLine, plain, plainAddress, unitFile } from "../../../lib/systemd/unit-file.ts";
import { ownText } from "../../../lib/text/own-text.ts";
import { accountSettings, homeInside, insideHome, socketSlice } from "../../account/account-paths.ts";
import { sandboxFiles } from "../../account/sandbox/render-sandbox.ts";
import { connections as httpConnections } from "../../http/front-end/connections.ts";
import { descriptorLimit, scriptInside } from "../../http/kinds/server.ts";
import { namesOf } from "../../http/web-site/web-address.ts";
import type { Part, WholeAccount } from "../../registry/bundle/renderer.ts";
import type { Hostless } from "../../registry/kind.ts";
import { checkSettings } from "../passwords/check-passwords.ts";
import { yescrypt } from "../passwords/password-hash.ts";
import { confinedRights, withSystemCalls } from "./confined-sftp.ts";
import { webdavCheck, webdavPart } from "./webdav-paths.ts";

type User = Hostless<"users">;

const configuration = "lighttpd/webdav.conf";
const script = "libexec/run-webdav";
const checkScript = "libexec/check-webdav";
const settingsFile = "systemd/fairhost-webdav-.service.d/50-webdav.conf";

const plainName = plain(/[a-z][a-z0-9_-]*/, "user name");
const plainHash = plain(yescrypt, "yescrypt hash");
const plainHostName = plain(/[a-z0-9.-]+/, "host name");

/** What all accounts have of it. */
export function webdavFiles(architecture: Architecture): BundleFile[] {
  return [
    withSystemCalls(architecture, "run-webdav"),
    { path: checkScript, content: ownText(import.meta.dirname, "check-webdav.pl"), mode: 0o755 },
    { path: configuration, content: lighttpdConfiguration },
    {
      path: settingsFile,
      content: unitFile({
        // It holds the socket of bans, and would count nothing over one that is gone.
        Unit: { StartLimitIntervalSec: "0", PartOf: "fairhost-bans.socket", After: "fairhost-bans.socket" },
        Service: {
          ...checkSettings,
          SyslogIdentifier: "fairhost-webdav",
          RestrictAddressFamilies: "AF_UNIX",
          IPAddressDeny: "any",
          ProtectProc: "invisible",
          UMask: "0077",
        },
      }),
    },
  ];
}

/**
 * WebDAV of an account's users: for each a lighttpd on a Unix socket, in the account's sandbox, that serves the user's directory; a path of the
 * account's names and address at the front end leads there. Who knows the hashes is asked by the front end, outside of the account.
 */
export function renderWebdav({ account, address, own }: WholeAccount): Required<Omit<Part, "account">> {
  const users = own.users.filter(({ protocols, passwordHash }) => protocols.includes("webdav") && passwordHash);
  if (users.length === 0) return { files: [], units: [] };
  const { number } = account;
  const names = [plainAddress(address.address), ...new Set(own.httpServers.flatMap(namesOf))].filter(
    (name) => !name.startsWith("*."),
  );
  const paths = users.map(
    (user) => `/${webdavPart}/${plainName(user.name)} ${number}/unix:${socketOf(number, user)}\n`,
  );
  const sites = names.map((name, index) => ({
    path: `sites/webdav/${index === 0 ? name : plainHostName(name)}`,
    content: paths.join(""),
  }));
  const check = renderCheck(number, users);
  const parts = users.map((user) => renderUser(account, user));
  return {
    files: [...sites, ...check.files, ...parts.flatMap(({ files }) => files)],
    units: [...check.units, ...parts.flatMap(({ units }) => units)],
  };
}

function socketOf(number: number, { name }: User): string {
  return `/run/fairhost-http/account-${number}-webdav-${plainName(name)}`;
}

function renderUser(account: Hostless<"accounts">, user: User): Required<Omit<Part, "account">> {
  const unit = `account-${account.number}-webdav-${plainName(user.name)}`;
  const [service, socket] = [`${unit}.service`, `${unit}.socket`];
  const path = (name: string) => `systemd/${name}`;
  const rights = path(`${service}.d/60-confine.conf`);
  const common = accountSettings(account, "webdav");
  const command = [
    scriptInside,
    homeInside(account),
    insideHome(account, user.directory),
    `/${webdavPart}/${user.name}`,
  ];
  return {
    files: [
      {
        path: path(service),
        content: unitFile({
          Unit: { Description: `WebDAV of user ${user.name} of account ${account.number}` },
          Service: {
            ...common,
            BindPaths: [
              common.BindPaths,
              `${currentGeneration}/${configuration}:/etc/lighttpd/lighttpd.conf`,
              `${currentGeneration}/${script}:${scriptInside}`,
            ],
            LimitNOFILE: descriptorLimit,
            ExecStart: execLine(command),
          },
        }),
      },
      { path: rights, content: confinedRights },
      {
        path: path(socket),
        content: unitFile({
          Unit: { Description: `WebDAV of user ${user.name} of account ${account.number}` },
          Socket: { Slice: socketSlice(account.number), ListenStream: socketOf(account.number, user) },
        }),
      },
      { path: path(`fairhost.target.wants/${socket}`), link: `../${socket}` },
    ],
    units: [
      {
        name: service,
        want: "on-demand",
        restartOn: [path(service), rights, script, configuration, path(socket), ...sandboxFiles(account)],
      },
      { name: socket, want: "start", restartOn: [path(socket)] },
    ],
  };
}

/** Who knows the hashes. */
function renderCheck(number: number, users: readonly User[]): Required<Omit<Part, "account">> {
  const unit = `fairhost-webdav-${number}`;
  const passwords = `access/webdav/${number}`;
  const [service, socket] = [`${unit}.service`, `${unit}.socket`];
  const path = (name: string) => `systemd/${name}`;
  const units: BundleUnit[] = [
    {
      name: service,
      want: "on-demand",
      restartOn: [path(service), path(socket), passwords, checkScript, settingsFile],
    },
    { name: socket, want: "start", restartOn: [path(socket)] },
  ];
  const files: BundleFile[] = [
    {
      path: passwords,
      content: users.map(({ name, passwordHash }) => `${plainName(name)}:${plainHash(passwordHash!)}\n`).join(""),
      mode: 0o400,
    },
    {
      path: path(service),
      content: unitFile({
        Unit: { Description: `Passwords for WebDAV of account ${number}` },
        Service: {
          // Who guesses uses up the account's share.
          Slice: `account-${number}.slice`,
          LoadCredential: `passwords:${currentGeneration}/${passwords}`,
          ExecStart: execLine(["/usr/bin/perl", `${currentGeneration}/${checkScript}`, `${number}`]),
        },
      }),
    },
    {
      path: path(socket),
      content: unitFile({
        Unit: { Description: `Passwords for WebDAV of account ${number}`, StartLimitIntervalSec: "0" },
        Socket: {
          Slice: socketSlice(number),
          ListenStream: `${webdavCheck}/${number}`,
          SocketUser: "www-data",
          SocketMode: "0600",
          DirectoryMode: "0755",
          RemoveOnStop: "yes",
          TriggerLimitIntervalSec: "0",
        },
      }),
    },
    { path: path(`fairhost.target.wants/${socket}`), link: `../${socket}` },
  ];
  return { files, units };
}

const lighttpdConfiguration = `# WebDAV of one user: started by its socket, ends itself when idle (-i).
server.systemd-socket-activation = "enable"
server.document-root = env.FAIRHOST_HOME
server.modules = ( "mod_alias", "mod_webdav", "mod_dirlisting", "mod_staticfile" )
server.tag = ""
server.max-keep-alive-requests = 100
# Bytes of all headers: the front end has the limit.
server.max-request-field-size = 65535
server.max-connections = ${httpConnections.static}
# Symlinks are the account's, and lead out of the user's directory.
server.follow-symlink = "disable"
# On the account's disk, and counted there: memory would be too small for large files.
server.upload-dirs = ( "/var/lib" )
alias.url = ( env.FAIRHOST_PATH => env.FAIRHOST_HOME )
webdav.activate = "enable"
# Locks last as long as this process.
webdav.sqlite-db-name = "/tmp/locks"
dir-listing.activate = "enable"
dir-listing.hide-dotfiles = "disable"
mimetype.assign = ( "" => "application/octet-stream" )
`;
