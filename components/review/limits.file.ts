import { z } from "zod";
import type { FileKind } from "../registry/file.ts";

/** How much one update may touch. */
export const schema = z.strictObject({
  deployment: z
    .enum(["in-waves", "at-once"])
    .default("in-waves")
    .describe(
      "`in-waves`: what one update may not touch at once is deployed in several, with a look at the hosts in between. `at-once`: it is refused.",
    ),
  hosts: z.int().min(1).default(2).describe("Hosts whose own files change in one update. Default 2."),
  accounts: z
    .int()
    .min(1)
    .default(1000)
    .describe(
      "Accounts that one update touches: all of a host whose own files change, so fewer than a host has let nothing of the host itself through. Default 1000.",
    ),
  capacityPercent: z
    .number()
    .min(1)
    .max(100)
    .default(25)
    .describe(
      "Per cent of the fleet's cores on hosts whose own files change in one update; one host always may. Default 25.",
    ),
  waves: z.int().min(1).default(20).describe("Most updates one change may be split into. Default 20."),
  deletions: z.int().min(0).default(10).describe("Accounts that one change may delete. Default 10."),
});

export type Limits = Readonly<z.output<typeof schema>>;

export const defaultLimits: Limits = schema.parse({});

export const file = {
  key: "limits",
  name: "limits",
  path: "limits.yaml",
  shown: "limits.yaml",
  title: "How much one update may touch",
  schema,
  fallback: defaultLimits,
} as const satisfies FileKind;
