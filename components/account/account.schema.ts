import { z } from "zod";
import { daySchema, format, homePathSchema, hostnameSchema, lineSchema, nameSchema } from "../schema.ts";

/** Numbers 1 to 65535: the 16 bits between a site's /48 and an account's /64. */
const accountNumberSchema = z.int().min(1).max(65_535);

const common = {
  name: nameSchema.max(24).describe("Unique in the account; part of the unit's name. At most 24 characters."),
  number: z
    .int()
    .min(1)
    .max(999)
    .describe(
      "Stable number of this HTTP server inside the account, 1 to 999, never reused: its port is 8000 + number.",
    ),
  hostnames: z
    .array(hostnameSchema)
    .default([])
    .describe("Host names it answers for. The account's own address is answered by its lowest-numbered server."),
  idleSeconds: z
    .int()
    .min(0)
    .max(86_400)
    .default(300)
    .describe("Seconds without a request until it is stopped; 0 = never. Default 300."),
};

/** Text that may stand in an environment value or a command argument. */
const argumentSchema = lineSchema.max(4096);

const staticServerSchema = z.strictObject({
  ...common,
  kind: z.literal("static").describe("`static`: files of the account's home."),
  root: homePathSchema.default("www").describe("Directory served, inside the account's home. Default `www`."),
});

const programServerSchema = z.strictObject({
  ...common,
  kind: z.literal("program").describe("`program`: a program of the account answers."),
  command: z
    .array(argumentSchema.min(1))
    .min(1)
    .max(64)
    .describe(
      "Program and its arguments; the program is an absolute path on the host's /usr or a path inside the account's home. Not read by a shell.",
    ),
  directory: z
    .union([z.literal("."), homePathSchema])
    .default(".")
    .describe("Where it is started, inside the account's home. Default the home itself (`.`)."),
  socketActivation: z
    .boolean()
    .default(false)
    .describe(
      "`true`: the program takes over the listening socket (sd_listen_fds(3)) and ends itself when idle. `false` (default): it listens on 127.0.0.1 or [::1] port `$PORT` of its own network; a proxy starts and stops it.",
    ),
  environment: z
    .record(
      format("upper-case letters, digits and _", (says) => z.string().regex(/^[A-Z][A-Z0-9_]{0,63}$/, says)),
      argumentSchema,
    )
    .default({})
    .describe("Environment variables; not for secrets, they are shown in previews."),
});

const httpServerSchema = z.discriminatedUnion("kind", [staticServerSchema, programServerSchema]);
export type HttpServerEntry = z.infer<typeof httpServerSchema>;

/** An account: one file `accounts/<anything>.yaml` each. */
export const accountSchema = z.strictObject({
  number: accountNumberSchema.describe(
    "Identity: given once, never reused; uid, slice, prefix and ports follow from it. 1 to 65535.",
  ),
  name: nameSchema.describe("Unique in the fleet; may be changed."),
  plan: nameSchema.describe("Name of a plan: a file in plans/."),
  host: nameSchema.describe("Name of the host it lives on: a file in hosts/."),
  standby: nameSchema
    .optional()
    .describe("Host of another site that takes over at once; plans that survive the loss of a host need one."),
  retentionDays: z.int().min(1).max(3660).optional().describe("Days its backups are kept, if longer than its plan's."),
  protect: z
    .boolean()
    .default(true)
    .describe("Whether removing the account is refused until this is false. Default true."),
  httpServers: z.array(httpServerSchema).max(50).default([]).describe("The web sites and programs of the account."),
});

export type Account = z.infer<typeof accountSchema>;

/** A deleted account's number stays taken: `tombstones.yaml` is a list of these. */
const tombstoneSchema = z.strictObject({
  number: accountNumberSchema.describe("The number that stays taken."),
  name: nameSchema.describe("The account's last name."),
  deleted: daySchema.describe("Day of deletion, ISO 8601 (`2026-11-22`)."),
});

export type Tombstone = z.infer<typeof tombstoneSchema>;

/** The whole file `tombstones.yaml`. */
export const tombstonesSchema = z.array(tombstoneSchema);
