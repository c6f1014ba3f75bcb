import { z } from "zod";
import { sitePrefixLengths } from "../declaring.ts";
import type { FileKind } from "../registry/file.ts";
import { format, nameSchema, prefix4Schema, prefix6Schema, textSchema } from "../schema.ts";

/** One electrical chain of a hall: an independent path from a feed to the racks. */
const chainSchema = z.strictObject({
  name: nameSchema.describe("Unique in the hall."),
  feed: nameSchema.describe(
    "The feed into the building that this chain hangs on; two chains are independent only if their feeds differ.",
  ),
});

const hallSchema = z.strictObject({
  name: nameSchema.describe("Unique in the site."),
  chains: z.array(chainSchema).min(1).describe("Its electrical chains."),
  racks: z
    .array(z.strictObject({ name: nameSchema.describe("Unique in the hall.") }))
    .min(1)
    .describe("Its racks."),
});

function isSitePrefix(prefix: string): boolean {
  const length = Number(prefix.split("/")[1]);
  return length >= sitePrefixLengths.least && length <= sitePrefixLengths.most;
}

export const schema = z.strictObject({
  name: nameSchema.describe("Unique in the fleet, and the file's name."),
  provider: nameSchema.describe("The company that runs the building, for example `equinix`."),
  location: z
    .strictObject({
      city: textSchema.describe("For people."),
      country: format("a two-letter country code such as FR", (says) => z.string().regex(/^[A-Z]{2}$/, says)).describe(
        "ISO 3166-1 alpha-2.",
      ),
      latitude: z.number().min(-90).max(90).describe("Degrees, north positive (WGS 84)."),
      longitude: z.number().min(-180).max(180).describe("Degrees, east positive (WGS 84)."),
    })
    .describe("Where it is; distances to backup sites are worked out from it."),
  availabilityClass: z
    .int()
    .min(1)
    .max(4)
    .default(3)
    .describe("Uptime Institute tier or the provider's own class, as a number 1 to 4. Default 3."),
  prefix: prefix6Schema
    .refine(isSitePrefix, {
      error: `must be a /${sitePrefixLengths.least} to /${sitePrefixLengths.most}: one /64 for each account number`,
    })
    .describe(
      "The site's range, /40 to /48: account `n` gets its /64 number `n`, so a /48 has room for numbers to 65535 and a /40 for all; number 0 is the site's own infrastructure.",
    ),
  prefix4: prefix4Schema.optional().describe("IPv4 range of the site's front ends, inside an owned one."),
  emulated: z
    .boolean()
    .default(false)
    .describe(
      "`true`: virtual machines that model a site; its prefix is unique local (fc00::/7), and rules about places, routers, operators and spare parts do not apply. Default false.",
    ),
  backupSite: nameSchema.optional().describe("Where the accounts of this site are backed up: another site."),
  halls: z.array(hallSchema).min(1).describe("Its halls."),
  spares: z
    .array(
      z.strictObject({
        model: textSchema.describe("The model it replaces."),
        count: z.int().min(0).describe("How many lie there."),
      }),
    )
    .default([])
    .describe("Parts that lie ready at the site, by the model they replace."),
});

export const file = {
  key: "sites",
  name: "site",
  path: "sites/",
  shown: "sites/<name>.yaml",
  title: "A site (datacenter)",
  schema,
  sortedBy: "name",
  namedByEntry: true,
} as const satisfies FileKind;
