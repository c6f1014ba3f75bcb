import type { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import type { Severity } from "./resource.ts";

const severities = { debug: 0, info: 1, warning: 2, error: 3 } as const;

/** Lines that may share one call when they arrive faster than the engine takes them. */
const mostLinesPerCall = 200;

interface Entry {
  urn: string;
  severity: Severity;
  status: boolean;
  message: string;
}

/** The engine's log. Messages go out one call after another, in order; a lost engine loses them silently. */
export class EngineLog {
  #address: string;
  #client: Promise<EngineClient> | undefined;
  #queue: Entry[] = [];
  #sending: Promise<void> | undefined;

  /** @param address `host:port` of the engine; empty: nowhere, until `connect`. */
  constructor(address = "") {
    this.#address = address;
  }

  /** Names the engine, when its address comes later than the command line. */
  connect(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    this.#client = undefined;
  }

  /** Queues a message; see `Operation.log`. */
  write(entry: Entry): void {
    if (this.#address === "" || entry.message === "") return;
    this.#queue.push(entry);
    this.#sending ??= this.#send().finally(() => {
      this.#sending = undefined;
    });
  }

  /** Resolves when everything written so far is out. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  async #send(): Promise<void> {
    while (this.#queue.length > 0) {
      const waiting = this.#queue;
      this.#queue = [];
      for (let first = 0; first < waiting.length; ) {
        let end = first + 1;
        while (end < first + mostLinesPerCall && waiting[end] && sameKind(waiting[first]!, waiting[end]!)) end += 1;
        const message = waiting.slice(first, end).map((entry) => entry.message);
        await this.#call({ ...waiting[first]!, message: message.join("\n") });
        first = end;
      }
    }
  }

  async #call(entry: Entry): Promise<void> {
    const { default: messages } = await import("@pulumi/pulumi/proto/engine_pb.js");
    const request = new messages.LogRequest();
    request.setUrn(entry.urn);
    request.setSeverity(severities[entry.severity]);
    request.setEphemeral(entry.status);
    request.setMessage(entry.message);
    this.#client ??= openClient(this.#address);
    const client = await this.#client;
    await new Promise<void>((resolve) => client.log(request, () => resolve()));
  }
}

async function openClient(address: string): Promise<EngineClient> {
  const [{ default: service }, { default: grpc }] = await Promise.all([
    import("@pulumi/pulumi/proto/engine_grpc_pb.js"),
    import("@grpc/grpc-js"),
  ]);
  return new service.EngineClient(address, grpc.credentials.createInsecure());
}

function sameKind(one: Entry, other: Entry): boolean {
  return one.urn === other.urn && one.severity === other.severity && one.status === other.status;
}
