import { choir } from "../../testing/inventory/example-files.ts";
import type { Seed } from "../../testing/inventory/seeded.cases.ts";

/** Violations of the rules by services. */
export const seeds: Readonly<Record<string, Seed>> = {
  "a service with the name of an HTTP server": {
    rules: ["unique-program-name"],
    edit: (draft) => draft.edit(choir, "- name: letters", "- name: members"),
  },
  "a service that administers the host": {
    rules: ["no-host-administration"],
    edit: (draft) =>
      draft.edit(choir, "command: [/usr/bin/python3, letters.py]", "command: [/usr/bin/systemd-run, sh]"),
  },
  "two services with one port": {
    rules: ["service-ports"],
    edit: (draft) =>
      draft.edit(
        choir,
        "  - name: letters\n    command: [/usr/bin/python3, letters.py]",
        "  - name: other\n    command: [bin/other]\n    port: 8300\n  - name: letters\n    port: 8300\n    command: [/usr/bin/python3, letters.py]",
      ),
  },
  "a monitoring command of another account": {
    rules: ["no-host-administration"],
    edit: (draft) =>
      draft.edit(choir, "command: [/usr/bin/python3, letters.py, --check]", "command: [/srv/accounts/1001/home/check]"),
  },
};
