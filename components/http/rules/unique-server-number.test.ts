import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueServerNumber } from "./unique-server-number.ts";

testRule(uniqueServerNumber, {
  "one number for two": {
    break: (valid) => changed(valid, "httpServers", "1/api", (server) => ({ ...server, number: 1 })),
    expect: ["httpServer 1/api number: HTTP server 1/api has number 1, as 1/www does."],
  },
  "the unit of a neighbour": {
    break: (valid) => changed(valid, "httpServers", "2/www", (server) => ({ ...server, unit: "account-1-http-www" })),
    expect: ["httpServer 2/www unit: HTTP server 2/www has unit account-1-http-www, as 1/www does."],
    alsoBreaks: ["http-server-follows-number"],
  },
});
