import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const hotSwapSsds = defineRule({
  name: "hot-swap-ssds",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  waivable: true,
  description: "Every disk of a host is an SSD that can be replaced while the host runs.",
  reason: "To replace any other disk, every account of the host must stop, while its mirror has only one disk.",
  fix: "Replace the disk with an SSD in a hot-swap bay, then set `kind: ssd` and `hotSwap: true`.",
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
