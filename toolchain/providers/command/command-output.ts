import { StringDecoder } from "node:string_decoder";
import { type Properties, secretStrings, unwrap } from "../properties.ts";
import type { Operation } from "../resource.ts";

/** Which of a command's outputs are shown while it runs; the same words as upstream's enumeration. */
export const loggingChoices = ["stdout", "stderr", "stdoutAndStderr", "none"] as const;

/** One `logging` choice; absent means both. */
export type Logging = (typeof loggingChoices)[number] | undefined;

// Shorter secrets occur in ordinary text by chance; hiding them would garble messages and hardly hide anything.
const shortestHidden = 8;
const mostHidden = 1000;
const [tailLines, tailBytes] = [20, 4000];

/** Replaces secrets in text. Best effort: a secret that a command prints in another form passes. */
export type Redact = (text: string) => string;

/**
 * Hides the secret inputs of a resource, and the single lines of those that have several. The connection is secret as
 * a whole, but of it only passwords and keys are hidden: a message must be able to name the host.
 */
export function redactor(inputs: Properties): Redact {
  const pieces = secretStrings({ ...inputs, connection: unwrap(inputs.connection ?? null) }).flatMap((text) => [
    text,
    ...text.split("\n"),
  ]);
  const hidden = [...new Set(pieces.map((piece) => piece.trim()))]
    .filter((piece) => piece.length >= shortestHidden)
    .sort((one, other) => other.length - one.length)
    .slice(0, mostHidden);
  return (text) => hidden.reduce((left, piece) => left.replaceAll(piece, "[secret]"), text);
}

/** Collects one stream of output and passes each of its lines on as it comes. */
class OutputStream {
  readonly #decoder = new StringDecoder("utf8");
  readonly #onLine: ((line: string) => void) | undefined;
  #pieces: string[] = [];
  #unfinished = "";

  constructor(onLine?: (line: string) => void) {
    this.#onLine = onLine;
  }

  /** Takes the next bytes. */
  readonly write = (chunk: Buffer): void => this.#take(this.#decoder.write(chunk));

  /** Ends the stream: the text without its last line feed, as upstream gives it. */
  end(): string {
    this.#take(this.#decoder.end());
    if (this.#unfinished !== "") this.#onLine?.(this.#unfinished);
    this.#unfinished = "";
    return this.#pieces.join("").replace(/\n$/, "");
  }

  #take(text: string): void {
    this.#pieces.push(text);
    if (!this.#onLine) return;
    const lines = (this.#unfinished + text).split("\n");
    this.#unfinished = lines.pop() ?? "";
    for (const line of lines) this.#onLine(line);
  }
}

/** Both outputs of a command, shown live as `logging` says. */
export function captureOutput(logging: Logging, redact: Redact, operation: Operation) {
  const show = (line: string) => operation.log("info", redact(line), { status: true });
  const both = logging === undefined || logging === "stdoutAndStderr";
  return {
    stdout: new OutputStream(both || logging === "stdout" ? show : undefined),
    stderr: new OutputStream(both || logging === "stderr" ? show : undefined),
  };
}

/** Error for a failed command: its first line and the end of its output, without input and environment. */
export function failure(what: string, how: string, command: string, output: { stdout: string; stderr: string }): Error {
  const lines = command.trim().split("\n");
  const shown = `\`${(lines[0] ?? "").slice(0, 200)}\`${lines.length > 1 ? ` and ${lines.length - 1} more lines` : ""}`;
  const stream = output.stderr.trim() === "" ? "stdout" : "stderr";
  const tail = output[stream].trimEnd().slice(-tailBytes).split("\n").slice(-tailLines).join("\n");
  const said = tail.trim() === "" ? "It printed nothing." : `The end of its ${stream}:\n${tail}`;
  return new Error(`${what} ${how}: ${shown}\n${said}`);
}
