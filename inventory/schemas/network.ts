import { z } from "zod";
import { address6Schema, nameSchema, prefix6Schema, textSchema } from "./common.ts";

/** An AS number (RFC 6793), 32 bits. */
export const asNumberSchema = z.int().min(1).max(4_294_967_294);

const placed = {
  name: nameSchema,
  site: nameSchema.describe("Name of a site: a file in sites/."),
  rack: nameSchema.describe("A rack of one of the site's halls."),
  manufacturer: nameSchema,
  model: textSchema,
};

const routerSchema = z.strictObject({
  ...placed,
  address: address6Schema.describe("The address hosts of the site speak BGP to."),
});

const switchSchema = z.strictObject(placed);

/** The own network: `network.yaml`. */
export const networkSchema = z.strictObject({
  asNumber: asNumberSchema.describe("The network's AS number; routers speak as it."),
  prefixes: z.array(prefix6Schema).min(1).describe("The IPv6 ranges owned; every site prefix lies in one of them."),
  routers: z.array(routerSchema).min(1),
  switches: z.array(switchSchema).min(1),
});

export type Network = z.infer<typeof networkSchema>;
