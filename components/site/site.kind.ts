import { z } from "zod";
import { flag, number, text, texts, waivers } from "../inputs.ts";
import { identity, key, note, promise, redundancy } from "../registry/fields/field-class.ts";
import { type Kind, ownFile } from "../registry/kind.ts";
import { canonicalPrefix } from "../schema.ts";

export const inputs = z.strictObject({
  waivers,
  name: key(text).describe("Unique in the fleet."),
  provider: redundancy(text).describe("The company that runs the building."),
  city: note(text).describe("Sites of one city and country lie within 100 km of each other."),
  country: promise(text, { weaker: "any" }).describe(
    "ISO 3166-1 alpha-2: whose law applies to the data; no rule reads it, it is for information only.",
  ),
  latitude: redundancy(number, { weaker: "any" }).describe("Degrees, north positive (WGS 84)."),
  longitude: redundancy(number, { weaker: "any" }).describe("Degrees, east positive (WGS 84)."),
  availabilityClass: redundancy(number).describe(
    "Uptime Institute tier or the provider's own class, 1 to 4; for information only.",
  ),
  emulated: redundancy(flag, { weaker: "any" }).describe(
    "Virtual machines model the site (docs/decisions/0011): rules about places do not apply.",
  ),
  prefix: identity(text, { judged: "identity-kept" }).describe("The site's IPv6 prefix, /40 to /48, canonical."),
  prefix4: identity(text).exactOptional().describe("IPv4 range of the front ends, if the site has one."),
  backupSite: redundancy(text).exactOptional().describe("Site that keeps the backups of this site's accounts."),
  halls: redundancy(
    z.array(
      z.strictObject({
        name: key(text).describe("Unique in the site."),
        chains: z
          .array(
            z.strictObject({
              name: key(text).describe("Unique in the hall."),
              feed: text.describe("Feed into the building that supplies it."),
            }),
          )
          .describe("Its electrical chains."),
        racks: texts.describe("Its racks."),
      }),
    ),
  ).describe("Its halls."),
  spares: redundancy(
    z.array(
      z.strictObject({
        model: key(text).describe("The model it replaces."),
        count: number.describe("Number of them at the site."),
      }),
    ),
  ).describe("Spare parts at the site."),
});

export const kind: Kind<"sites"> = {
  key: "sites",
  name: "site",
  words: ["site", "sites"],
  description: "A site: who runs the building, where it is, and what stands in it.",
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
  ...ownFile("sites"),
};
