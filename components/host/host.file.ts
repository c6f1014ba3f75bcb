import { Address6 } from "ip-address";
import { z } from "zod";
import { asNumberSchema, devicePortSchema, powerSuppliesSchema } from "../network/network.file.ts";
import type { FileKind } from "../registry/file.ts";
import { address4Schema, address6Schema, format, nameSchema, textSchema } from "../schema.ts";

/** What a TCP connection is opened to. */
const sshAddressSchema = format("a host name or an IP address", (says) =>
  z
    .string()
    .max(253)
    .refine((text) => Address6.isValid(text) || /^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/.test(text), says),
);

const diskSchema = z.strictObject({
  slot: nameSchema.describe("Where it sits; mirrors name it. Unique in the host."),
  serial: textSchema.describe("As printed on the disk; unique in the fleet."),
  model: textSchema.describe("Spare parts are counted by model."),
  sizeGb: z.number().positive().describe("Gigabytes (10^9 bytes), as printed on the disk."),
  kind: z.enum(["ssd", "hdd"]).describe("The rules ask for `ssd`."),
  hotSwap: z.boolean().describe("Whether it can be changed while the host runs."),
});

const mirrorSchema = z.strictObject({
  name: nameSchema.describe("Unique in the host."),
  level: z.enum(["raid1"]).describe("Every member has everything."),
  disks: z.array(nameSchema).min(1).describe("Slots of the member disks."),
  mount: z.enum(["/", "/srv/accounts"]).describe("Where its file system is mounted."),
});

const linkSchema = z.strictObject({
  port: format("an interface name such as eth0", (says) => z.string().regex(/^[a-z][a-z0-9]{1,14}$/, says)).describe(
    "The interface's name on the host.",
  ),
  switch: nameSchema.describe("Name of a switch of the site, in network.yaml."),
  switchPort: devicePortSchema.describe("The port of the switch; one cable goes into one port."),
});

/** A bare-metal host: `hosts/<name>.yaml`. */
export const schema = z.strictObject({
  name: nameSchema.describe("Unique in the fleet, and the file's name."),
  cell: nameSchema
    .default("main")
    .describe("The cell whose stack holds this host (config `fairhost:cell`). Default `main`."),
  role: z
    .enum(["accounts", "spare", "backup"])
    .default("accounts")
    .describe(
      "`accounts`: has accounts; `spare`: kept free for accounts of a lost host; `backup`: keeps backups. Default `accounts`.",
    ),
  manufacturer: nameSchema.describe("Who made it."),
  model: textSchema.describe("As the maker calls it."),
  serial: textSchema.describe("As printed on the chassis; unique in the fleet."),
  site: nameSchema.describe("Name of a site: a file in sites/."),
  hall: nameSchema.describe("A hall of the site."),
  rack: nameSchema.describe("A rack of the hall."),
  release: z.enum(["bookworm", "trixie"]).describe("Debian release by code name."),
  address: address6Schema.describe("The host's own address: in the site's subnet 0."),
  address4: address4Schema
    .optional()
    .describe("IPv4 address of the front end, in the site's IPv4 range: for visitors without IPv6."),
  managementAddress: address6Schema.describe("Address of its management controller (BMC): in the site's subnet 0."),
  asNumber: asNumberSchema.describe(
    "The private AS number (RFC 6996) the host announces its accounts' prefixes from; unique in the fleet.",
  ),
  ssh: z
    .strictObject({
      address: sshAddressSchema.describe("What the controller connects to."),
      port: z.int().min(1).max(65_535).default(22).describe("TCP port. Default 22."),
    })
    .describe(
      "How the controller reaches it. The host key comes from the known_hosts file of the stack (`fairhost:knownHosts`).",
    ),
  disks: z.array(diskSchema).min(1).describe("Its disks; the rules ask for two."),
  mirrors: z.array(mirrorSchema).min(1).describe("Its RAID1 arrays: one for `/`, one for `/srv/accounts`."),
  powerSupplies: powerSuppliesSchema,
  links: z.array(linkSchema).min(1).describe("Its cables; the rules ask for two, to two switches."),
  capacity: z
    .strictObject({
      cores: z.int().min(1).describe("CPU cores."),
      memoryMb: z.int().min(256).describe("Mebibytes of memory."),
      diskGb: z.number().positive().describe("Gigabytes for accounts on /srv/accounts."),
    })
    .describe("What its accounts share."),
});

export const file = {
  key: "hosts",
  name: "host",
  path: "hosts/",
  shown: "hosts/<name>.yaml",
  title: "A bare-metal host",
  schema,
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
