import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueHost = defineRule({
  name: "unique-host",
  theme: "data",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two hosts have the same name or AS number, and no host has two front ends.",
  reason: "A bundle meant for one host would reach another, or routers would confuse the two hosts.",
  fix: "Give each host its own `name` and `asNumber` (RFC 6996 has the private range), and one front end.",
  *find({ hosts, frontEnds }) {
    for (const { element, first } of repeats(hosts, (host) => host.name)) {
      yield {
        subject: subject.host(element, "name"),
        message: `Two hosts are named ${element.name}: one in rack ${first.rack} of ${first.site}, one in rack ${element.rack} of ${element.site}.`,
      };
    }
    for (const { element, first, key } of repeats(hosts, (host) => host.asNumber)) {
      yield {
        subject: subject.host(element, "asNumber"),
        message: `Host ${element.name} has AS number ${key}, the same as host ${first.name}.`,
      };
    }
    for (const { element } of repeats(frontEnds, (frontEnd) => frontEnd.host)) {
      yield { subject: subject.frontEnd(element, "host"), message: `Host ${element.host} has a second front end.` };
    }
  },
});
