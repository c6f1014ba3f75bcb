import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

const many = Array.from(
  { length: 49 },
  (_, index) => `  - {name: song${index}, engine: postgresql, connections: 100}\n`,
);

export const seeds: Readonly<Record<string, Seed>> = {
  "more connections than a server has": {
    rules: ["connections-fit"],
    edit: (draft) => draft.edit(choir, "databases:\n", `databases:\n${many.join("")}`),
  },
};
