import { changed, testRule } from "../../testing/test-rule.ts";
import { pathsInsideHome } from "./paths-inside-home.ts";

testRule(pathsInsideHome, {
  "an absolute root": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) =>
        server.kind === "static" ? { ...server, root: "/etc" } : server,
      ),
    expect: [
      'httpServer 1/www root: HTTP server 1/www has root "/etc", which is not a plain path inside the account\'s home.',
    ],
  },
  "a way out": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) =>
        server.kind === "static" ? { ...server, root: "www/../../2" } : server,
      ),
    expect: [
      'httpServer 1/www root: HTTP server 1/www has root "www/../../2", which is not a plain path inside the account\'s home.',
    ],
  },
  "a directive in a directory": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, directory: "a;b" } : server,
      ),
    expect: [
      'httpServer 1/api directory: HTTP server 1/api has directory "a;b", which is not a plain path inside the account\'s home.',
    ],
  },
  "no directory": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) =>
        server.kind === "program" ? { ...server, directory: "" } : server,
      ),
    expect: [
      'httpServer 1/api directory: HTTP server 1/api has directory "", which is not a plain path inside the account\'s home.',
    ],
  },
});
