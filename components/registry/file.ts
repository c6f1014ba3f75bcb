import type { z } from "zod";

/** A kind of file that an inventory has: one file, or a folder of them. Anything else in its directory is refused. */
export interface FileKind {
  /** Property of the fleet that holds what it says. */
  readonly key: string;
  /** Name of its JSON Schema and its heading in the reference: `site`. */
  readonly name: string;
  /** `network.yaml`, or `sites/` for a folder with one file each. */
  readonly path: string;
  /** How a file of it is called, for the reference: `sites/<name>.yaml`. */
  readonly shown: string;
  /** What one is, for editors and the reference. */
  readonly title: string;
  readonly schema: z.ZodType;
  /** By what entries are sorted and found. Of a folder: every file's own; of a list: every item's. */
  readonly sortedBy?: "name" | "number";
  /** Of a folder: the files' names follow from the entries' names. */
  readonly namedByEntry?: true;
  /** What the fleet has without the file; a file without one must be there. */
  readonly fallback?: unknown;
}
