import { generateKeyPairSync, timingSafeEqual } from "node:crypto";
import type { AddressInfo } from "node:net";
import type { Connection, ServerChannel } from "ssh2";
import ssh2 from "ssh2";
import type { Properties } from "../../../toolchain/providers/properties.ts";

/** A throw-away key pair. Made by Node: of those that ssh2 1.17 makes, three in a thousand are malformed. */
export function newKey(curve = "P-256"): { privateKey: string; publicKey: string } {
  const pair = generateKeyPairSync("ec", { namedCurve: curve });
  const privateKey = pair.privateKey.export({ format: "pem", type: "sec1" }).toString();
  const key = ssh2.utils.parseKey(privateKey);
  if (key instanceof Error) throw key;
  return { privateKey, publicKey: `${key.type} ${key.getPublicSSH().toString("base64")}` };
}

/** Handles a command: it gets the channel and all of its input, and returns the exit status. */
export type Shell = (command: string, channel: ServerChannel, input: Buffer) => number | Promise<number>;

/**
 * An SSH server on 127.0.0.1 that lets one key in and does what the test says. It counts connections and refused
 * logins, and keeps the commands it was asked for.
 */
export async function startSshServer(shell: Shell, options: { maxSessions?: number } = {}) {
  const [hostKey, clientKey] = [newKey(), newKey()];
  const seen = { connections: 0, open: 0, refusals: 0, commands: [] as string[], variables: {} as NodeJS.ProcessEnv };
  const allowed = ssh2.utils.parseKey(clientKey.publicKey);
  if (allowed instanceof Error) throw allowed;
  const clients = new Set<Connection>();
  const server = new ssh2.Server({ hostKeys: [hostKey.privateKey] }, (client) => {
    let sessions = 0;
    clients.add(client);
    seen.connections += 1;
    seen.open += 1;
    // Missing in the declarations; without it each answer waits for the delayed acknowledgement of the one before.
    (client as unknown as { setNoDelay(on: boolean): void }).setNoDelay(true);
    client.on("error", () => {});
    client.on("close", () => {
      clients.delete(client);
      seen.open -= 1;
    });
    client.on("authentication", (attempt) => {
      const blob = allowed.getPublicSSH();
      const known =
        attempt.method === "publickey" &&
        attempt.key.data.length === blob.length &&
        timingSafeEqual(attempt.key.data, blob) &&
        (!attempt.signature || allowed.verify(attempt.blob!, attempt.signature, attempt.hashAlgo) === true);
      if (known) return attempt.accept();
      seen.refusals += 1;
      attempt.reject(["publickey", "password"]);
    });
    client.on("session", (accept, reject) => {
      if (sessions >= (options.maxSessions ?? 10)) return reject();
      sessions += 1;
      const session = accept();
      session.on("close", () => {
        sessions -= 1;
      });
      session.on("env", (accepted, refused, { key, val }) => {
        if (key.startsWith("SECRET")) return refused?.();
        seen.variables[key] = val;
        accepted?.();
      });
      session.on("exec", (acceptExec, _reject, { command }) => {
        seen.commands.push(command);
        const channel = acceptExec();
        const input: Buffer[] = [];
        channel.on("data", (chunk: Buffer) => input.push(chunk));
        channel.on("error", () => {});
        channel.on("end", async () => {
          channel.exit(await shell(command, channel, Buffer.concat(input)));
          channel.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const connection: Properties = {
    host: "127.0.0.1",
    port,
    user: "tester",
    privateKey: clientKey.privateKey,
    hostKey: hostKey.publicKey,
    dialErrorLimit: 2,
    perDialTimeout: 2,
  };
  const disconnect = () => {
    for (const client of clients) client.end();
  };
  return { connection, seen, disconnect, close: () => server.close() };
}
