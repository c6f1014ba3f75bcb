import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const frontEndPorts = defineRule({
  name: "front-end-ports",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the program derives the value",
  description: "Every front end opens only ports 80 and 443 to the outside.",
  reason:
    "Any other open port on the accounts' addresses exposes internal services and bypasses the front end's rules.",
  fix: "Remove every port except 80 and 443 from the front end's `ports`.",
  *find({ frontEnds }) {
    for (const frontEnd of frontEnds) {
      for (const [index, port] of frontEnd.ports.entries()) {
        if (port === 80 || port === 443) continue;
        yield {
          subject: subject.frontEnd(frontEnd, `ports.${index}`),
          message: `The front end of host ${frontEnd.host} opens port ${port}, which is not 80 or 443.`,
        };
      }
    }
  },
});
