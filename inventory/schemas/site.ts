import { z } from "zod";
import { nameSchema, prefix6Schema } from "./common.ts";

/** One electrical chain of a hall: an independent path from a feed to the racks. */
const chainSchema = z.strictObject({
  name: nameSchema,
  /** The feed into the building that this chain hangs on; two chains are independent only if their feeds differ. */
  feed: nameSchema,
});

const hallSchema = z.strictObject({
  name: nameSchema,
  chains: z.array(chainSchema).min(1),
  racks: z.array(z.strictObject({ name: nameSchema })).min(1),
});

/** A site (datacenter): `sites/<name>.yaml`. */
export const siteSchema = z.strictObject({
  name: nameSchema,
  /** The company that runs the building, for example `equinix`. */
  provider: nameSchema,
  location: z.strictObject({
    city: z.string().min(1),
    /** ISO 3166-1 alpha-2. */
    country: z.string().regex(/^[A-Z]{2}$/, { error: "must be a two-letter country code such as FR" }),
    latitude: z.number().min(-90).max(90),
    longitude: z.number().min(-180).max(180),
  }),
  /** Uptime Institute tier or the provider's own class, as a number 1 to 4. Default 3. */
  availabilityClass: z.int().min(1).max(4).default(3),
  /** The site's /48: account `n` gets its /64 number `n`; number 0 is the site's own infrastructure. */
  prefix: prefix6Schema.refine((text) => text.endsWith("/48"), {
    error: "must be a /48: one /64 for each account number",
  }),
  halls: z.array(hallSchema).min(1),
});

export type Site = z.infer<typeof siteSchema>;
