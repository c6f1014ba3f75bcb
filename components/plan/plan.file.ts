import { z } from "zod";
import { failures } from "../inputs.ts";
import type { FileKind } from "../registry/file.ts";
import { nameSchema } from "../schema.ts";
import { limits } from "./limits.ts";

type Limits = typeof limits;
const limitSchemas = Object.fromEntries(Object.entries(limits).map(([name, { schema }]) => [name, schema])) as {
  [Name in keyof Limits]: Limits[Name]["schema"];
};

export const schema = z.strictObject({
  name: nameSchema.describe("Unique in the fleet, and the file's name."),
  ...limitSchemas,
  retentionDays: z.literal([3, 7, 20, 30]).describe("Days backups are kept."),
  survives: z
    .array(z.enum(failures))
    .describe(
      "Failures of a single element that accounts survive without anybody doing anything. Every preview proves it for every element of the fleet.",
    ),
  takeover: z
    .boolean()
    .default(true)
    .describe("Whether the other hosts of the group keep room for the accounts of a lost host. Default true."),
  guaranteed: z
    .strictObject({
      cores: z.number().positive().default(0.01).describe("Share of a core on a busy host. Default 0.01."),
      memoryMb: z.int().min(1).default(16).describe("MiB of memory on a full host. Default 16."),
    })
    .prefault({})
    .describe("What every account gets when all others want everything too."),
  overcommit: z
    .strictObject({
      memory: z.number().min(1).default(8).describe("Times a host's memory. Default 8."),
      disk: z.number().min(1).default(1).describe("Times a host's disk for accounts. Default 1: not at all."),
    })
    .prefault({})
    .describe("How many times over the limits of a host's accounts may add up to what the host has."),
});

/** What an account is promised. */
export const file = {
  key: "plans",
  name: "plan",
  path: "plans/",
  shown: "plans/<name>.yaml",
  title: "A plan: what an account is promised",
  schema,
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
