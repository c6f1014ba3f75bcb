import type { BundleFile, BundleUnit } from "../../../delivery/protocol/bundle.ts";
import { currentGeneration } from "../../../delivery/protocol/bundle.ts";
import { execLine, plain, unitFile } from "../../../lib/systemd/unit-file.ts";
import { socketSlice } from "../../account/account-paths.ts";
import { banSocket } from "../../bans/bounds.ts";
import { confined } from "../../host/units/confined.ts";
import type { Part } from "../../registry/bundle/renderer.ts";
import type { Hostless } from "../../registry/kind.ts";
import { connections } from "../bounds.ts";
import { yescrypt } from "./password-hash.ts";

type Account = Hostless<"accounts">;
type User = Hostless<"users">;

/** Bundle path of the program that knows the hashes of one account's users, for one question (check-password.pl). */
const checkScript = "libexec/check-password";

const settingsFile = "systemd/fairhost-password-.service.d/50-password.conf";
const socketSettingsFile = "systemd/fairhost-password-.socket.d/50-password.conf";

/** `[Service]` settings of who knows hashes, outside of accounts. */
export const checkSettings = {
  Type: "exec",
  DynamicUser: "yes",
  StandardError: "journal",
  // systemd opens it: the program itself has no sockets.
  OpenFile: `${banSocket}:bans:graceful`,
  // 20 wrong passwords in 30 s are written down, of each account.
  LogRateLimitIntervalSec: "30s",
  LogRateLimitBurst: "20",
  ...confined,
  PrivateTmp: "disconnected",
  ProtectKernelLogs: "yes",
  ProtectClock: "yes",
  ProtectHostname: "yes",
  CapabilityBoundingSet: "",
  RestrictRealtime: "yes",
  LockPersonality: "yes",
  MemoryDenyWriteExecute: "yes",
  SystemCallArchitectures: "native",
  SystemCallFilter: ["@system-service", "~@privileged @resources"],
  // A hash of cost 7 takes 64 MiB.
  MemoryMax: "96M",
  // In an account without memory left, strangers who guess go before its programs.
  OOMScoreAdjust: "900",
} as const;

/** What all accounts have of it. */
export const checkFiles: readonly BundleFile[] = [
  {
    path: settingsFile,
    content: unitFile({
      Unit: { CollectMode: "inactive-or-failed", StartLimitIntervalSec: "0" },
      Service: {
        ...checkSettings,
        StandardInput: "socket",
        StandardOutput: "socket",
        SyslogIdentifier: "fairhost-password",
        PrivateNetwork: "yes",
        RestrictAddressFamilies: "none",
        TasksMax: "1",
      },
    }),
  },
  {
    path: socketSettingsFile,
    content: unitFile({
      Unit: { StartLimitIntervalSec: "0" },
      Socket: {
        Accept: "yes",
        // Each session of SSH has one question at a time: those that guess do not keep others from asking.
        MaxConnections: `${connections.account}`,
        SocketMode: "0600",
        DirectoryMode: "0755",
        RemoveOnStop: "yes",
        // It would stop the socket for good.
        TriggerLimitIntervalSec: "0",
      },
    }),
  },
];

/** The socket on which an account's SSH servers ask. Its programs see it only in a session. */
export function checkSocket({ number }: Pick<Account, "number">): string {
  return `/run/fairhost-password/${number}`;
}

const plainHash = plain(yescrypt, "yescrypt hash");
const plainName = plain(/[a-z][a-z0-9_-]*/, "user name");

/** The hashes of an account's users, readable by root alone, and who is asked about them. Nothing if nobody has a password. */
export function renderCheck(account: Account, users: readonly User[]): Required<Omit<Part, "account">> {
  const { number } = account;
  const hashes = users.flatMap(({ name, passwordHash }) =>
    passwordHash === undefined ? [] : [`${plainName(name)}:${plainHash(passwordHash)}\n`],
  );
  if (hashes.length === 0) return { files: [], units: [] };
  const unit = `fairhost-password-${number}`;
  const path = (name: string) => `systemd/${name}`;
  const [service, socket] = [`${unit}@.service`, `${unit}.socket`];
  const passwords = `access/passwords/${number}`;
  const units: BundleUnit[] = [
    { name: service, want: "on-demand", restartOn: [path(service), passwords, checkScript, settingsFile] },
    { name: socket, want: "start", restartOn: [path(socket), socketSettingsFile] },
  ];
  const files: BundleFile[] = [
    { path: passwords, content: hashes.join(""), mode: 0o400 },
    {
      path: path(service),
      content: unitFile({
        Unit: { Description: `A password of account ${number}` },
        Service: {
          // Who guesses uses up the account's share.
          Slice: `account-${number}.slice`,
          LoadCredential: `passwords:${currentGeneration}/${passwords}`,
          ExecStart: execLine(["/usr/bin/perl", `${currentGeneration}/${checkScript}`, `${number}`]).concat(" %i"),
        },
      }),
    },
    {
      path: path(socket),
      content: unitFile({
        Unit: { Description: `Passwords of account ${number}` },
        Socket: { Slice: socketSlice(number), ListenStream: checkSocket(account), SocketUser: account.user },
      }),
    },
    { path: path(`fairhost.target.wants/${socket}`), link: `../${socket}` },
  ];
  return { files, units };
}
