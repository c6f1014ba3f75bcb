import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import net from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Properties } from "../../../toolchain/providers/properties.ts";
import { ensureSshd } from "../../../toolchain/system/system.ts";

/** A key pair made by ssh-keygen; text of both halves. */
export function keygen(
  directory: string,
  name: string,
  passphrase = "",
  type = "ed25519",
): { privateKey: string; publicKey: string } {
  const file = join(directory, name);
  execFileSync("ssh-keygen", ["-q", "-t", type, "-N", passphrase, "-C", name, "-f", file]);
  return { privateKey: readFileSync(file, "utf8"), publicKey: readFileSync(`${file}.pub`, "utf8") };
}

/**
 * OpenSSH's own server on 127.0.0.1 for the user who runs the tests, with throw-away keys and its own configuration.
 *
 * @param settings lines for sshd_config besides those that keep it private.
 * @param hostKeyType type of its only host key, as `ssh-keygen -t` knows it.
 */
export async function startSshd(settings: readonly string[] = [], hostKeyType = "ed25519") {
  const sshdPath = await ensureSshd();
  const directory = mkdtempSync(join(tmpdir(), "fairhost-sshd-"));
  const user = keygen(directory, "user");
  const port = await freePort();
  const hostKey = keygen(directory, "host", "", hostKeyType).publicKey;
  const config = [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${directory}/host`,
    `AuthorizedKeysFile ${directory}/authorized_keys`,
    "StrictModes no",
    "UsePAM no",
    "PasswordAuthentication no",
    "PidFile none",
    "AcceptEnv FAIRHOST_*",
    "Subsystem sftp internal-sftp",
    "LogLevel VERBOSE",
    ...settings,
  ];
  writeFileSync(join(directory, "sshd_config"), `${config.join("\n")}\n`);
  writeFileSync(join(directory, "authorized_keys"), user.publicKey);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true });
  let log = "";
  let child: ChildProcess;
  const start = async () => {
    child = spawn(sshdPath, ["-D", "-e", "-f", join(directory, "sshd_config")], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    child.stderr!.on("data", (chunk) => {
      log += chunk;
    });
    for (let tries = 0; tries < 1500 && !log.includes("Server listening"); tries += 1) await sleep(20);
  };
  const stop = async () => {
    child.kill("SIGTERM");
    if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  };
  await start();
  const connection: Properties = {
    host: "127.0.0.1",
    port,
    user: userInfo().username,
    privateKey: user.privateKey,
    hostKey,
    dialErrorLimit: 3,
    perDialTimeout: 10,
  };
  return {
    directory,
    connection,
    /** Log of sshd, with a line for each accepted connection and each session. */
    log: () => log,
    /** Accepted logins so far. */
    logins: () => log.match(/Accepted publickey/g)?.length ?? 0,
    /** Lets another key in. */
    authorize: (publicKey: string) => writeFileSync(join(directory, "authorized_keys"), user.publicKey + publicKey),
    /** Gives the server another host key, as after a reinstallation. */
    async changeHostKey() {
      await stop();
      for (const file of ["host", "host.pub"]) rmSync(join(directory, file));
      const { publicKey } = keygen(directory, "host");
      log = "";
      await start();
      return publicKey;
    },
    async close() {
      await stop();
      rmSync(directory, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
