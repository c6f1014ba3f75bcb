import { z } from "zod";
import { defaultUidBase } from "../declaring.ts";
import type { FileKind } from "../registry/file.ts";
import { address6Schema, format, nameSchema, prefix4Schema, prefix6Schema, textSchema } from "../schema.ts";

/** An AS number (RFC 6793), 32 bits. */
export const asNumberSchema = z.int().min(1).max(4_294_967_294);

const powerSupplySchema = z.strictObject({
  name: nameSchema.describe("Unique in the device."),
  model: textSchema.describe("Spare parts are counted by model."),
  chain: nameSchema.describe("The electrical chain of the hall it hangs on."),
});

/** Power supplies of a host, router or switch. */
export const powerSuppliesSchema = z
  .array(powerSupplySchema)
  .min(1)
  .describe("Its power supplies; the rules ask for two, on chains of two feeds.");

/** A port of a switch or router, as its maker names it: `et-0/0/1`. */
export const devicePortSchema = format("a port's name such as Ethernet1 or xe-0/0/1", (says) =>
  z.string().regex(/^[A-Za-z0-9][A-Za-z0-9/:._-]{0,31}$/, says),
);

const device = {
  name: nameSchema.describe("Unique among routers and switches."),
  site: nameSchema.describe("Name of a site: a file in sites/."),
  hall: nameSchema.describe("A hall of the site."),
  rack: nameSchema.describe("A rack of the hall."),
  manufacturer: nameSchema.describe("Who made it; the other one of its pair is another maker's."),
  model: textSchema.describe("Spare parts are counted by model."),
  pair: nameSchema.optional().describe("Name of the other one of its pair."),
  powerSupplies: powerSuppliesSchema,
};

const routerSchema = z.strictObject({
  ...device,
  address: address6Schema.describe("The address hosts of the site speak BGP to."),
  links: z
    .array(nameSchema)
    .default([])
    .describe("Routers it is cabled to directly, at its own or another site; naming it from both ends is one cable."),
});

const switchSchema = z.strictObject({
  ...device,
  uplinks: z
    .array(
      z.strictObject({
        port: devicePortSchema.describe("The port of the switch."),
        router: nameSchema.describe("A router of the site."),
      }),
    )
    .min(1)
    .describe("Cables to the site's routers."),
});

const operatorSchema = z.strictObject({
  name: nameSchema.describe("Unique among operators."),
  asNumber: asNumberSchema.describe("The operator's AS number."),
  parentAsNumber: asNumberSchema
    .optional()
    .describe("The AS of the company that owns this operator, where that is known: two of one owner fail together."),
  routers: z.array(nameSchema).min(1).describe("Routers its lines land on."),
});

export const schema = z.strictObject({
  asNumber: asNumberSchema.describe("The network's AS number; routers speak as it."),
  uidBase: z
    .int()
    .min(65_536)
    .default(defaultUidBase)
    .describe(
      `Uid of account number 0, which no account has: accounts' uids are this and their number. Default ${defaultUidBase}. A fleet that was deployed with another one keeps it: files on hosts belong to it (0.1.0 had 200000).`,
    ),
  prefixes: z.array(prefix6Schema).min(1).describe("The IPv6 ranges owned; every site prefix lies in one of them."),
  prefixes4: z.array(prefix4Schema).default([]).describe("The IPv4 ranges owned; front ends have addresses in them."),
  operators: z
    .array(operatorSchema)
    .default([])
    .describe("Operators of transit: who carries the traffic to and from the Internet."),
  routers: z.array(routerSchema).min(1).describe("The routers of all sites."),
  switches: z.array(switchSchema).min(1).describe("The switches of all sites."),
});

export const file = {
  key: "network",
  name: "network",
  path: "network.yaml",
  shown: "network.yaml",
  title: "The platform's network",
  schema,
} as const satisfies FileKind;
