import { changed, testRule } from "../../../testing/test-rule.ts";
import { twoLinksToTwoSwitches } from "./two-links-to-two-switches.ts";

testRule(twoLinksToTwoSwitches, {
  "one link": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, links: host.links.slice(1) })),
    expect: ["host h1 links: Host h1 has one link (eth1 to sw2)."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "no link": {
    break: (valid) => changed(valid, "hosts", 0, (host) => ({ ...host, links: [] })),
    expect: ["host h1 links: Host h1 has no link."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one switch": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({
        ...host,
        links: host.links.map((link) => ({ ...link, switch: "sw1" })),
      })),
    expect: ["host h1 links: Host h1 has 2 links, all to switch sw1."],
    alsoBreaks: ["survives-any-single-loss"],
  },
  "one port": {
    break: (valid) =>
      changed(valid, "hosts", 0, (host) => ({ ...host, links: host.links.map((link) => ({ ...link, port: "eth0" })) })),
    expect: ["host h1 links.1.port: Host h1 has two links on port eth0, to switches sw1 and sw2."],
    alsoBreaks: ["survives-any-single-loss"],
  },
});
