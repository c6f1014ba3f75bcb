import { subject } from "../../registry/subject.ts";
import { defineRule, repeats } from "../../rule.ts";

export const uniqueHostname = defineRule({
  name: "unique-hostname",
  theme: "isolation",
  severity: "critical",
  scope: "stack",
  unreachable: "the loader refuses it",
  description: "No two HTTP servers answer for the same host name, or for the same path of it.",
  reason:
    "The front end sends each host name to one server: an account could take over the visitors of another account.",
  fix: "Find out which account owns the host name, and remove it from `hostnames` of every other HTTP server.",
  *find({ httpServers }) {
    const names = httpServers.flatMap((server) =>
      (["hostnames", "addresses"] as const).flatMap((key) =>
        (server[key] ?? []).map((name, index) => ({ server, path: `${key}.${index}`, name: name.toLowerCase() })),
      ),
    );
    for (const { element, first, key } of repeats(names, ({ name }) => name)) {
      yield {
        subject: subject.httpServer(element.server, element.path),
        message: `HTTP server ${element.server.account}/${element.server.name} answers for ${key}, the same as ${first.server.account}/${first.server.name}.`,
      };
    }
  },
});
