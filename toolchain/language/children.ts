import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { ServerWritableStream } from "@grpc/grpc-js";

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The processes that a language host has started: none may outlive it. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Starts a process; `ended` settles when it has ended and its streams are read to their end, and rejects if it cannot be started. */
  start(
    program: string,
    args: readonly string[],
    options: { cwd: string; env?: NodeJS.ProcessEnv; output: "inherit" | "pipe" },
  ) {
    const { output, ...rest } = options;
    const child = spawn(program, args, { ...rest, stdio: ["ignore", output, output] });
    this.#running.add(child);
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once("error", (error) => {
        this.#running.delete(child);
        reject(error);
      });
      child.once("close", (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal });
      });
    });
    return { child, ended };
  }

  end(signal: NodeJS.Signals): void {
    for (const child of this.#running) child.kill(signal);
  }
}

/** Sends what a process writes to the engine, no faster than the engine takes it. */
export function forward<Message>(
  from: Readable,
  to: ServerWritableStream<unknown, Message>,
  message: (chunk: Buffer) => Message,
): void {
  from.on("data", (chunk: Buffer) => {
    if (to.write(message(chunk))) return;
    from.pause();
    to.once("drain", () => from.resume());
  });
  // Whoever read its beginning may have paused it.
  from.resume();
}

/** Ends a stream with an error: in grpc-js this, and not destroy(), does so. */
export function fail(stream: ServerWritableStream<unknown, unknown>, details: string): void {
  stream.emit("error", { code: 2, details });
}

/**
 * One of the SDK's programs as a project's directory sees it: what it runs and its runner must share one SDK.
 *
 * @param name `run`, `run-plugin` or `run-policy-pack`.
 */
export function resolveRunner(directory: string, name: string): string {
  const specifier = `@pulumi/pulumi/cmd/${name}`;
  try {
    return createRequire(join(directory, "package.json")).resolve(specifier);
  } catch {
    throw new Error(
      `${directory}: Cannot find module '${specifier}': @pulumi/pulumi is not installed there or above. Run \`npm ci\` in the project.`,
    );
  }
}
