import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";

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
    const first = new Map<string, (typeof httpServers)[number]>();
    for (const server of httpServers) {
      for (const list of ["hostnames", "addresses"] as const) {
        for (const [index, text] of server[list]?.entries() ?? []) {
          const name = text.toLowerCase();
          const other = first.get(name);
          if (other === undefined) first.set(name, server);
          else {
            yield {
              subject: subject.httpServer(server, `${list}.${index}`),
              message: `HTTP server ${server.account}/${server.name} answers for ${name}, the same as ${other.account}/${other.name}.`,
            };
          }
        }
      }
    }
  },
});
