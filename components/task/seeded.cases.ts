import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules by scheduled tasks. */
export const seeds: Readonly<Record<string, Seed>> = {
  "a scheduled task with the name of a service": {
    rules: ["unique-program-name"],
    edit: (draft) => draft.edit(choir, "- name: reminders", "- name: letters"),
  },
  "a scheduled task that administers the host": {
    rules: ["no-host-administration"],
    edit: (draft) => draft.edit(choir, "command: [/usr/bin/python3, remind.py]", "command: [/usr/sbin/reboot]"),
  },
};
