import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const twoDisks = defineRule({
  name: "two-disks",
  theme: "redundancy",
  severity: "critical",
  scope: "resource",
  waivable: true,
  description: "Every host has at least two disks, each in its own slot.",
  reason: "With only one disk, the host and all its accounts are lost when that disk fails.",
  fix: "Put a second disk into the host and list both under `disks`, each with its slot.",
  *find({ hosts }) {
    for (const host of hosts) {
      const slots = new Set(host.disks.map((disk) => disk.slot));
      if (slots.size >= 2) continue;
      const listed = host.disks.length === 0 ? "no disk" : `one disk (${[...slots].join(", ")})`;
      yield { subject: subject.host(host, "disks"), message: `Host ${host.name} has ${listed}.` };
    }
  },
});
