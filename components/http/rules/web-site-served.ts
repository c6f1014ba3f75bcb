import { listed } from "../../../lib/text/text.ts";
import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { servers } from "../kinds/servers.generated.ts";
import { webSiteKeys } from "../web-site/web-site.ts";

export const webSiteServed = defineRule({
  name: "web-site-served",
  theme: "isolation",
  severity: "high",
  scope: "resource",
  description:
    "Only an HTTP server that answers with a program of its account has passwords, headers, limits and a form of logs.",
  reason:
    "The front end answers alone for other kinds, before it looks at passwords: what is declared would have no effect.",
  fix: "Take these keys away, or declare them at the HTTP server to which visitors are sent.",
  *find({ httpServers }) {
    for (const server of httpServers) {
      const idle = webSiteKeys.filter((key) => server[key] !== undefined);
      if (idle.length === 0 || "service" in servers[server.kind]) continue;
      yield {
        subject: subject.httpServer(server, idle[0]!),
        message: `HTTP server ${server.account}/${server.name} is of kind ${server.kind}, on which ${listed(idle)} ${idle.length === 1 ? "has" : "have"} no effect.`,
      };
    }
  },
});
