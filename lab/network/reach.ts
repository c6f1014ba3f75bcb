import { execa, type Options } from "execa";
import { UserError } from "../../lib/user-error.ts";
import { LabError } from "../errors.ts";
import { controllerKey, knownHosts } from "../paths.ts";
import { hosts, type LabHost } from "./network.ts";
import { inNamespace, networkIsUp } from "./router.ts";

/** Result of a command in the lab. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

export interface CommandOptions {
  readonly stdin?: string | Uint8Array;
  /** Milliseconds. Default 120,000. */
  readonly timeout?: number;
  /** Whether an exit status other than 0 is an error. Default true. */
  readonly reject?: boolean;
}

/** Looks a host up by name. @throws LabError naming the hosts there are. */
export function hostNamed(name: string): LabHost {
  const labHost = hosts.find((host) => host.name === name);
  if (!labHost)
    throw new LabError(
      `there is no host "${name}" in the lab`,
      `use one of ${hosts.map((host) => host.name).join(", ")}`,
    );
  return labHost;
}

/** @throws LabError while the lab is down. */
export function requireUp(): void {
  if (!networkIsUp()) throw new LabError("the lab is down", "bring it up: npm run lab -- up");
}

/** Options that make `ssh` reach a lab host as root, with its key checked. */
export function sshArguments(labHost: LabHost): string[] {
  const options = [
    `UserKnownHostsFile=${knownHosts}`,
    "GlobalKnownHostsFile=/dev/null",
    "StrictHostKeyChecking=yes",
    "IdentitiesOnly=yes",
    "ConnectTimeout=60",
    "LogLevel=ERROR",
  ];
  return [
    "-F",
    "none",
    "-i",
    controllerKey,
    "-p",
    `${labHost.sshPort}`,
    ...options.flatMap((option) => ["-o", option]),
    "root@127.0.0.1",
  ];
}

/**
 * Runs a command on a host over SSH, as root. A list of words is quoted for the host's shell, a string is a shell script.
 * @throws Error when its exit status is not 0 (unless `reject` is false); 255 is SSH's own failure.
 */
export async function sshRun(
  host: string,
  command: string | readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  const labHost = hostNamed(host);
  requireUp();
  const remote = typeof command === "string" ? command : command.map(shellWord).join(" ");
  return run(["ssh", "-o", "BatchMode=yes", ...sshArguments(labHost), "--", remote], options);
}

/** Runs a command inside the lab's network, where the routers and clients are. */
export async function exec(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  requireUp();
  return run([...inNamespace, ...command], options);
}

/** Runs curl inside the lab's network: the only way to the accounts' addresses. */
export async function curl(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return exec(["curl", ...args], options);
}

async function run(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
  const [program, ...args] = command as [string, ...string[]];
  const settings: Options = {
    reject: false,
    timeout: options.timeout ?? 120_000,
    killSignal: "SIGKILL",
    stripFinalNewline: false,
    maxBuffer: 200_000_000,
  };
  const result = await execa(program, args, {
    ...settings,
    ...(options.stdin === undefined ? { stdin: "ignore" } : { input: options.stdin }),
  });
  const exitCode = result.timedOut ? 124 : (result.exitCode ?? 128);
  const output = { stdout: String(result.stdout ?? ""), stderr: String(result.stderr ?? ""), exitCode };
  if (exitCode !== 0 && options.reject !== false) {
    const what = result.timedOut ? "exceeded the time limit" : `ended with ${exitCode}`;
    throw new UserError(`${program} ${what}: ${output.stderr.trim() || output.stdout.trim().slice(-500)}`);
  }
  return output;
}

function shellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
