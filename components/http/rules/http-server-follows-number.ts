import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const httpServerFollowsNumber = defineRule({
  name: "http-server-follows-number",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the program derives the value",
  description: "Every HTTP server's number is from 1 to 999, and its unit is named after its account and name.",
  reason:
    "The port of a program and its socket follow from them; another unit name may replace a unit of the system or of another account.",
  fix: "Do not set the unit by hand: it is `account-<account>-http-<name>`. Choose a `number` from 1 to 999.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      const { number, unit } = server;
      const name = () => `HTTP server ${server.account}/${server.name}`;
      if (!Number.isInteger(number) || number < 1 || number > 999) {
        yield {
          subject: subject.httpServer(server, "number"),
          message: `${name()} has number ${number}, which is not from 1 to 999.`,
        };
      }
      const expected = `account-${server.account}-http-${server.name}`;
      if (unit === expected) continue;
      yield {
        subject: subject.httpServer(server, "unit"),
        message: `${name()} has unit ${unit} instead of ${expected}.`,
      };
    }
  },
});
