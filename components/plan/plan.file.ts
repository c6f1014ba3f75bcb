import { z } from "zod";
import { leastStandbyMinutes, usualStandbyMinutes } from "../account/standby-copy.ts";
import { failures } from "../inputs.ts";
import type { FileKind } from "../registry/file.ts";
import { nameSchema } from "../schema.ts";
import { limits } from "./limits.ts";

type Limits = typeof limits;
const limitSchemas = Object.fromEntries(Object.entries(limits).map(([name, { schema }]) => [name, schema])) as {
  [Name in keyof Limits]: Limits[Name]["schema"];
};

export const schema = z.strictObject({
  name: nameSchema.describe("Name of the plan, unique in the fleet. The file has the same name."),
  ...limitSchemas,
  passwordLogins: z
    .boolean()
    .default(false)
    .describe(
      "Whether users of its accounts may log in by password (`passwordHash`). Default false: by key only, which nobody can guess.",
    ),
  retentionDays: z.literal([3, 7, 20, 30]).describe("Days that backups are kept."),
  proofDays: z
    .int()
    .min(1)
    .max(366)
    .default(30)
    .describe(
      "Days for which a restore proof of an account's newest backup is valid. Hosts restore backups as drills often enough that none gets half as old. Default 30.",
    ),
  standbyMinutes: z
    .int()
    .min(leastStandbyMinutes)
    .max(1440)
    .default(usualStandbyMinutes)
    .describe(
      "Minutes after which all that is new in an account has come to its standby host, and the time that a backup and its copy take: what came later is lost with the account's host. Accounts with a standby are backed up as often as that needs, and the standby fetches the backups, encrypted, and restores from them when it takes over. Default 60.",
    ),
  wakeSeconds: z
    .int()
    .min(1)
    .max(3600)
    .default(120)
    .describe(
      "Seconds within which all HTTP servers and services of its accounts that never rest (`idleSeconds: 0`) have started, after the reboot of a host or once it takes over accounts of a lost one. Every preview proves it from what starts were measured to take. Default 120.",
    ),
  survives: z
    .array(z.enum(failures))
    .describe(
      "Kinds of elements of which any single one can fail without taking an account down. Every preview proves it for every element of the fleet.",
    ),
  takeover: z
    .boolean()
    .default(true)
    .describe(
      "Whether the other hosts of the group (same site and cell) keep free capacity for the accounts of a lost host. Default true.",
    ),
  guaranteed: z
    .strictObject({
      cores: z
        .number()
        .positive()
        .default(0.01)
        .describe("CPU cores on a busy host. Default 0.01: a hundredth of a core."),
      memoryMb: z.int().min(1).default(16).describe("Memory on a full host in MiB. Default 16."),
    })
    .prefault({})
    .describe("Resources that every account gets even if all other accounts use their limits."),
  overcommit: z
    .strictObject({
      memory: z.number().min(1).default(8).describe("Overcommit of a host's memory. Default 8."),
      disk: z
        .number()
        .min(1)
        .default(1)
        .describe("Overcommit of a host's disk for accounts. Default 1: no overcommit."),
    })
    .prefault({})
    .describe("Overcommit: the limits of a host's accounts may add up to this many times the host's capacity."),
});

/** Limits and promises of accounts. */
export const file = {
  key: "plans",
  name: "plan",
  path: "plans/",
  shown: "plans/<name>.yaml",
  title: "A plan, with limits and promises for accounts",
  schema,
  judged: "declared",
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
