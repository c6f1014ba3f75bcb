import { z } from "zod";
import { failures } from "../declaration.ts";
import { nameSchema } from "../schema.ts";

/** What an account is promised: `plans/<name>.yaml`. */
export const planSchema = z.strictObject({
  name: nameSchema.describe("Unique in the fleet, and the file's name."),
  cpuWeight: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("Systemd's CPUWeight=, 1 to 10000. Default 100: an equal share."),
  ioWeight: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("Systemd's IOWeight=, 1 to 10000. Default 100: an equal share."),
  memoryMaxMb: z.int().min(16).describe("Hard memory limit of one account in MiB."),
  tasksMax: z.int().min(4).max(65_536).describe("Most tasks (processes and threads) of one account."),
  diskGb: z.number().positive().describe("Gigabytes (10^9 bytes) of an account's home."),
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

export type Plan = z.infer<typeof planSchema>;
