import { changed, testRule } from "../../../testing/test-rule.ts";
import { webSiteServed } from "./web-site-served.ts";

testRule(webSiteServed, {
  "a redirect with a password and a limit": {
    break: (valid) =>
      changed(valid, "httpServers", "2/old", (server) => ({ ...server, passwords: { kim: "x" }, bodyMaxMb: 8 })),
    expect: [
      "httpServer 2/old passwords: HTTP server 2/old is of kind redirect, on which passwords, bodyMaxMb have no effect.",
    ],
  },
});
