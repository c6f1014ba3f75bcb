import { z } from "zod";
import { nameSchema } from "./common.ts";

/** What an account is promised: `plans/<name>.yaml`. */
export const planSchema = z.strictObject({
  name: nameSchema.describe("Unique in the fleet, and the file's name."),
  cpuWeight: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("systemd CPUWeight=, 1 to 10000. Default 100: an equal share."),
  ioWeight: z
    .int()
    .min(1)
    .max(10_000)
    .default(100)
    .describe("systemd IOWeight=, 1 to 10000. Default 100: an equal share."),
  memoryMaxMb: z.int().min(16).describe("Hard memory limit of one account in MiB."),
  tasksMax: z.int().min(4).max(65_536).describe("Most tasks (processes and threads) of one account."),
  diskGb: z.number().positive().describe("Gigabytes (10^9 bytes) of an account's home."),
  retentionDays: z.literal([3, 7, 20, 30]).describe("Days backups are kept."),
});

export type Plan = z.infer<typeof planSchema>;
