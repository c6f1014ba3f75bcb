import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

type Reply = { readonly return?: unknown; readonly error?: { readonly class?: string; readonly desc?: string } };

/** Lines of JSON over a Unix socket, one reply a request, in order: what QEMU's monitor (QMP) and guest agent both speak. */
export class JsonSocket implements AsyncDisposable {
  readonly #socket: Socket;
  readonly #waiting: { resolve: (reply: Reply) => void; reject: (error: Error) => void }[] = [];
  #closed: Error | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    const lines = createInterface({ input: socket });
    // Readline hands the socket's errors on; both must be heard.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      let message: Reply & { event?: unknown; QMP?: unknown };
      try {
        message = JSON.parse(line.replaceAll("\u00ff", "").replace(/^[^{]*/, "")) as typeof message;
      } catch {
        return;
      }
      if (!("return" in message) && !("error" in message)) return;
      this.#waiting.shift()?.resolve(message);
    });
    const end = (error: Error): void => {
      this.#closed ??= error;
      for (const waiter of this.#waiting.splice(0)) waiter.reject(this.#closed);
    };
    socket.on("error", end);
    socket.on("close", () => end(new Error("the connection was closed")));
  }

  /** Connects; the socket must exist. */
  static async open(path: string): Promise<JsonSocket> {
    const socket = connect(path);
    await new Promise<void>((resolve, reject) => {
      socket.once("connect", resolve);
      socket.once("error", reject);
    });
    return new JsonSocket(socket);
  }

  /**
   * Sends a command and waits for its reply.
   * @throws Error with the peer's description when it refuses, when the connection ends, or after `timeoutMs`.
   */
  async call(execute: string, args: Record<string, unknown> = {}, timeoutMs = 30_000): Promise<unknown> {
    if (this.#closed) throw this.#closed;
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    const timer = setTimeout(() => {
      // A late reply would be taken for the reply to the next command: close this connection.
      reject(new Error(`no reply to ${execute} within ${timeoutMs} ms`));
      this.#socket.destroy();
    }, timeoutMs);
    this.#waiting.push({ resolve, reject });
    this.#socket.write(`${JSON.stringify({ execute, arguments: args })}\n`);
    try {
      const reply = await promise;
      if (reply.error) throw new Error(`${execute}: ${reply.error.desc ?? JSON.stringify(reply.error)}`);
      return reply.return;
    } finally {
      clearTimeout(timer);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.destroy();
  }
}
