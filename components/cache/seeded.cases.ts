import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

export const seeds: Readonly<Record<string, Seed>> = {
  "a cache of more than the account's memory": {
    rules: ["cache-fits"],
    edit: (draft) =>
      draft
        .edit(choir, "httpServers:\n", "limits: {cacheMemoryMb: 4096}\nhttpServers:\n")
        .edit(choir, "    number: 1\n", "    number: 1\n    cache: true\n"),
  },
};
