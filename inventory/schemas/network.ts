import { z } from "zod";
import { address6Schema, nameSchema, prefix6Schema } from "./common.ts";

/** An AS number (RFC 6793), 32 bits. */
export const asNumberSchema = z.int().min(1).max(4_294_967_294);

const placed = {
  name: nameSchema,
  site: nameSchema,
  rack: nameSchema,
  manufacturer: nameSchema,
  model: z.string().min(1),
};

const routerSchema = z.strictObject({
  ...placed,
  /** The address hosts of the site speak BGP to. */
  address: address6Schema,
});

const switchSchema = z.strictObject(placed);

/** The own network: `network.yaml`. */
export const networkSchema = z.strictObject({
  /** The network's AS number; routers speak as it. */
  asNumber: asNumberSchema,
  /** The IPv6 ranges owned; every site prefix lies in one of them. */
  prefixes: z.array(prefix6Schema).min(1),
  routers: z.array(routerSchema).min(1),
  switches: z.array(switchSchema).min(1),
});

export type Network = z.infer<typeof networkSchema>;
