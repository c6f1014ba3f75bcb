import { readFile } from "node:fs/promises";
import { z } from "zod";

const stateSchema = z.object({
  parent: z.string().nullish(),
  /** Secrets are not in here: the engine blinds them. */
  inputs: z.record(z.string(), z.unknown()).nullish(),
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

/** The engine's step on one resource: what it holds (`old`) and what it would hold (`new`). */
export type ResourceEvent = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

/**
 * Reads an event log: one JSON document a line. A last line that was cut short, by a crash, is left out.
 * @throws ZodError for events of another shape
 */
export function parseEvents(text: string): EngineEvent[] {
  const lines = text.split("\n");
  // What follows the last line feed is empty, or half a line.
  lines.pop();
  return lines.map((line) => eventSchema.parse(JSON.parse(line)));
}

/** The events of a log file; none where the engine did not come so far as to write one. */
export async function readEvents(file: string): Promise<EngineEvent[]> {
  return parseEvents(await readFile(file, "utf8").catch(() => ""));
}

export function resourceEvents(events: readonly EngineEvent[]): ResourceEvent[] {
  return events.flatMap(({ resourcePreEvent }) => (resourcePreEvent ? [resourcePreEvent.metadata] : []));
}
