import { z } from "zod";
import { sitePrefixLengths } from "../declaring.ts";
import { spelled } from "../inputs.ts";
import type { FileKind } from "../registry/file.ts";
import { format, labelSchema, nameSchema, prefix4Schema, prefix6Schema, textSchema } from "../schema.ts";

/** One electrical chain of a hall: an independent path from a feed to the racks. */
const chainSchema = z.strictObject({
  name: spelled("chain", nameSchema.describe("Name of the chain, unique in the hall.")),
  feed: spelled(
    "feed",
    nameSchema.describe(
      "Name of the feed into the building that feeds the chain. Two chains are independent only if their feeds differ.",
    ),
  ),
});

const hallSchema = z.strictObject({
  name: spelled("hall", nameSchema.describe("Name of the hall, unique in the site.")),
  chains: z.array(chainSchema).min(1).describe("Electrical chains of the hall."),
  racks: z
    .array(z.strictObject({ name: spelled("rack", nameSchema.describe("Name of the rack, unique in the hall.")) }))
    .min(1)
    .describe("Racks of the hall."),
});

function isSitePrefix(prefix: string): boolean {
  const length = Number(prefix.split("/")[1]);
  return length >= sitePrefixLengths.least && length <= sitePrefixLengths.most;
}

export const schema = z.strictObject({
  name: spelled("site", nameSchema.describe("Name of the site, unique in the fleet. The file has the same name.")),
  provider: spelled("provider", nameSchema.describe("Company that runs the building, for example `equinix`.")),
  location: z
    .strictObject({
      city: textSchema.describe(
        "City: sites of one city and country lie within 100 km of each other, or the fleet is refused; nothing else follows from it.",
      ),
      country: format("a two-letter country code such as FR", (says) => z.string().regex(/^[A-Z]{2}$/, says)).describe(
        "Country code, ISO 3166-1 alpha-2: whose law applies to the data; for information only, but another one needs an approval.",
      ),
      latitude: z.number().min(-90).max(90).describe("Latitude in degrees, north is positive (WGS 84)."),
      longitude: z.number().min(-180).max(180).describe("Longitude in degrees, east is positive (WGS 84)."),
    })
    .describe("Location of the site. The distance to its backup site is computed from it."),
  availabilityClass: z
    .int()
    .min(1)
    .max(4)
    .default(3)
    .describe(
      "Availability class, 1 to 4: the Uptime Institute's tier or the provider's own class; for information only, but a lower one needs an approval. Default 3.",
    ),
  prefix: prefix6Schema
    .refine(isSitePrefix, {
      error: `must be a /${sitePrefixLengths.least} to /${sitePrefixLengths.most}: one /64 for each account number`,
    })
    .describe(
      "IPv6 prefix of the site, /40 to /48. Account number `n` gets its /64 number `n`: a /48 allows numbers up to 65535, a /40 allows all. The /64 number 0 (subnet 0) is for hosts and routers.",
    ),
  prefix4: prefix4Schema.optional().describe("IPv4 range for the site's front ends, inside an owned range."),
  emulated: z
    .boolean()
    .default(false)
    .describe(
      "`true`: virtual machines model the site. Its prefix must be unique local (fc00::/7), and rules about places, routers, operators and spare parts do not apply. Default false.",
    ),
  backupSite: nameSchema.optional().describe("Name of another site that keeps the backups of this site's accounts."),
  halls: z.array(hallSchema).min(1).describe("Halls of the site."),
  spares: z
    .array(
      z.strictObject({
        model: spelled("model", labelSchema.describe("Model that the spare part replaces.")),
        count: z.int().min(0).describe("Number of spare parts of this model at the site."),
      }),
    )
    .default([])
    .describe("Spare parts at the site, by model."),
});

export const file = {
  key: "sites",
  name: "site",
  path: "sites/",
  shown: "sites/<name>.yaml",
  title: "A site (datacenter)",
  schema,
  judged: "declared",
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
