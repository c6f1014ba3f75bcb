import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const linksToTwoMakers = defineRule({
  name: "links-to-two-makers",
  theme: "redundancy",
  severity: "high",
  scope: "resource",
  waivable: true,
  description: "The links of every host go to switches of at least two manufacturers.",
  reason:
    "A fault in one maker's software, or an upgrade of it that goes wrong, stops every switch of that maker at once.",
  remediation: "Cable one of the host's links to a switch of another manufacturer.",
  *find({ hosts }) {
    for (const host of hosts) {
      const makers = new Set(host.links.map(({ switchManufacturer }) => switchManufacturer));
      // Fewer than two links are for `two-links-to-two-switches` to report.
      if (makers.size !== 1 || host.links.length < 2) continue;
      yield {
        subject: subject.host(host, "links"),
        message: `Host ${host.name} has all its links at switches made by ${[...makers].join()}.`,
      };
    }
  },
});
