import { changed, testRule } from "../../testing/test-rule.ts";
import { uniqueListen } from "./unique-listen.ts";

testRule(uniqueListen, {
  "one port for two": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) => ({
        ...server,
        number: 1,
        listen: { ...server.listen, port: 8001 },
      })),
    expect: [
      "httpServer 1/api listen: HTTP server 1/api listens on [2001:db8:1:1::1]:8001, as HTTP server 1/www does.",
    ],
  },
});
