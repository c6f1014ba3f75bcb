import { z } from "zod";
import { byKey, found, sortBy } from "../../lib/lists.ts";
import { flag, number, placed, powerSupplies, text, texts } from "../inputs.ts";
import { type Kind, ownFile } from "../kind.ts";
import { feedsOf } from "../network/device.ts";
import { canonical } from "../schema.ts";
import { describeHost } from "./describe-host.ts";

export const inputs = z.strictObject({
  ...placed,
  cell: text,
  role: text.describe(
    "`accounts`: runs accounts; `spare`: kept free for the accounts of a lost host; `backup`: stores backups.",
  ),
  manufacturer: text,
  model: text,
  serial: text,
  managementAddress: text.describe("Address of its management controller."),
  release: text.describe("Debian release by code name."),
  address: text.describe("The host's own IPv6 address, canonical (RFC 5952)."),
  asNumber: number,
  disks: z.array(z.strictObject({ slot: text, serial: text, model: text, sizeGb: number, kind: text, hotSwap: flag })),
  mirrors: z.array(z.strictObject({ name: text, level: text, disks: texts, mount: text })),
  powerSupplies,
  links: z.array(z.strictObject({ port: text, switch: text, switchPort: text, switchManufacturer: text })),
  capacity: z.strictObject({ cores: number, memoryMb: number, diskGb: number }),
  routers: z
    .array(z.strictObject({ name: text, address: text, asNumber: number }))
    .describe("Routers of the site, to which the host opens BGP sessions."),
});

/** A bare-metal host: its place, hardware, power and links. */
export const kind: Kind<"hosts"> = {
  key: "hosts",
  name: "host",
  words: ["host", "hosts"],
  type: "fairhost:host:BareMetalHost",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => name,
  // Not under its site: a host that is moved to another site keeps its identity.
  concerns: "host",
  hostOf: ({ name }) => name,
  retired: "retired.yaml",
  deletion: "approval",
  declare: ({ fleet: { network }, hosts, sites }) => {
    const switches = byKey(network.switches, ({ name }) => name);
    const routers = Map.groupBy(
      sortBy(network.routers, ({ name }) => name),
      ({ site }) => site,
    );
    return hosts.map((host) => ({
      name: host.name,
      cell: host.cell,
      role: host.role,
      manufacturer: host.manufacturer,
      model: host.model,
      serial: host.serial,
      managementAddress: canonical(host.managementAddress),
      site: host.site,
      hall: host.hall,
      rack: host.rack,
      release: host.release,
      address: canonical(host.address),
      asNumber: host.asNumber,
      disks: host.disks,
      mirrors: host.mirrors,
      powerSupplies: feedsOf(host, sites),
      links: host.links.map((link) => ({
        port: link.port,
        switch: link.switch,
        switchPort: link.switchPort,
        switchManufacturer: found(switches, link.switch, `switch of ${host.name}'s ${link.port}`).manufacturer,
      })),
      capacity: host.capacity,
      routers: (routers.get(host.site) ?? []).map(({ name, address }) => {
        return { name, address: canonical(address), asNumber: network.asNumber };
      }),
    }));
  },
  place: ownFile("hosts"),
  describe: describeHost,
};
