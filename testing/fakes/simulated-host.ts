import { appendFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { buildApplier } from "../../delivery/build.ts";
import type { Health } from "../../delivery/protocol/inspection.ts";
import { ensureSshd } from "../../toolchain/system/system.ts";

/** A host that is a directory tree behind a real OpenSSH server on loopback: the engine, the providers and the applier are real, systemd is not there. */
export interface SimulatedHost extends AsyncDisposable {
  readonly port: number;
  /** Directory in which the applier puts the host's files. */
  readonly root: string;
  readonly knownHosts: string;
  readonly privateKeyFile: string;
  /** Its own key, with which it signs. */
  readonly hostKeyFile: string;
  /** Lets a second key in: the file of its public half. */
  admit(publicKeyFile: string): Promise<void>;
  /** Sets its answer to the health check, which is healthy at first, because there are no real units. */
  setHealth(answer: Pick<Health, "healthy" | "problems"> & Partial<Health>): Promise<void>;
  /** Runs a shell command instead of the applier's `apply`; undefined: the applier again. */
  answerApply(command: string | undefined): Promise<void>;
  /** Log of its SSH server: the number of connections, and the commands in order with their times (milliseconds). */
  seen(): Promise<{ connections: number; commands: { at: number; command: string }[] }>;
}

/** Needs root. Everything is in one temporary directory and is removed on disposal. */
export async function simulatedHost(): Promise<SimulatedHost> {
  const sshd = await ensureSshd();
  const directory = await mkdtemp(join(tmpdir(), "fairhost-host-"));
  const at = (name: string) => join(directory, name);
  const root = at("root");
  await mkdir(root);
  await mkdir("/run/sshd", { recursive: true });
  for (const key of ["host_key", "id"]) await execa("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", at(key)]);
  await writeFile(at("applier.mjs"), await buildApplier());
  await writeFile(at("authorized_keys"), await readFile(at("id.pub")), { mode: 0o600 });
  await writeFile(at("commands"), "");
  const setHealth: SimulatedHost["setHealth"] = (answer) =>
    writeFile(at("health"), `${JSON.stringify({ woken: [], ...answer })}\n`);
  await setHealth({ healthy: true, problems: [] });
  await writeFile(at("command"), commandScript(at, root), { mode: 0o700 });
  const port = await freePort();
  await writeFile(at("sshd_config"), sshdConfig(at, port));
  const server = execa(sshd, ["-D", "-E", at("log"), "-f", at("sshd_config")], {
    reject: false,
    stdin: "ignore",
    buffer: false,
  });
  await answering(port);
  const hostKey = (await readFile(at("host_key.pub"), "utf8")).split(" ").slice(0, 2).join(" ");
  return {
    port,
    root,
    knownHosts: `[127.0.0.1]:${port} ${hostKey}\n`,
    privateKeyFile: at("id"),
    hostKeyFile: at("host_key"),
    admit: async (file) => appendFile(at("authorized_keys"), await readFile(file)),
    setHealth,
    answerApply: async (command) =>
      command === undefined ? rm(at("apply"), { force: true }) : writeFile(at("apply"), command),
    async seen() {
      const [log, commands] = await Promise.all([readFile(at("log"), "utf8"), readFile(at("commands"), "utf8")]);
      return {
        connections: log.split("\n").filter((line) => line.startsWith("Connection from ")).length,
        commands: commandsIn(commands),
      };
    },
    async [Symbol.asyncDispose]() {
      server.kill();
      await server;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Lines `<milliseconds> <command>` of a log. */
export function commandsIn(log: string): { at: number; command: string }[] {
  return log
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => ({ at: Number(line.split(" ")[0]), command: line.split(" ").slice(1).join(" ") }));
}

/** Shell commands that add what an SSH client asks for to such a log. */
export const loggingTo = (log: string) =>
  `printf '%s %.60s\\n' "$(date +%s%3N)" "$(printf %s "$SSH_ORIGINAL_COMMAND" | tr '\\n' ' ')" >>"${log}"`;

/** Only the applier's own commands run; the bootstrap's payload is read and dropped: packages are the machine's own. */
function commandScript(at: (name: string) => string, root: string): string {
  return `#!/bin/sh
${loggingTo(at("commands"))}
case "$SSH_ORIGINAL_COMMAND" in
  "/usr/local/sbin/fairhost-host health --json"*) exec cat "${at("health")}" ;;
  "/usr/local/sbin/fairhost-host apply") [ ! -e "${at("apply")}" ] || exec sh "${at("apply")}" ;;
esac
case "$SSH_ORIGINAL_COMMAND" in
  "/usr/local/sbin/fairhost-host "*) exec "${process.execPath}" "${at("applier.mjs")}" --root "${root}" \${SSH_ORIGINAL_COMMAND#/usr/local/sbin/fairhost-host } ;;
  *) exec cat >/dev/null ;;
esac
`;
}

function sshdConfig(at: (name: string) => string, port: number): string {
  return `ListenAddress 127.0.0.1
Port ${port}
HostKey ${at("host_key")}
AuthorizedKeysFile ${at("authorized_keys")}
PidFile none
LogLevel VERBOSE
UsePAM no
StrictModes no
PasswordAuthentication no
PermitRootLogin yes
ForceCommand ${at("command")}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port from the kernel");
  return address.port;
}

async function answering(port: number): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const scan = await execa("ssh-keyscan", ["-T", "1", "-p", `${port}`, "127.0.0.1"], { reject: false });
    if (scan.stdout.includes("ssh-ed25519")) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the simulated host's SSH server does not answer on 127.0.0.1 port ${port}`);
}
