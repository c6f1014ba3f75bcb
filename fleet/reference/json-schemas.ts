import { z } from "zod";
import { accountSchema, tombstonesSchema } from "../../components/account/account.schema.ts";
import { hostSchema } from "../../components/host/host.schema.ts";
import { networkSchema } from "../../components/network/network.schema.ts";
import { planSchema } from "../../components/plan/plan.schema.ts";
import { siteSchema } from "../../components/site/site.schema.ts";
import { approvalsSchema } from "../schemas/approval.ts";
import { limitsSchema } from "../schemas/limits.ts";
import { retiredListSchema } from "../schemas/retired.ts";
import { waiversSchema } from "../schemas/waiver.ts";

/** Where editors find the schemas: the first line of each YAML file names one, relative to itself. */
const directory = "inventory/json-schemas";

const schemas = {
  site: ["sites/<name>.yaml", "A site (datacenter)", siteSchema],
  host: ["hosts/<name>.yaml", "A bare-metal host", hostSchema],
  plan: ["plans/<name>.yaml", "A plan: what an account is promised", planSchema],
  account: ["accounts/<any name>.yaml", "An account", accountSchema],
  network: ["network.yaml", "The own network", networkSchema],
  tombstones: ["tombstones.yaml", "Numbers of deleted accounts, which stay taken", tombstonesSchema],
  retired: ["retired.yaml", "Hosts, devices, ranges and sites that were given up", retiredListSchema],
  waivers: ["waivers.yaml", "Leave to break a rule for a while", waiversSchema],
  approvals: ["approvals.yaml", "Leave to do once what the guard holds back", approvalsSchema],
  limits: ["limits.yaml", "How much one update may touch", limitsSchema],
} as const satisfies Record<string, readonly [string, string, z.ZodType]>;

/** The kinds of files an inventory has, each with its JSON Schema, from the zod schemas. */
export function fileKinds(): { name: string; file: string; title: string; schema: z.core.JSONSchema.BaseSchema }[] {
  return Object.entries(schemas).map(([name, [file, title, schema]]) => {
    return { name, file, title, schema: z.toJSONSchema(schema, { io: "input", target: "draft-7" }) };
  });
}

/** Text of every JSON Schema file by its path, relative to the checkout: what an editor may accept is what the loader accepts. */
export function jsonSchemas(): Map<string, string> {
  return new Map(
    fileKinds().map(({ name, title, schema }) => {
      return [`${directory}/${name}.schema.json`, `${JSON.stringify({ title, ...schema }, undefined, 2)}\n`];
    }),
  );
}
