import { changed, testRule } from "../../../testing/test-rule.ts";
import { uniqueHostname } from "./unique-hostname.ts";

testRule(uniqueHostname, {
  "a name of another account": {
    break: (valid) =>
      changed(valid, "httpServers", "2/www", (server) => ({
        ...server,
        hostnames: ["new.example.org", "WWW1.example.org"],
      })),
    expect: ["httpServer 2/www hostnames.1: HTTP server 2/www answers for www1.example.org, the same as 1/www."],
    alsoBreaks: ["names-of-one-account"],
  },
  "a path of two servers of one account": {
    break: (valid) =>
      ["1/www", "1/api"].reduce(
        (all, name) =>
          changed(all, "httpServers", name, (server) => ({ ...server, addresses: ["a.example.org/shop"] })),
        valid,
      ),
    expect: ["httpServer 1/api addresses.0: HTTP server 1/api answers for a.example.org/shop, the same as 1/www."],
  },
  "a name twice in one server": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) => ({
        ...server,
        hostnames: ["a.example.org", "a.example.org"],
      })),
    expect: ["httpServer 1/www hostnames.1: HTTP server 1/www answers for a.example.org, the same as 1/www."],
  },
});
