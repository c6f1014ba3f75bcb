import { engraver } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules about HTTPS. */
export const seeds: Readonly<Record<string, Seed>> = {
  "HTTPS only, in a fleet without a CA": {
    rules: ["https-in-force"],
    edit: (draft) => draft.edit(engraver, "kind: static", "kind: static\n    httpsOnly: true"),
  },
};
