import type { Client, ClientChannel } from "ssh2";
import { environmentFor, type Variable } from "./ssh-environment.ts";
import { ConnectionGone, SessionRefused } from "./ssh-error.ts";

/** A command to run on a host. */
export interface RemoteRun {
  readonly command: string;
  readonly stdin: string;
  readonly variables: ReadonlyMap<string, Variable>;
  onStdout(chunk: Buffer): void;
  onStderr(chunk: Buffer): void;
}

/** How a command ended: with a status, by a signal, or unknown because the connection was lost. */
export type Ending = { status: number } | { signal: string } | "lost";

/**
 * Runs a command in a session of its own and resolves when it has ended and all its output is in.
 *
 * @throws SessionRefused, ConnectionGone if nothing was run; Error if the server will not run the command.
 */
export async function runOverSsh(client: Client, run: RemoteRun): Promise<Ending> {
  const channel = await openSession(client, run);
  return await new Promise<Ending>((resolve) => {
    let ending: Ending = "lost";
    channel.on("exit", (status: number | null, signal?: string) => {
      ending = status === null ? { signal: (signal ?? "unknown").replace(/^(?!SIG)/, "SIG") } : { status };
    });
    let streamsLeft = 2;
    const onStreamEnd = () => {
      streamsLeft -= 1;
      if (streamsLeft === 0) resolve(ending);
    };
    channel.on("close", onStreamEnd);
    channel.stderr.on("end", onStreamEnd);
    // A command may end without reading all of its input, which is not an error.
    channel.on("error", () => {});
    channel.on("data", run.onStdout);
    channel.stderr.on("data", run.onStderr);
    // The channel cuts it to the window that the other side grants.
    channel.end(run.stdin);
  });
}

function openSession(client: Client, { command, variables }: RemoteRun): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    const options = variables.size > 0 ? { env: environmentFor(client, variables) } : {};
    const opened = (error: (Error & { reason?: unknown }) | undefined, channel: ClientChannel) => {
      if (!error) resolve(channel);
      else reject(notOpened(error));
    };
    try {
      client.exec(command, options, opened);
    } catch (error) {
      reject(new ConnectionGone((error as Error).message));
    }
  });
}

/** Tells apart why a session was not opened; only where the command was surely not sent may it be tried again. */
export function notOpened(error: Error & { reason?: unknown }): Error {
  if (typeof error.reason === "number") return new SessionRefused(error.message);
  return error.reason === "" ? new ConnectionGone(error.message) : error;
}
