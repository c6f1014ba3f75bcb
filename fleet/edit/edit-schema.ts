import { z } from "zod";
import type { FileKind } from "../../components/registry/file.ts";
import { fileKinds } from "../../components/registry/files.generated.ts";
import type { Immutable } from "../../components/registry/kind.ts";

/** Paths of an inventory's YAML files: `network.yaml`, and any name of a file in a folder such as `accounts/`. */
const paths = Object.values<FileKind>(fileKinds)
  .filter(({ read }) => read === undefined)
  .map(({ path }) => {
    const text = path.replaceAll(".", "\\.");
    return path.endsWith("/") ? `${text}[^\\/\\x00-\\x1f]+\\.yaml` : text;
  });
const file = z
  .string()
  .regex(new RegExp(`^(?:${paths.join("|")})$`), {
    error: "must be a file of an inventory, such as network.yaml or accounts/1204-alice.yaml",
  })
  .describe("File of the inventory, relative to the fleet's directory: accounts/1204-alice.yaml.");

const step = z.union([
  z.string({ error: "the name of a key" }),
  z.int({ error: "the position in a list, from 0" }).min(0),
]);
/** No inventory is nested deeper than eight. */
const path = z.array(step).min(1).max(20);
/** Any plain data. A missing value is a mistake, not `null`. */
const data = z.unknown().refine((value) => value !== undefined);

/** One change of a fleet's files, as {@link editsSchema} has it. */
export const editSchema = z
  .discriminatedUnion("op", [
    z
      .strictObject({
        op: z.literal("set"),
        file,
        path: path.describe("Keys and list positions that lead to the property."),
        value: data.describe("New value of the property."),
      })
      .describe("Sets a property, or adds it. The position after the last item of a list appends to it."),
    z
      .strictObject({
        op: z.literal("unset"),
        file,
        path: path.describe("Keys and list positions that lead to the property."),
      })
      .describe("Removes a property or an item that is there."),
    z
      .strictObject({ op: z.literal("create"), file, content: data.describe("Content of the file, as plain data.") })
      .describe("Writes a file that is not there yet."),
    z.strictObject({ op: z.literal("remove"), file }).describe("Removes a file."),
  ])
  .meta({ title: "Edit" });

/**
 * A list of edits, made one after the other: at most 10,000, more than one for each account of a host. A server derives its OpenAPI
 * description from it with `z.toJSONSchema(editsSchema, { io: "input" })`.
 */
export const editsSchema = z.array(editSchema).max(10_000).meta({ title: "Edits" });

export type Edit = Immutable<z.output<typeof editSchema>>;
