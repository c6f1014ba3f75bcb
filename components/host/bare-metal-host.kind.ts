import { z } from "zod";
import { usualSpoolGb } from "../../delivery/protocol/backups.ts";
import { architectureNames } from "../../lib/architectures.ts";
import { byKey, found, sortBy } from "../../lib/lists.ts";
import { declaredFirewall, firewallInputs } from "../firewall/rule.ts";
import { derived, flag, number, placed, powerSupplies, text, texts } from "../inputs.ts";
import { feedsOf } from "../network/devices/device.ts";
import {
  capacity,
  derivedField,
  identity,
  key,
  note,
  promise,
  redundancy,
  trust,
} from "../registry/fields/field-class.ts";
import { type Kind, ownFile } from "../registry/kind.ts";
import { canonical } from "../schema.ts";
import { upgradesByDefault, upgradesInputs, upgradesOf } from "../upgrade/upgrades.ts";
import { describeHost } from "./describe-host.ts";
import { defaultArchitecture } from "./hardware/architecture.ts";
import { sshPortOf } from "./system/ssh-port.ts";
import { hostSsh, wayTo } from "./system/way-in.ts";

export const inputs = z.strictObject({
  ...placed,
  cell: identity(text).describe("The cell whose stack holds it."),
  role: redundancy(text).describe(
    "`accounts`: runs accounts; `spare`: kept free for the accounts of a lost host; `backup`: stores backups.",
  ),
  lost: trust(text, { means: "which host counts as lost, with what it has" })
    .exactOptional()
    .describe("The day on which it was lost: deploys do not contact it; absent if it is there."),
  manufacturer: note(text).describe("Who made it, for information only."),
  model: note(text).describe("As the maker calls it, for information only."),
  serial: identity(text, { judged: "nothing-replaced" }).describe("As printed on the chassis; unique in the fleet."),
  managementAddress: identity(text, { judged: "identity-kept" }).describe("Address of its management controller."),
  release: promise(text, { judged: "releases-forward" }).describe("Debian release by code name."),
  // A state of 0.1.0 does not say it.
  architecture: identity(z.enum(architectureNames))
    .default(defaultArchitecture)
    .describe("CPU architecture, as Debian names it."),
  // A state of 0.1.0 does not say it.
  runtimes: promise(texts).default([]).describe("Debian packages for the programs of its accounts."),
  // A state of 0.1.0 does not say it.
  upgrades: upgradesInputs.default(upgradesByDefault).describe("Upgrades of its Debian packages."),
  firewall: firewallInputs
    .exactOptional()
    .describe("Rules of its firewall for it and its accounts, in their order; absent if there are none."),
  address: identity(text, { judged: "identity-kept" }).describe("The host's own IPv6 address, canonical (RFC 5952)."),
  asNumber: identity(number, { judged: "identity-kept" }).describe(
    "The private AS number (RFC 6996) it announces its accounts' prefixes from.",
  ),
  ssh: hostSsh.exactOptional().describe("Where root logs in to the host, and the key it is known by."),
  sshPort: derivedField(number)
    .optional()
    .describe(
      "TCP port of SSH that the firewall opens beside 22; absent if it is 22 or the far end of a port forward.",
    ),
  disks: redundancy(
    z.array(
      z.strictObject({
        slot: key(text).describe("Where it sits."),
        serial: identity(text, { judged: "nothing-replaced" }).describe("As printed on the disk."),
        model: text.describe("Spare parts are counted by model."),
        sizeGb: capacity(number).describe("Gigabytes (10^9 bytes)."),
        kind: redundancy(text, { judged: "policies-hold" }).describe("`ssd` or `hdd`."),
        hotSwap: redundancy(flag, { weaker: "any" }).describe("Whether it can be changed while the host runs."),
      }),
    ),
  ).describe("Its disks."),
  mirrors: redundancy(
    z.array(
      z.strictObject({
        name: key(text).describe("Unique in the host."),
        level: text.describe("`raid1`: every disk has a full copy."),
        disks: texts.describe("Slots of its disks."),
        mount: text.describe("Where its file system is mounted."),
      }),
    ),
  ).describe("Its mirrors."),
  powerSupplies,
  links: redundancy(
    z.array(
      z.strictObject({
        port: key(text).describe("The interface's name on the host."),
        switch: text.describe("The switch at the other end."),
        switchPort: text.describe("The port of the switch."),
        switchManufacturer: derived(text.describe("Who made the switch.")),
      }),
    ),
  ).describe("Its links to switches."),
  setUpLinks: redundancy(flag)
    .exactOptional()
    .describe("Whether deliveries set up its links; absent if whoever installs it does."),
  capacity: capacity(
    z.strictObject({
      cores: number.describe("CPU cores."),
      memoryMb: number.describe("MiB of memory."),
      diskGb: number.describe("Gigabytes for accounts."),
    }),
  ).describe("What its accounts share."),
  // Missing it is not nothing, so that it comes or goes counts, too.
  spoolGb: capacity(number, { weaker: "any" })
    .exactOptional()
    .describe(
      `Gigabytes that backups may take there, with what is known of their directories; missing if these are the usual ${usualSpoolGb}.`,
    ),
  routers: derivedField(
    z.array(
      z.strictObject({
        name: key(text).describe("The router's name."),
        address: text.describe("Its address, canonical."),
        asNumber: number.describe("The AS number it speaks as."),
      }),
    ),
  ).describe("Routers of the site, to which the host opens BGP sessions."),
});

/** What makes backups, and what keeps them (components/backup). */
const neededByRole = {
  accounts: { packages: ["restic"] },
  spare: { packages: ["restic"] },
  backup: { packages: ["rclone"] },
};

export const kind: Kind<"hosts"> = {
  key: "hosts",
  name: "host",
  words: ["host", "hosts"],
  description: "A bare-metal host: where it stands, what it is built of and what hangs on it.",
  type: "fairhost:host:BareMetalHost",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => name,
  // Not under its site: a host that is moved to another site keeps its identity.
  concerns: "host",
  hostOf: ({ name }) => name,
  // Hosts and backup hosts know each other by address and key.
  alsoOn: ({ role, name }, { hosts }) =>
    hosts
      .filter((other) => other.name !== name && (role === "backup") !== (other.role === "backup"))
      .map(({ name }) => name),
  retired: "retired.yaml",
  // What it is managed with: the way in, and what runs the applier.
  packages: ["nodejs", "openssh-server"],
  variants: [
    { word: "role", needs: neededByRole, of: ({ role }) => role },
    {
      word: "upgrades",
      needs: {
        "by hand": {},
        // It delays a shutdown while something is installed; systemd waits for the upgrade's own unit anyway.
        "at night": { packages: ["unattended-upgrades"], masks: ["unattended-upgrades.service"] },
      },
      of: ({ upgrades }) => (upgrades.security ? "at night" : "by hand"),
    },
  ],
  deletion: "approval",
  declare: ({ fleet: { network, knownHosts }, hosts, sites }) => {
    const switches = byKey(network.switches, ({ name }) => name);
    const routers = Map.groupBy(
      sortBy(network.routers, ({ name }) => name),
      ({ site }) => site,
    );
    return hosts.map((host) => ({
      name: host.name,
      cell: host.cell,
      role: host.role,
      ...(host.lost !== undefined && { lost: host.lost }),
      manufacturer: host.manufacturer,
      model: host.model,
      serial: host.serial,
      managementAddress: canonical(host.managementAddress),
      site: host.site,
      hall: host.hall,
      rack: host.rack,
      release: host.release,
      architecture: host.architecture,
      runtimes: sortBy([...new Set(host.runtimes ?? network.runtimes)], (name) => name),
      upgrades: upgradesOf(host, network.upgrades),
      ...declaredFirewall(host.firewall),
      address: canonical(host.address),
      asNumber: host.asNumber,
      ssh: wayTo(host.ssh, knownHosts),
      ...sshPortOf(host.ssh),
      disks: host.disks,
      mirrors: host.mirrors,
      powerSupplies: feedsOf(host, sites),
      links: host.links.map((link) => ({
        port: link.port,
        switch: link.switch,
        switchPort: link.switchPort,
        switchManufacturer: found(switches, link.switch, `switch of ${host.name}'s ${link.port}`).manufacturer,
      })),
      ...(host.setUpLinks !== undefined && { setUpLinks: host.setUpLinks }),
      capacity: host.capacity,
      ...(host.spoolGb !== undefined && host.spoolGb !== usualSpoolGb && { spoolGb: host.spoolGb }),
      routers: (routers.get(host.site) ?? []).map(({ name, address }) => {
        return { name, address: canonical(address), asNumber: network.asNumber };
      }),
    }));
  },
  ...ownFile("hosts"),
  describe: describeHost,
};
