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
    "A fault in one manufacturer's software, or a failed upgrade of it, can stop every switch of that manufacturer at once.",
  fix: "Connect one of the host's links to a switch of another manufacturer.",
  *find({ hosts }) {
    for (const host of hosts) {
      const makers = new Set(host.links.map(({ switchManufacturer }) => switchManufacturer));
      // `two-links-to-two-switches` reports fewer than two links.
      if (makers.size !== 1 || host.links.length < 2) continue;
      yield {
        subject: subject.host(host, "links"),
        message: `All links of host ${host.name} go to switches made by ${[...makers].join()}.`,
      };
    }
  },
});
