import { subject } from "../../registry/subject.ts";
import { defineRule } from "../../rule.ts";
import { lookedAtMb } from "../waf.ts";

export const wafLooksAtAll = defineRule({
  name: "waf-looks-at-all",
  theme: "isolation",
  severity: "high",
  scope: "resource",
  description: `A web site with a web application firewall takes bodies of at most ${lookedAtMb} MiB.`,
  reason: "Only part of a larger body could be inspected; an attack could hide in the rest.",
  fix: `Take \`waf\` away; lower \`bodyMaxMb\` to ${lookedAtMb}, or let another HTTP server of the account take large uploads.`,
  *find({ httpServers }) {
    for (const server of httpServers) {
      if (server.waf === undefined) continue;
      const name = `HTTP server ${server.account}/${server.name}`;
      if ((server.bodyMaxMb ?? 0) > lookedAtMb)
        yield {
          subject: subject.httpServer(server, "bodyMaxMb"),
          message: `${name} has a web application firewall, which looks at bodies of ${lookedAtMb} MiB, and takes bodies of ${server.bodyMaxMb} MiB.`,
        };
    }
  },
});
