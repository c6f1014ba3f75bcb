import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules by users. */
export const seeds: Readonly<Record<string, Seed>> = {
  "a user with a key that is none": {
    rules: ["strong-keys"],
    edit: (draft) => draft.edit(choir, "ssh-ed25519 AAAA", "ssh-ed25519 AAAB"),
  },
};
