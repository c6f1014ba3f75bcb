import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules by users. */
export const seeds: Readonly<Record<string, Seed>> = {
  "a user with a key that is none": {
    rules: ["strong-keys"],
    edit: (draft) => draft.edit(choir, "ssh-ed25519 AAAA", "ssh-ed25519 AAAB"),
  },
  "a user with neither a key nor a password": {
    rules: ["user-can-log-in"],
    edit: (draft) =>
      draft.edit(
        choir,
        "    keys:\n      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPGmdlfNGHNIRhvmoAIhcdYIpdab7Ps9yYKBt/4NPv3A conductor@choir.example.org\n",
        "",
      ),
  },
  "a password where the plan allows none": {
    rules: ["passwords-where-allowed"],
    edit: (draft) =>
      draft.edit(
        choir,
        "    directory: members\n    keys:",
        '    directory: members\n    passwordHash: "$y$j9T$F5Jx5fExrKuPp53xLKQ..1$YAXMK9Llbqk/FSGbrI16AP6p2zwE4UhuWrJZceAG.p2"\n    keys:',
      ),
  },
};
