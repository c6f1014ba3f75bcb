import { execa } from "execa";
import { UserError } from "../../lib/user-error.ts";

/** How to reach one host. */
export interface SshTarget {
  /** The host's name in the inventory, for messages. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** OpenSSH known_hosts file with the host's pinned key. No other known_hosts file is read. */
  readonly knownHosts: string;
  /** Without it the SSH agent is used. */
  readonly privateKeyFile?: string;
}

export interface SshOptions {
  /** Travels on the command's standard input; secrets go here, never into the command. */
  readonly stdin?: string;
  /** Seconds until the connection must be established. Default 15. */
  readonly connectSeconds?: number;
  /** Seconds for connection and command together. Default 120. */
  readonly seconds?: number;
}

export interface SshResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export type SshFailure =
  | "refused"
  | "timed-out"
  | "unreachable"
  | "host-key-changed"
  | "host-key-unknown"
  | "login-refused"
  | "lost"
  | "unreadable"
  | "no-client";

/** The host could not be reached, so nothing is known about it. */
export class SshError extends UserError {
  readonly host: string;
  readonly reason: SshFailure;

  constructor(host: string, reason: SshFailure, message: string) {
    super(message);
    this.host = host;
    this.reason = reason;
  }
}

/**
 * Runs one command on one host over one OpenSSH connection. An exit status of the command is a result, not an error.
 * @param command words without characters that a shell interprets; others are refused
 * @throws SshError with the fix, when the host could not be reached
 */
export async function sshRun(
  target: SshTarget,
  command: readonly string[],
  options: SshOptions = {},
): Promise<SshResult> {
  const seconds = options.seconds ?? 120;
  const [program, ...args] = sshCommand(target, command, options);
  const result = await execa(program, args, {
    reject: false,
    input: options.stdin ?? "",
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    stripFinalNewline: false,
    maxBuffer: 64 << 20,
  });
  const output = { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 255 };
  if (result.timedOut)
    throw failure(target, "timed-out", `did not answer within ${seconds} s`, "it may be overloaded; try again");
  if (result.code === "ENOENT")
    throw failure(target, "no-client", "cannot be reached: no ssh on PATH", "install openssh-client");
  if (output.exitCode === 255) throw judge(target, output.stderr);
  return output;
}

/**
 * The local command that runs a command on a host.
 * @param command words without characters that a shell interprets; others are refused
 */
export function sshCommand(
  target: SshTarget,
  command: readonly string[],
  { connectSeconds = 15 }: Pick<SshOptions, "connectSeconds"> = {},
): [program: string, ...args: string[]] {
  const odd = command.find((word) => !/^[A-Za-z0-9_@%+=:,./-]+$/.test(word));
  if (odd !== undefined) throw new Error(`"${odd}" would need quoting in a shell: send it on standard input`);
  return ["ssh", ...sshArguments(target, connectSeconds), "--", command.join(" ")];
}

/** Ignores the SSH configuration of the user and of the machine, and accepts only pinned keys. */
function sshArguments({ address, port, user, knownHosts, privateKeyFile }: SshTarget, connect: number): string[] {
  const settings = [
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile="${knownHosts}"`,
    "GlobalKnownHostsFile=/dev/null",
    "UpdateHostKeys=no",
    `ConnectTimeout=${connect}`,
    "ServerAliveInterval=10",
    "ServerAliveCountMax=3",
    "ForwardAgent=no",
    "LogLevel=ERROR",
    ...(privateKeyFile === undefined ? [] : ["IdentitiesOnly=yes"]),
  ];
  const key = privateKeyFile === undefined ? [] : ["-i", privateKeyFile];
  const to = ["-p", `${port}`, "-l", user, address];
  return ["-F", "/dev/null", "-T", ...key, ...settings.flatMap((setting) => ["-o", setting]), ...to];
}

const reasons: readonly (readonly [RegExp, SshFailure])[] = [
  [/REMOTE HOST IDENTIFICATION HAS CHANGED|REVOKED HOST KEY/i, "host-key-changed"],
  [/No \S+ host key is known|Host key verification failed/i, "host-key-unknown"],
  [/Permission denied|Too many authentication failures|no such identity/i, "login-refused"],
  [/Connection refused/i, "refused"],
  [/timed out|not responding/i, "timed-out"],
  [/No route to host|unreachable|Could not resolve|Name or service not known/i, "unreachable"],
];

/** Recognizes a failure of OpenSSH from its message. */
function judge(target: SshTarget, stderr: string): SshError {
  const reason = reasons.find(([words]) => words.test(stderr))?.[1] ?? "lost";
  const { address, port, user, knownHosts } = target;
  const pin = `compare the key on its console, then add the line of \`ssh-keyscan -p ${port} -t ed25519 ${address}\` to ${knownHosts}`;
  const last = stderr.trim().split("\n").at(-1) || "no message from ssh";
  switch (reason) {
    case "refused":
      return failure(target, reason, "refuses connections", "check that sshd runs there");
    case "timed-out":
      return failure(target, reason, "does not answer", "check that it is up and reachable");
    case "unreachable":
      return failure(target, reason, `cannot be reached (${last})`, "check its address in the inventory");
    case "host-key-changed":
      return failure(
        target,
        reason,
        "has another host key than the pinned one; nothing was sent",
        `if the host was reinstalled, ${pin}`,
      );
    case "host-key-unknown":
      return failure(target, reason, "has no pinned host key; nothing was sent", pin);
    case "login-refused":
      return failure(
        target,
        reason,
        `refuses the SSH login of ${user}`,
        "check fairhost:sshUser, and fairhost:sshPrivateKeyFile or the SSH agent",
      );
    case "lost":
    case "unreadable":
    case "no-client":
      return failure(target, reason, `closed or lost the connection (${last})`, "try again");
    default:
      return reason satisfies never;
  }
}

function failure({ name, address, port }: SshTarget, reason: SshFailure, what: string, fix: string): SshError {
  return new SshError(name, reason, `${name} (${address} port ${port}) ${what}: ${fix}`);
}
