import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueHostname = defineRule({
  name: "unique-hostname",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  description: "No host name is answered by two HTTP servers.",
  reason: "The front end sends each name to one server: an account could take over the visitors of another.",
  remediation: "Ask whose name it is, and take it out of `hostnames` of every other HTTP server.",
  *find({ httpServers }) {
    const names = httpServers.flatMap((server) =>
      server.hostnames.map((name, index) => ({ server, index, name: name.toLowerCase() })),
    );
    for (const { element, first, key } of repeats(names, ({ name }) => name)) {
      yield {
        subject: subject.httpServer(element.server, `hostnames.${element.index}`),
        message: `HTTP server ${element.server.account}/${element.server.name} answers for ${key}, as ${first.server.account}/${first.server.name} does.`,
      };
    }
  },
});
