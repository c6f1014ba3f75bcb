import { plain } from "../../../lib/systemd/unit-file.ts";
import type { Hostless } from "../../registry/kind.ts";
import { connections } from "../bounds.ts";

type User = Pick<Hostless<"users">, "name" | "passwordHash" | "protocols">;
type Settings = readonly (readonly [string, string])[];

/** Paths inside the sandbox of a session. */
export const inside = {
  script: "/opt/fairhost/run",
  /** What all accounts have. */
  common: "/opt/fairhost/sshd.conf",
  own: "/opt/fairhost/access",
  askPassword: "/opt/fairhost/ask-password",
  /** Sockets of programs outside of the session. */
  password: "/opt/fairhost/password",
  sftp: "/opt/fairhost/sftp",
  bringSession: "/opt/fairhost/bring-session",
} as const;

/** Whether SSH knows the user. */
export function logsIn({ protocols }: Pick<User, "protocols">): boolean {
  return protocols.some((protocol) => protocol === "ssh" || protocol === "sftp");
}

/** The least rights: files of a directory, by a program outside of the session that sees nothing else (components/access/files/run-sftp.pl). */
export function isConfined({ protocols }: Pick<User, "protocols">): boolean {
  return !protocols.includes("ssh");
}

/**
 * sshd_config(5) of all accounts' SSH servers. They run as the account's uid, so all of it is there to keep order; what keeps the account
 * in is its sandbox.
 */
export function commonConfiguration(): string {
  return lines([
    // Only what the inventory has: nothing in the home decides who may log in.
    ["AuthorizedKeysFile", `${inside.own}/keys/%u`],
    // It would look for the account's ownership of files that are root's.
    ["StrictModes", "no"],
    // Where an account has passwords, its own configuration comes first and has said otherwise.
    ["UsePAM", "no"],
    ["AuthenticationMethods", "publickey"],
    ["PasswordAuthentication", "no"],
    ["KbdInteractiveAuthentication", "no"],
    ["RequiredRSASize", "3072"],
    // What is taken away of OpenSSH's own lists, so that what a new release adds or drops comes by itself: NIST's curves, whose constants
    // nobody can explain; groups of finite fields, slow for the server and of 2048 bits at the least; SHA-1; tags of 64 bits. hmac-sha2-256
    // and -512 stay: libssh2 before 1.11 (curl and PHP of Debian 12) has no other MAC.
    ["KexAlgorithms", "-ecdh-sha2-nistp*,diffie-hellman-*"],
    ["MACs", "-hmac-sha1*,umac-64*,umac-128@openssh.com"],
    ["MaxAuthTries", "6"],
    ["LoginGraceTime", "30"],
    ["MaxSessions", `${connections.sessions}`],
    // A client that is gone is noticed after three minutes. Traffic, and answers of a client that idles, keep a connection open.
    ["ClientAliveInterval", "60"],
    ["ClientAliveCountMax", "3"],
    // Ended: a shell without a key pressed or a letter printed for a day, a connection without a session for ten minutes.
    ["ChannelTimeout", "session:shell=1d"],
    ["UnusedConnectionTimeout", "10m"],
    ["X11Forwarding", "no"],
    ["PrintMotd", "no"],
    ["PrintLastLog", "no"],
    ["PidFile", "none"],
    ["Subsystem", "sftp internal-sftp"],
  ]);
}

const plainName = plain(/[a-z][a-z0-9_-]*/, "user name");

/**
 * sshd_config(5) of one account, with that of all accounts: of several values the first counts.
 *
 * Where one user has a password, all are asked for one: otherwise the question would tell who has. PAM asks outside of the account, and
 * answers alike for users that are none.
 */
export function accountConfiguration(users: readonly User[]): string {
  const confined = users.filter(isConfined).map(({ name }) => plainName(name));
  return [
    ...(hasPasswords(users) ? [lines(withPasswords)] : []),
    lines([["Include", inside.common]]),
    ...(confined.length > 0 ? [lines([["Match", `User ${confined.join(",")}`], ...onlySftp])] : []),
  ].join("");
}

export function hasPasswords(users: readonly User[]): boolean {
  return users.some(({ passwordHash }) => passwordHash !== undefined);
}

const withPasswords: Settings = [
  ["UsePAM", "yes"],
  ["AuthenticationMethods", "publickey password"],
  ["PasswordAuthentication", "yes"],
];

/** The command is run by /bin/sh, the shell of these users, which reads nothing in the home before it; `$LOGNAME` is sshd's. */
const onlySftp: Settings = [
  ["ForceCommand", `exec ${inside.bringSession} ${inside.sftp}`],
  ["DisableForwarding", "yes"],
  ["PermitTTY", "no"],
  ["PermitUserRC", "no"],
];

/** pam.conf(5) of these servers: nothing of it but the question. */
export const pam = `auth required pam_exec.so quiet expose_authtok ${inside.askPassword}
account required pam_permit.so
password required pam_deny.so
session required pam_permit.so
`;

function lines(settings: Settings): string {
  return settings.map((setting) => `${setting.join(" ")}\n`).join("");
}
