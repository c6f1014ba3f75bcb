import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueHostname = defineRule({
  name: "unique-hostname",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two HTTP servers answer for the same host name.",
  reason:
    "The front end sends each host name to one server: an account could take over the visitors of another account.",
  fix: "Find out which account owns the host name, and remove it from `hostnames` of every other HTTP server.",
  *find({ httpServers }) {
    const names = httpServers.flatMap((server) =>
      server.hostnames.map((name, index) => ({ server, index, name: name.toLowerCase() })),
    );
    for (const { element, first, key } of repeats(names, ({ name }) => name)) {
      yield {
        subject: subject.httpServer(element.server, `hostnames.${element.index}`),
        message: `HTTP server ${element.server.account}/${element.server.name} answers for ${key}, the same as ${first.server.account}/${first.server.name}.`,
      };
    }
  },
});
