import type { z } from "zod";
import { nameWords } from "../../components/schema.ts";
import { fileKinds } from "./json-schemas.ts";

type Schema = z.core.JSONSchema.BaseSchema;

/** One line of a table. */
interface Row {
  /** `halls[].chains[].name` */
  readonly key: string;
  readonly type: string;
  /** `required`, the default, or nothing. */
  readonly fallback: string;
  readonly limits: string;
  readonly description: string;
}

/** The reference of the inventory's files as Markdown: text of `docs/reference/inventory.md`. */
export function inventoryReference(): string {
  const sections = fileKinds().map(({ name, file, title, schema }) => {
    const head = `## ${name}\n\n${title}: \`${file}\`${schema.type === "array" ? ", a list" : ""}.`;
    return `${head}\n\n${table(rowsOf(schema))}`;
  });
  return `<!-- Written by \`npm run generate\` from the schemas in components/*/*.file.ts. Do not edit. -->

# Inventory

A fleet is a directory of YAML files. \`npm run inventory -- inventory/<fleet>\` checks it without Pulumi. Unknown keys, wrong types and
dangling references are all reported together, with file and line. Until they are fixed nothing is deployed.

The first line of each file names its JSON Schema, so that an editor with a YAML language server can explain and check every key.

In the tables, \`a[].b\` is the key \`b\` of every item of the list \`a\`. A name is
${nameWords}.

${sections.join("\n\n")}
`;
}

/** Every key of a schema, containers before their content. */
export function rowsOf(schema: Schema): Row[] {
  return [...members(schema, "")];
}

function* members(schema: Schema, path: string): Generator<Row> {
  if (schema.type === "array") return yield* members(itemsOf(schema), `${path}[]`);
  const branches = (schema.oneOf as Schema[] | undefined) ?? [schema];
  const seen = new Set<string>();
  for (const branch of branches) {
    for (const [key, property] of Object.entries(branch.properties ?? {}) as [string, Schema][]) {
      const same = branches.filter(({ properties }) => isSame(properties?.[key], property));
      const own = same.length < branches.length;
      // A key that is the same in every branch gets one row; others get one row for each branch.
      if (seen.has(key) && !own) continue;
      seen.add(key);
      const at = path === "" ? key : `${path}.${key}`;
      const which = own && property.const === undefined ? [`kind \`${kindOf(branch)}\``] : [];
      yield {
        key: at,
        type: typeOf(property),
        fallback: fallbackOf(property, branch.required?.includes(key) ?? false),
        limits: [...which, ...limitsOf(property)].join("; "),
        description: property.description ?? "",
      };
      yield* members(property, at);
    }
  }
}

function itemsOf({ items }: Schema): Schema {
  return (items ?? {}) as Schema;
}

function kindOf({ properties }: Schema): unknown {
  return (properties?.kind as Schema | undefined)?.const;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}

function typeOf(schema: Schema): string {
  if (schema.anyOf) return [...new Set((schema.anyOf as Schema[]).map(typeOf))].join(" or ");
  const choices = schema.enum ?? (schema.const === undefined ? undefined : [schema.const]);
  if (choices) return choices.map((choice) => `\`${choice}\``).join(", ");
  if (schema.type === "array") {
    const items = itemsOf(schema);
    return items.properties || items.oneOf ? "list" : `list of ${typeOf(items)}`;
  }
  if (schema.propertyNames) return "map";
  if (schema.type === "object") return "keys";
  return schema.type === "integer" ? "whole number" : `${schema.type}`;
}

function fallbackOf(schema: Schema, required: boolean): string {
  if (required) return "required";
  // An optional container: its keys have their own defaults.
  return schema.default === undefined || (schema.properties && isSame(schema.default, {}))
    ? ""
    : `\`${JSON.stringify(schema.default)}\``;
}

/** Limits of a value beyond its type; in words if the schema has them (\`title\`). */
function limitsOf(schema: Schema): string[] {
  if (schema.anyOf) return (schema.anyOf as Schema[]).flatMap(limitsOf);
  const { title, pattern, minimum, maximum, exclusiveMinimum, minLength, maxLength, minItems, maxItems } = schema;
  const own = [
    title ?? (pattern && `\`${pattern}\``),
    range(minimum, maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum, ""),
    exclusiveMinimum === undefined ? undefined : `more than ${exclusiveMinimum}`,
    range(minLength, maxLength, " characters"),
    range(minItems, maxItems, " items"),
  ].filter((limit) => limit !== undefined);
  if (schema.propertyNames) {
    const { propertyNames, additionalProperties } = schema as Record<string, Schema>;
    return [`names: ${limitsOf(propertyNames!).join("; ")}`, `values: ${limitsOf(additionalProperties!).join("; ")}`];
  }
  if (schema.type !== "array" || itemsOf(schema).properties || itemsOf(schema).oneOf) return own;
  const each = limitsOf(itemsOf(schema));
  return each.length > 0 ? [...own, `each: ${each.join("; ")}`] : own;
}

function range(least: number | undefined, most: number | undefined, unit: string): string | undefined {
  if (least !== undefined && most !== undefined) return `${least} to ${most}${unit}`;
  const bound = least ?? most;
  if (bound === undefined) return undefined;
  return `at ${least === undefined ? "most" : "least"} ${bound}${bound === 1 ? unit.replace(/s$/, "") : unit}`;
}

/** A table of rows, with these headings. */
export function table(
  rows: readonly Row[],
  headings: readonly string[] = ["key", "type", "default", "limits", "what it is"],
): string {
  const lines = rows.map(({ key, type, fallback, limits, description }) => {
    return [`\`${key}\``, type, fallback, limits, description];
  });
  const head = [headings, headings.map(() => "---")];
  return [...head, ...lines].map((cells) => `| ${cells.map(cell).join(" | ")} |`).join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
