import { changed, testRule } from "../../../testing/test-rule.ts";
import { wafLooksAtAll } from "./waf-looks-at-all.ts";

testRule(wafLooksAtAll, {
  "bodies that are larger than what is looked at": {
    break: (valid) =>
      changed(valid, "httpServers", 0, (server) => ({ ...server, bodyMaxMb: 128, waf: { level: "strong" as const } })),
    expect: [
      "httpServer 1/www bodyMaxMb: HTTP server 1/www has a web application firewall, which looks at bodies of 32 MiB, and takes bodies of 128 MiB.",
    ],
  },
});
