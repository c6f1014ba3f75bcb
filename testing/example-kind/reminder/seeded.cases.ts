import type { Seed } from "../../testing/inventory/seeded.cases.ts";

export const seeds: Readonly<Record<string, Seed>> = {
  "a reminder that never rests": {
    rules: ["reminders-not-too-often"],
    edit: (draft) =>
      draft.append(
        "accounts/1002-choir.yaml",
        "reminders:\n  - {name: rehearsal, everyMinutes: 1, command: [bin/remind]}\n",
      ),
  },
};
