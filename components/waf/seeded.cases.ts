import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

export const seeds: Readonly<Record<string, Seed>> = {
  "a firewall that cannot look at all of a body": {
    rules: ["waf-looks-at-all"],
    edit: (draft) =>
      draft.edit(choir, "    number: 1\n", "    number: 1\n    bodyMaxMb: 128\n    waf: {level: strong}\n"),
  },
};
