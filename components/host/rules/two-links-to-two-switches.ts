import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const twoLinksToTwoSwitches = defineRule({
  name: "two-links-to-two-switches",
  theme: "redundancy",
  severity: "critical",
  scope: "resource",
  waivable: true,
  description: "Every host has at least two links, on different ports, to different switches.",
  reason: "With only one link, port or switch, the host and all its accounts lose the network when it fails.",
  fix: "Connect a second port of the host to another switch and list both under `links`.",
  *find({ hosts }) {
    for (const host of hosts) {
      const links = host.links.map((link, index) => ({ ...link, index }));
      for (const { element, first } of repeats(links, (link) => link.port)) {
        yield {
          subject: subject.host(host, `links.${element.index}.port`),
          message: `Host ${host.name} has two links on port ${element.port}, to switches ${first.switch} and ${element.switch}.`,
        };
      }
      if (links.length < 2) {
        const found = links[0] ? `one link (${links[0].port} to ${links[0].switch})` : "no link";
        yield { subject: subject.host(host, "links"), message: `Host ${host.name} has ${found}.` };
      } else if (new Set(links.map((link) => link.switch)).size < 2) {
        yield {
          subject: subject.host(host, "links"),
          message: `Host ${host.name} has ${links.length} links, all to switch ${links[0]?.switch}.`,
        };
      }
    }
  },
});
