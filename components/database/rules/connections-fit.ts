import { count } from "../../../lib/text/text.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { slotsFor } from "../tcp.ts";

/** Connections that one server can have: a slot takes 20 kB, whether or not it is used. */
const most = 4000;

export const connectionsFit = defineRule({
  name: "connections-fit",
  theme: "isolation",
  severity: "high",
  scope: "stack",
  description: `The databases of a host may have at most ${most} connections on each server; with \`tcp\` they count twice.`,
  reason:
    "The server reserves a slot for each promised connection, so accounts cannot take each other's; more slots would only waste memory.",
  fix: "Lower `connections` of databases on the host, or move accounts to another host.",
  *find({ databases }) {
    for (const [on, own] of Map.groupBy(databases, ({ host, engine }) => `${engine} on ${host}`)) {
      const sum = slotsFor(own);
      if (sum <= most) continue;
      const largest = own.reduce((best, each) => (each.connections > best.connections ? each : best));
      yield {
        subject: subject.database(largest, "connections"),
        message: `${count(own.length, "database")} of ${on} may have ${sum} connections together, more than ${most}.`,
      };
    }
  },
});
