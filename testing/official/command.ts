/**
 * `pulumi-resource-command` as upstream (1.2.1) where it differs from this project's own on purpose:
 * - its Check makes a secret that is not known yet an empty text;
 * - it runs a command on a host whose key is not pinned, and asks for a pinned key's type alone, for RSA with SHA-1;
 * - a command that leaves more than a window of its input unread has failed, although it ended with 0;
 * - it logs and throws what a command prints as it is, secrets included.
 */
import ssh2, { type ServerHostKeyAlgorithm } from "ssh2";
import { newId, previewOutputs, remoteCommandShape } from "../../toolchain/providers/command/command-remote.ts";
import { isSecret, isUnknown, type Properties, revealAll, unwrap } from "../../toolchain/providers/properties.ts";
import type { Operation, Resource } from "../../toolchain/providers/resource.ts";
import { serve } from "../../toolchain/providers/serve.ts";
import { parseConnection } from "../../toolchain/providers/ssh/ssh-connection.ts";
import { parseHostKey } from "../../toolchain/providers/ssh/ssh-host-key.ts";

interface Ended {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

function overSsh(plain: Properties, command: string, { log }: Operation): Promise<Ended> {
  const { host, port, user: username, privateKey, hostKey } = parseConnection(plain.connection ?? null);
  const client = new ssh2.Client();
  return new Promise((resolve, reject) => {
    client.on("error", reject).on("ready", () => {
      client.exec(command, (error, channel) => {
        if (error) return reject(error);
        const texts = { stdout: "", stderr: "" };
        channel.on("data", (chunk: Buffer) => (texts.stdout += chunk));
        channel.stderr.on("data", (chunk: Buffer) => {
          texts.stderr += chunk;
          log("info", `${chunk}`);
        });
        let isTaken = false;
        channel.on("close", (status: number) => {
          client.end();
          if (status === 0 && !isTaken) reject(new Error(`EOF: running "${command}":\n${texts.stdout}${texts.stderr}`));
          else resolve({ status, ...texts });
        });
        channel.on("error", () => {});
        channel.end((plain.stdin as string | undefined) ?? "", () => {
          isTaken = true;
        });
      });
    });
    const hostVerifier = (blob: Buffer) => hostKey === undefined || blob.equals(parseHostKey(hostKey).blob);
    const pinned =
      hostKey === undefined
        ? {}
        : { algorithms: { serverHostKey: [parseHostKey(hostKey).type as ServerHostKeyAlgorithm] } };
    client.connect({ host, port, username, ...(privateKey !== undefined && { privateKey }), hostVerifier, ...pinned });
  });
}

async function run(which: "create" | "delete", inputs: Properties, operation: Operation): Promise<Properties> {
  const plain = revealAll(inputs);
  const command = plain[which] as string;
  const { status, stdout, stderr } = await overSsh(plain, command, operation);
  if (status !== 0) throw new Error(`Process exited with status ${status}: running "${command}":\n${stdout}${stderr}`);
  return { stdout, stderr };
}

const remoteCommand: Resource = {
  inputs: remoteCommandShape,
  outputs: { stdout: {}, stderr: {} },
  check(inputs) {
    for (const [name, value] of Object.entries(inputs)) {
      if (isSecret(value) && isUnknown(unwrap(value))) inputs[name] = "";
    }
    return [];
  },
  preview: previewOutputs,
  create: async (inputs, operation) => {
    return { id: newId(operation.name), properties: { ...inputs, ...(await run("create", inputs, operation)) } };
  },
  update: async (inputs, _state, operation) => ({ ...inputs, ...(await run("create", inputs, operation)) }),
  async delete(state, operation) {
    if (state.delete !== undefined) await run("delete", state, operation);
  },
};

await serve({ name: "command", version: "1.2.1", resources: { "command:remote:Command": remoteCommand } });
