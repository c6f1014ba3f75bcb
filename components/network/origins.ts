import { z } from "zod";
import { number, text } from "../inputs.ts";
import { key, trust } from "../registry/fields/field-class.ts";
import { format, prefix4Schema, prefix6Schema } from "../schema.ts";
import { familyOf, ipv4, ipv6 } from "./router-systems/router-system.ts";

const prefixSchema = format("a prefix with zero host bits, such as 2620:4f:8000::/48 or 185.31.40.0/22", (says) =>
  z.union([prefix6Schema, prefix4Schema], says),
);

/** `roas` in network.yaml: who may announce which prefix, as routers check it (RFC 6811). */
export const roasSchema = z
  .array(
    z
      .strictObject({
        prefix: prefixSchema.describe(
          "IPv6 or IPv4 prefix. Announcements of it and of anything inside it are checked.",
        ),
        maxLength: z
          .int()
          .min(1)
          .max(128)
          .optional()
          .describe("Longest prefix inside it that the AS may announce. Default: the length of the prefix itself."),
        asNumber: z
          .int()
          .min(0)
          .max(4_294_967_294)
          .describe("AS number that may announce it. 0: nobody may (RFC 6483)."),
      })
      .refine(({ prefix }) => lengthOf(prefix) <= familyOf(prefix).accepted.longest, {
        path: ["prefix"],
        message: `must not be longer than /${ipv6.accepted.longest}, of IPv4 /${ipv4.accepted.longest}: routers refuse any such announcement`,
      })
      .refine(({ prefix, maxLength = 0 }) => maxLength <= familyOf(prefix).bits, {
        path: ["maxLength"],
        message: `must not be longer than an IPv4 address: ${ipv4.bits}`,
      })
      .refine(({ prefix, maxLength }) => maxLength === undefined || maxLength >= lengthOf(prefix), {
        path: ["maxLength"],
        message: "must not be shorter than the prefix",
      }),
  )
  .max(1000)
  .optional()
  .describe(
    "Route origin authorizations (ROAs, RFC 6482): routers refuse what an operator announces inside a listed prefix if no entry has its origin AS and its length. What no entry covers is not checked. For prefixes that matter to you: the list is as old as you let it become. Default: none.",
  );

/** What the network declares of it. Entries for one prefix are told apart by their AS. */
export const roasInputs = trust(
  z.array(
    z.strictObject({
      prefix: key(text).describe("The prefix, canonical."),
      maxLength: number.describe("Longest prefix inside it that may be announced."),
      asNumber: key(number).describe("Who may announce it; 0: nobody."),
    }),
  ),
  { means: "whose announcements routers believe" },
);

/** An entry as routers get it. */
export type Roa = z.infer<typeof roasInputs>[number];

export const lengthOf = (prefix: string): number => Number(prefix.split("/")[1]);
