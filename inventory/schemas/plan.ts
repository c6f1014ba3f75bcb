import { z } from "zod";
import { nameSchema } from "./common.ts";

/** What an account is promised: `plans/<name>.yaml`. */
export const planSchema = z.strictObject({
  name: nameSchema,
  /** systemd CPUWeight=, 1 to 10000. Default 100: an equal share. */
  cpuWeight: z.int().min(1).max(10_000).default(100),
  /** systemd IOWeight=, 1 to 10000. Default 100: an equal share. */
  ioWeight: z.int().min(1).max(10_000).default(100),
  /** Hard memory limit of one account in MiB. */
  memoryMaxMb: z.int().min(16),
  /** Most tasks (processes and threads) of one account. */
  tasksMax: z.int().min(4).max(65_536),
  diskGb: z.number().positive(),
  /** Days backups are kept. */
  retentionDays: z.union([z.literal(3), z.literal(7), z.literal(20), z.literal(30)]),
});

export type Plan = z.infer<typeof planSchema>;
