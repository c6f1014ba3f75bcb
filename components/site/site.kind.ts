import { z } from "zod";
import { flag, number, text, texts, waivers } from "../inputs.ts";
import { type Kind, ownFile } from "../kind.ts";
import { canonicalPrefix } from "../schema.ts";

export const inputs = z.strictObject({
  waivers,
  name: text,
  provider: text,
  city: text,
  country: text,
  latitude: number.describe("Degrees, north positive (WGS 84)."),
  longitude: number.describe("Degrees, east positive (WGS 84)."),
  availabilityClass: number,
  emulated: flag.describe("Virtual machines model the site (docs/decisions/0011): rules about places do not apply."),
  prefix: text.describe("The site's IPv6 prefix, /40 to /48, canonical."),
  prefix4: text.exactOptional().describe("IPv4 range of the front ends, if the site has one."),
  backupSite: text.exactOptional().describe("Site that keeps the backups of this site's accounts."),
  halls: z.array(
    z.strictObject({ name: text, chains: z.array(z.strictObject({ name: text, feed: text })), racks: texts }),
  ),
  spares: z.array(z.strictObject({ model: text, count: number })).describe("Spare parts at the site."),
});

/** A site: its provider, location, halls and racks. */
export const kind: Kind<"sites"> = {
  key: "sites",
  name: "site",
  words: ["site", "sites"],
  type: "fairhost:datacenter:Datacenter",
  identity: ["name"],
  inputs,
  resourceName: ({ name }) => `site-${name}`,
  concerns: "fleet",
  retired: "retired.yaml",
  deletion: "approval",
  declare: ({ fleet }) =>
    fleet.sites.map(({ location, prefix, prefix4, backupSite, halls, ...site }) => ({
      name: site.name,
      provider: site.provider,
      city: location.city,
      country: location.country,
      latitude: location.latitude,
      longitude: location.longitude,
      availabilityClass: site.availabilityClass,
      emulated: site.emulated,
      prefix: canonicalPrefix(prefix),
      ...(prefix4 !== undefined && { prefix4 }),
      ...(backupSite !== undefined && { backupSite }),
      halls: halls.map(({ name, chains, racks }) => ({ name, chains, racks: racks.map((rack) => rack.name) })),
      spares: site.spares,
    })),
  place: ownFile("sites"),
};
