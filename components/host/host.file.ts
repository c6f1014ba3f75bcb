import { z } from "zod";
import { defaultCell, routersCell } from "../declaring.ts";
import { hostFirewallSchema } from "../firewall/rule.ts";
import { spelled } from "../inputs.ts";
import { asNumberSchema, devicePortSchema, powerSuppliesSchema } from "../network/network.file.ts";
import type { FileKind } from "../registry/file.ts";
import {
  address4Schema,
  address6Schema,
  daySchema,
  format,
  labelSchema,
  nameSchema,
  packageSchema,
  pastDay,
} from "../schema.ts";
import { hostUpgradesSchema } from "../upgrade/upgrades.ts";
import { architectureSchema } from "./hardware/architecture.ts";
import { sshAddressSchema } from "./system/way-in.ts";

const diskSchema = z.strictObject({
  slot: nameSchema.describe("Slot of the disk, unique in the host. Mirrors refer to it."),
  serial: labelSchema.describe("Serial number as printed on the disk, unique in the fleet."),
  model: spelled("model", labelSchema.describe("Model of the disk. Spare parts are counted by model.")),
  sizeGb: z.number().positive().describe("Size in gigabytes (10^9 bytes), as printed on the disk."),
  kind: z.enum(["ssd", "hdd"]).describe("Kind of disk. The rules require `ssd`."),
  hotSwap: z.boolean().describe("Whether the disk can be replaced while the host runs. The rules require true."),
});

const mirrorSchema = z.strictObject({
  name: nameSchema.describe("Name of the mirror, unique in the host."),
  level: z.enum(["raid1"]).describe("RAID level. `raid1`: every disk has a full copy."),
  disks: z.array(nameSchema).min(1).describe("Slots of the disks in the mirror. The rules require two."),
  mount: z.enum(["/", "/srv/accounts"]).describe("Mount point of its file system."),
});

const linkSchema = z.strictObject({
  port: format("an interface name such as eth0", (says) => z.string().regex(/^[a-z][a-z0-9]{1,14}$/, says)).describe(
    "Name of the interface on the host.",
  ),
  switch: nameSchema.describe("Name of a switch of the site: an entry in network.yaml."),
  switchPort: devicePortSchema.describe("Port of the switch. Each port can have only one link."),
});

/** A bare-metal host: `hosts/<name>.yaml`. */
export const schema = z.strictObject({
  name: nameSchema.describe("Name of the host, unique in the fleet. The file has the same name."),
  cell: nameSchema
    .default(defaultCell)
    .describe(
      `Cell whose stack contains the host (config \`fairhost:cell\`). Default \`${defaultCell}\`. \`${routersCell}\` is the cell of routers, and of no host.`,
    ),
  role: z
    .enum(["accounts", "spare", "backup"])
    .default("accounts")
    .describe(
      "Role of the host. `accounts`: runs accounts; `spare`: kept free for the accounts of a lost host; `backup`: stores backups. Default `accounts`.",
    ),
  lost: pastDay(
    daySchema.describe(
      "Day on which the host was lost, for example 2026-11-24. Deploys do not contact it; accounts that have gone from it to other hosts are restored there from their newest backups. Remove it when the host is back.",
    ),
  ).exactOptional(),
  manufacturer: spelled("manufacturer", nameSchema.describe("Manufacturer of the host, for information only.")),
  model: spelled("model", labelSchema.describe("Model, as the manufacturer names it, for information only.")),
  serial: labelSchema.describe("Serial number as printed on the chassis, unique in the fleet."),
  site: nameSchema.describe("Name of the host's site: a file in sites/."),
  hall: nameSchema.describe("Name of a hall of the site."),
  rack: nameSchema.describe("Name of a rack of the hall."),
  release: z.enum(["bookworm", "trixie"]).describe("Code name of the host's Debian release."),
  architecture: architectureSchema,
  runtimes: z
    .array(packageSchema)
    .optional()
    .describe("Debian packages for accounts on this host, instead of `runtimes` in network.yaml."),
  upgrades: hostUpgradesSchema,
  firewall: hostFirewallSchema,
  address: address6Schema.describe("IPv6 address of the host itself, in subnet 0 of its site."),
  address4: address4Schema
    .optional()
    .describe(
      "IPv4 address of the front end, in the site's IPv4 range, for visitors without IPv6. The host announces it by BGP over IPv6 (RFC 8950), and routers take it from this host alone.",
    ),
  managementAddress: address6Schema.describe(
    "IPv6 address of the host's management controller (BMC), in subnet 0 of its site.",
  ),
  asNumber: asNumberSchema.describe(
    "Private AS number (RFC 6996) from which the host announces its accounts' prefixes, unique in the fleet.",
  ),
  ssh: z
    .strictObject({
      address: sshAddressSchema.describe("Address that the controller connects to."),
      port: z
        .int()
        .min(1)
        .max(65_535)
        .default(22)
        .describe(
          "TCP port that the controller connects to. The host's firewall opens it, and 22; one above 32767 counts as a forward to 22. Default 22.",
        ),
    })
    .describe(
      "How the controller reaches the host by SSH. The known_hosts file of the stack (`fairhost:knownHosts`) must have the host key.",
    ),
  disks: z.array(diskSchema).min(1).describe("Disks of the host. The rules require two."),
  mirrors: z
    .array(mirrorSchema)
    .min(1)
    .describe("Mirrors (RAID1) of the host: one for `/` and one for `/srv/accounts`."),
  powerSupplies: powerSuppliesSchema,
  links: z
    .array(linkSchema)
    .min(1)
    .describe("Links of the host to switches. The rules require two links, to two switches."),
  setUpLinks: z
    .boolean()
    .optional()
    .describe(
      "Whether deliveries set up the links and the host's address, by systemd-networkd, which must have the network already: several links as a bond of which one is active. Unless routers and the controller are reached as before, the old settings return by themselves. Default false: whoever installs the host does it.",
    ),
  capacity: z
    .strictObject({
      cores: z.int().min(1).describe("Number of CPU cores."),
      memoryMb: z.int().min(256).describe("Memory in MiB."),
      diskGb: z.number().positive().describe("Disk space for accounts on /srv/accounts, in gigabytes (10^9 bytes)."),
    })
    .describe("Capacity that the host's accounts share."),
  spoolGb: z
    .number()
    .min(0)
    .max(10_000)
    .optional()
    .describe(
      "Gigabytes (10^9 bytes) that backups may take on the host: what it knows of their directories at all times, and those that wait while no backup host answers. Never more than a quarter of what is free; it is looked at while they are written. 0: nothing is kept, and none wait. No rule counts it against `capacity`. Without effect on backup hosts. Default 50.",
    ),
});

export const file = {
  key: "hosts",
  name: "host",
  path: "hosts/",
  shown: "hosts/<name>.yaml",
  title: "A bare-metal host",
  schema,
  judged: "declared",
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
