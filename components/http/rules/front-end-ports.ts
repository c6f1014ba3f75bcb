import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const frontEndPorts = defineRule({
  name: "front-end-ports",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  description: "Every front end opens ports 80 or 443 to the outside, and no other.",
  reason:
    "Any other port open on every account's address reaches what was meant for the inside, around the front end's rules.",
  remediation: "Leave only 80 and 443 in the front end's `ports`.",
  *find({ frontEnds }) {
    for (const frontEnd of frontEnds) {
      for (const [index, port] of frontEnd.ports.entries()) {
        if (port === 80 || port === 443) continue;
        yield {
          subject: subject.frontEnd(frontEnd, `ports.${index}`),
          message: `The front end of host ${frontEnd.host} opens port ${port}.`,
        };
      }
    }
  },
});
