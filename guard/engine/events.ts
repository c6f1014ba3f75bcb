import { type FileHandle, open, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

/** Any object. Unlike z.record it is not checked key by key, which would be slow. */
const properties = z.custom<Record<string, unknown>>(
  (value) => typeof value === "object" && value !== null && !Array.isArray(value),
);

const stateSchema = z.object({
  /** Plain text: with some providers a secret. Never print it. */
  id: z.string().nullish(),
  parent: z.string().nullish(),
  /** Without secrets: the engine masks them. */
  inputs: properties.nullish(),
});

const eventSchema = z.object({
  resourcePreEvent: z
    .object({
      metadata: z.object({
        op: z.string(),
        urn: z.string(),
        type: z.string(),
        old: stateSchema.nullish(),
        new: stateSchema.nullish(),
        /** Properties that cause a replacement. */
        keys: z.array(z.string()).nullish(),
      }),
    })
    .optional(),
  diagnosticEvent: z
    .object({ urn: z.string().nullish(), message: z.string(), severity: z.string(), ephemeral: z.boolean().nullish() })
    .optional(),
  policyEvent: z
    .object({
      resourceUrn: z.string().nullish(),
      message: z.string(),
      policyName: z.string(),
      enforcementLevel: z.string(),
    })
    .optional(),
  summaryEvent: z.object({ resourceChanges: z.record(z.string(), z.number()).nullish() }).optional(),
});

/** One event of the engine, as far as the guard reads it (`apitype.EngineEvent` of Pulumi). */
export type EngineEvent = z.infer<typeof eventSchema>;

/** The engine's step on one resource: its state before (`old`) and after (`new`). */
export type ResourceEvent = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/** Results of steps. They are two thirds of a log, repeat the steps, and are not read here. */
const results = /^\{"sequence":\d+,"timestamp":\d+,"resOutputsEvent":/;

/**
 * Reads an event log: one JSON document a line. A last line cut short by a crash is ignored.
 * @throws ZodError for events of another shape
 */
export function parseEvents(text: string): EngineEvent[] {
  const lines = text.split("\n");
  // The rest after the last line feed is empty or an incomplete line.
  lines.pop();
  return lines.filter((line) => !results.test(line)).map((line) => eventSchema.parse(JSON.parse(line)));
}

/** Milliseconds between two reads of a log. */
const interval = 100;

/**
 * Reads an event log while the engine writes it, so that little is left to read when the engine ends. Calls `take` for each event.
 * No file means no events: {@link LogCount} says whether that is all.
 * @param ended settles when the log is complete
 * @throws ZodError for events of another shape
 */
export async function followEvents(
  file: string,
  ended: Promise<unknown>,
  take: (event: EngineEvent) => void,
): Promise<void> {
  let over = false;
  const end = ended.then(
    () => (over = true),
    () => (over = true),
  );
  await using log = new Log(file);
  for (;;) {
    // Checked before reading, so that everything written before the end is read.
    const last = over;
    for await (const text of log.added()) for (const event of parseEvents(text)) take(event);
    if (last) return;
    await Promise.race([end, sleep(interval, undefined, { ref: false })]);
  }
}

/**
 * Counts what a log has, since an engine goes on, and ends with 0, although it can't write one (a full disk): what is missing there would be taken for
 * "nothing changes".
 */
export class LogCount {
  #steps = 0;
  #summed: number | undefined;

  add({ resourcePreEvent, summaryEvent }: EngineEvent): void {
    if (resourcePreEvent && !defaultProvider.test(resourcePreEvent.metadata.urn)) this.#steps++;
    if (summaryEvent)
      this.#summed = Object.values(summaryEvent.resourceChanges ?? {}).reduce((sum, own) => sum + own, 0);
  }

  /** What is missing, in words; undefined if the engine's own summary is there and has no more steps than the log. */
  missing(): string | undefined {
    if (this.#summed === undefined) return "its end";
    // A log has more: parts of a replacement are steps, too.
    return this.#steps < this.#summed ? `${this.#summed - this.#steps} of ${this.#summed} steps` : undefined;
  }
}

/** Providers that nobody declares, which are steps that no summary counts (`isDefaultProviderStep` of Pulumi). */
const defaultProvider = /::pulumi:providers:[^:]+::default[^:]*$/;

/** A growing text file. */
class Log implements AsyncDisposable {
  readonly #file: string;
  readonly #chunk = Buffer.allocUnsafeSlow(1 << 20);
  #handle: FileHandle | undefined;
  /** The beginning of a line that is still incomplete. */
  #rest = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  /** The whole lines added since the last call. */
  async *added(): AsyncGenerator<string> {
    this.#handle ??= await open(this.#file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
      return undefined;
    });
    if (!this.#handle) return;
    for (;;) {
      const { bytesRead } = await this.#handle.read(this.#chunk);
      if (bytesRead === 0) return;
      const text = Buffer.concat([this.#rest, this.#chunk.subarray(0, bytesRead)]);
      const end = text.lastIndexOf("\n") + 1;
      this.#rest = text.subarray(end);
      if (end > 0) yield text.toString("utf8", 0, end);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle?.close();
  }
}

/** The events of a log file; none if the engine ended before it wrote one. */
export async function readEvents(file: string): Promise<EngineEvent[]> {
  return parseEvents(await readFile(file, "utf8").catch(() => ""));
}
