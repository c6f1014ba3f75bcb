import { z } from "zod";
import { promise, trust } from "../registry/fields/field-class.ts";
import type { FileKind } from "../registry/file.ts";

/** A larger limit lets one change do more. */
const larger = { weaker: "more" } as const;

/** Limits for one update. */
export const schema = z.strictObject({
  deployment: trust(z.enum(["in-waves", "at-once"]))
    .default("in-waves")
    .describe(
      "What happens to a change that is too large for one update. `in-waves`: it is split into several updates, with a check of the hosts after each. `at-once`: it is refused. Default `in-waves`.",
    ),
  hosts: trust(z.int().min(1), larger)
    .default(2)
    .describe("Maximum number of hosts whose own files change in one update. Default 2."),
  accounts: trust(z.int().min(1), larger)
    .default(1000)
    .describe(
      "Maximum number of accounts that one update touches. A change of a host's own files touches all accounts of the host: set it to at least the number of accounts of the largest host. Default 1000.",
    ),
  capacityPercent: trust(z.number().min(1).max(100), larger)
    .default(25)
    .describe(
      "Maximum share of the fleet's cores, in per cent, on hosts whose own files change in one update. One host is always allowed. Default 25.",
    ),
  waves: trust(z.int().min(1), larger)
    .default(20)
    .describe("Maximum number of updates (waves) into which one change is split. Default 20."),
  secondPerson: promise(z.boolean())
    .default(false)
    .describe(
      "Whether an approval counts only if its author in git is nobody who wrote the change that uses it. Names in git are what their writers say: make the forge require a review too (docs/how-to/operate/review-pull-requests-in-ci.md). Default false: it is only said.",
    ),
  deletions: trust(z.int().min(0), larger)
    .default(10)
    .describe("Maximum number of accounts that one change may delete. Default 10."),
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
  judged: "itself",
  fallback: defaultLimits,
} as const satisfies FileKind;
