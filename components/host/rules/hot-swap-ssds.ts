import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const hotSwapSsds = defineRule({
  name: "hot-swap-ssds",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  waivable: true,
  description: "Every disk of a host is a solid-state disk that can be swapped while the host runs.",
  reason: "Swapping any other disk means stopping every account of the host while its mirror has only one leg.",
  remediation: "Replace the disk by an SSD in a hot-swap bay, then set `kind: ssd` and `hotSwap: true`.",
  *find({ hosts }) {
    for (const host of hosts) {
      for (const [index, disk] of host.disks.entries()) {
        const name = `Disk ${disk.slot} of host ${host.name}`;
        if (disk.kind !== "ssd") {
          yield {
            subject: subject.host(host, `disks.${index}.kind`),
            message: `${name} is of kind ${disk.kind}, not ssd.`,
          };
        }
        if (!disk.hotSwap) {
          yield { subject: subject.host(host, `disks.${index}.hotSwap`), message: `${name} cannot be hot-swapped.` };
        }
      }
    }
  },
});
