import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

export const httpServerFollowsNumber = defineRule({
  name: "http-server-follows-number",
  theme: "isolation",
  severity: "critical",
  scope: "resource",
  unreachable: "the program derives the value",
  description:
    "Every HTTP server's port is 8000 plus its number (1 to 999), and its unit is named after its account and name.",
  reason:
    "Another port may belong to the front end or to SSH, and another unit name may replace a unit of the system or of another account.",
  fix: "Do not set port and unit by hand: port is 8000 + `number`, unit `account-<account>-http-<name>`.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      const name = `HTTP server ${server.account}/${server.name}`;
      const { number, unit } = server;
      const { port } = server.listen;
      if (!Number.isInteger(number) || number < 1 || number > 999) {
        yield {
          subject: subject.httpServer(server, "number"),
          message: `${name} has number ${number}, which is not from 1 to 999.`,
        };
      } else if (port !== 8000 + number) {
        yield {
          subject: subject.httpServer(server, "listen.port"),
          message: `${name} listens on port ${port} instead of ${8000 + number}.`,
        };
      }
      const expected = `account-${server.account}-http-${server.name}`;
      if (unit === expected) continue;
      yield {
        subject: subject.httpServer(server, "unit"),
        message: `${name} has unit ${unit} instead of ${expected}.`,
      };
    }
  },
});
