import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, posix } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Client, SFTPWrapper } from "ssh2";
import { equal, isArchive, isAsset, isObject, isUnknown, type Properties, reveal, unwrap } from "../properties.ts";
import type { Operation, Resource } from "../resource.ts";
import type { Failure, Shape } from "../shape.ts";
import { checkHostKeys, connectionShape, label, parseConnection } from "../ssh/ssh-connection.ts";
import { ConnectionGone } from "../ssh/ssh-error.ts";
import type { SshPool } from "../ssh/ssh-pool.ts";
import { notOpened } from "../ssh/ssh-session.ts";
import { newId } from "./command-remote.ts";

/** Inputs of `command:remote:CopyToRemote`. */
const copyToRemoteShape = {
  connection: { type: connectionShape, required: true, secret: true },
  remotePath: { type: "string", required: true },
  source: { type: "asset", required: true },
  triggers: { type: "list", replaces: true },
} as const satisfies Shape;

/** `command:remote:CopyToRemote`: copies a text, a file or a directory to a host by SFTP. */
export function copyToRemote(pool: SshPool): Resource {
  async function copy(inputs: Properties, operation: Operation): Promise<void> {
    const connection = parseConnection(reveal(inputs.connection ?? null));
    const remotePath = reveal(inputs.remotePath ?? "") as string;
    const source = reveal(inputs.source ?? null) as Properties;
    const lease = {
      cancelled: operation.cancelled,
      onRetry: (message: string) => operation.log("info", message, { status: true }),
    };
    await pool.use(connection, lease, async (client) => {
      const sftp = await openSftp(client);
      try {
        if (typeof source.text === "string" && isAsset(source) && !source.path)
          await copyText(sftp, source.text, remotePath);
        else await copyPath(sftp, source.path as string, remotePath);
      } catch (error) {
        throw new Error(`copy to ${label(connection)}: ${(error as Error).message}`);
      } finally {
        sftp.end();
      }
    });
  }

  return {
    inputs: copyToRemoteShape,
    outputs: {},

    check(inputs) {
      const connection = unwrap(inputs.connection ?? null);
      const source = unwrap(inputs.source ?? null);
      const failures = isUnknown(connection) ? [] : checkHostKeys(connection);
      return [...failures, ...(isUnknown(source) ? [] : checkSource(source as Properties))];
    },

    preview: (inputs) => inputs,

    async create(inputs, operation) {
      await copy(inputs, operation);
      return { id: newId(""), properties: inputs };
    },

    async update(inputs, state, operation) {
      const moved = !equal(reveal(inputs.remotePath ?? null), reveal(state.remotePath ?? null));
      if (moved || !equal(reveal(inputs.source ?? null), reveal(state.source ?? null))) await copy(inputs, operation);
      return inputs;
    },

    // As upstream: what was copied stays.
    async delete() {},
  };
}

function checkSource(source: Properties): Failure[] {
  const given = (name: string) => typeof source[name] === "string" && source[name] !== "";
  if (isAsset(source) && (given("path") || typeof source.text === "string") && !given("uri")) return [];
  if (isArchive(source) && given("path") && !given("uri") && !isObject(source.assets)) return [];
  const reason = "must be a file asset, a text asset, or an archive made of the path of a file or directory";
  return [{ property: "source", reason }];
}

function openSftp(client: Client): Promise<SFTPWrapper> {
  return new Promise((resolve, reject) => {
    try {
      client.sftp((error: (Error & { reason?: unknown }) | undefined, sftp) => {
        if (!error) resolve(sftp);
        else
          reject(error.reason === undefined ? new Error(`the host has no SFTP: ${error.message}`) : notOpened(error));
      });
    } catch (error) {
      reject(new ConnectionGone((error as Error).message));
    }
  });
}

type Kind = "directory" | "file" | undefined;

/** Kind of file at a remote path, if there is one. */
async function kindAt(sftp: SFTPWrapper, path: string): Promise<Kind> {
  return await new Promise((resolve, reject) => {
    sftp.stat(path, (error, stats) => {
      const noSuchFile = 2;
      if (!error) resolve(stats.isDirectory() ? "directory" : "file");
      else if ((error as Error & { code?: number }).code === noSuchFile) resolve(undefined);
      else reject(new Error(`${path}: ${error.message}`));
    });
  });
}

async function makeDirectories(sftp: SFTPWrapper, path: string): Promise<void> {
  const kind = await kindAt(sftp, path);
  if (kind === "directory") return;
  if (kind === "file") throw new Error(`${path} exists there and is not a directory`);
  const parent = posix.dirname(path);
  if (parent !== path) await makeDirectories(sftp, parent);
  await promisify(sftp.mkdir.bind(sftp) as (path: string, done: (error?: Error | null) => void) => void)(path);
}

async function write(sftp: SFTPWrapper, content: Readable, path: string): Promise<void> {
  try {
    await pipeline(content, sftp.createWriteStream(path));
  } catch (error) {
    throw new Error(`${path}: ${(error as Error).message}`);
  }
}

async function copyText(sftp: SFTPWrapper, text: string, path: string): Promise<void> {
  if ((await kindAt(sftp, path)) === "directory") {
    throw new Error(`${path} is a directory there; a text asset has no name of its own: give the path of the file`);
  }
  await makeDirectories(sftp, posix.dirname(path));
  await write(sftp, Readable.from([Buffer.from(text)]), path);
}

/**
 * Copies with upstream's rules: a file goes into a remote directory that exists, else to the path itself; a directory
 * goes below the remote directory with its own name, or, if its path ends in `/`, with its members only.
 */
async function copyPath(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  if ((await stat(from)).isDirectory()) {
    await copyDirectory(sftp, from, from.endsWith("/") ? to : posix.join(to, basename(from)));
    return;
  }
  const kind = await kindAt(sftp, to);
  if (kind === undefined) await makeDirectories(sftp, posix.dirname(to));
  await write(sftp, createReadStream(from), kind === "directory" ? posix.join(to, basename(from)) : to);
}

async function copyDirectory(sftp: SFTPWrapper, from: string, to: string): Promise<void> {
  await makeDirectories(sftp, to);
  for (const name of (await readdir(from)).sort()) {
    const [source, target] = [posix.join(from, name), posix.join(to, name)];
    if ((await stat(source)).isDirectory()) await copyDirectory(sftp, source, target);
    else await write(sftp, createReadStream(source), target);
  }
}
