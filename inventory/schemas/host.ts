import { z } from "zod";
import { address6Schema, nameSchema } from "./common.ts";
import { asNumberSchema } from "./network.ts";

const diskSchema = z.strictObject({
  slot: nameSchema,
  serial: z.string().min(1),
  model: z.string().min(1),
  /** Gigabytes (10^9 bytes), as printed on the disk. */
  sizeGb: z.number().positive(),
  kind: z.enum(["ssd", "hdd"]),
  hotSwap: z.boolean(),
});

const mirrorSchema = z.strictObject({
  name: nameSchema,
  level: z.enum(["raid1"]),
  /** Slots of the member disks. */
  disks: z.array(nameSchema).min(1),
  /** Where its file system is mounted. */
  mount: z.enum(["/", "/srv/accounts"]),
});

const linkSchema = z.strictObject({
  /** The interface's name on the host. */
  port: z.string().regex(/^[a-z][a-z0-9]{1,14}$/, { error: "must be an interface name such as eth0" }),
  switch: nameSchema,
});

/** A bare-metal host: `hosts/<name>.yaml`. */
export const hostSchema = z.strictObject({
  name: nameSchema,
  /** The cell whose stack holds this host (config `fairhost:cell`). Default `main`. */
  cell: nameSchema.default("main"),
  site: nameSchema,
  hall: nameSchema,
  rack: nameSchema,
  /** Debian release by code name. */
  release: z.enum(["bookworm", "trixie"]),
  /** The host's own address: in the site's subnet 0. */
  address: address6Schema,
  /** The private AS number (RFC 6996) the host announces its accounts' prefixes from; unique in the fleet. */
  asNumber: asNumberSchema,
  /** How the controller reaches it. The host key comes from the known_hosts file of the stack (`fairhost:knownHosts`). */
  ssh: z.strictObject({
    address: z.string().min(1),
    port: z.int().min(1).max(65_535).default(22),
  }),
  disks: z.array(diskSchema).min(1),
  mirrors: z.array(mirrorSchema).min(1),
  powerSupplies: z.array(z.strictObject({ name: nameSchema, chain: nameSchema })).min(1),
  links: z.array(linkSchema).min(1),
  capacity: z.strictObject({
    cores: z.int().min(1),
    memoryMb: z.int().min(256),
    diskGb: z.number().positive(),
  }),
});

export type Host = z.infer<typeof hostSchema>;
