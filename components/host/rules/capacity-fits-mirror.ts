import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const capacityFitsMirror = defineRule({
  name: "capacity-fits-mirror",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  waivable: true,
  description: "A host's `capacity.diskGb` is not more than the smallest disk of its mirror for `/srv/accounts`.",
  reason: "A mirror is as large as its smallest disk: what is promised beyond it does not exist.",
  fix: "Lower `capacity.diskGb`, or replace the small disk.",
  *find({ hosts }) {
    for (const host of hosts) {
      const mirror = host.mirrors.find(({ mount }) => mount === "/srv/accounts");
      const sizes = host.disks.flatMap(({ slot, sizeGb }) => (mirror?.disks.includes(slot) ? [sizeGb] : []));
      const smallest = Math.min(...sizes);
      if (host.capacity.diskGb <= smallest) continue;
      yield {
        subject: subject.host(host, "capacity.diskGb"),
        message: `Host ${host.name} offers ${host.capacity.diskGb} GB for accounts, but the smallest disk of mirror ${mirror!.name} has ${smallest}.`,
      };
    }
  },
});
