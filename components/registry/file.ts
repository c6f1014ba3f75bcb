import type { z } from "zod";

/** A kind of file that an inventory has: one file, or a folder of them. Anything else in its directory is refused. */
export interface FileKind {
  /** Property of the fleet that holds its content. */
  readonly key: string;
  /** Name of its JSON Schema and its heading in the reference: `site`. */
  readonly name: string;
  /** `network.yaml`, or `sites/` for a folder with one file each. */
  readonly path: string;
  /** Path of such a file, for the reference: `sites/<name>.yaml`. */
  readonly shown: string;
  /** Title for editors and the reference. */
  readonly title: string;
  readonly schema: z.ZodType;
  /**
   * Where a change of its fields is judged. `declared`: what they say is in the inputs of components, which have classes. `itself`: here,
   * by the classes of its schema (components/registry/fields/field-class.ts).
   */
  readonly judged: "declared" | "itself";
  /** Reads its text, and gives the line of each item; without it the file is YAML. */
  readonly read?: (text: string) => { readonly data: readonly unknown[]; readonly lines: readonly number[] };
  /** Property by which entries are sorted and found: of each file of a folder, or of each item of a list. */
  readonly sortedBy?: "name" | "number";
  /** For a folder: each file is named after its entry. */
  readonly namedByEntry?: true;
  /** Content of the fleet without the file; a file without a fallback is required. */
  readonly fallback?: unknown;
}
