import { changed, testRule } from "../../../testing/test-rule.ts";
import { httpServerFollowsNumber } from "./http-server-follows-number.ts";

testRule(httpServerFollowsNumber, {
  "the port of the front end": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) => ({ ...server, listen: { ...server.listen, port: 80 } })),
    expect: ["httpServer 1/www listen.port: HTTP server 1/www listens on port 80 instead of 8001."],
  },
  "a number out of range": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) => ({
        ...server,
        number: -7000,
        listen: { ...server.listen, port: 1000 },
      })),
    expect: ["httpServer 1/www number: HTTP server 1/www has number -7000, which is not from 1 to 999."],
  },
  "a unit of the system": {
    break: (valid) => changed(valid, "httpServers", "1/www", (server) => ({ ...server, unit: "ssh" })),
    expect: ["httpServer 1/www unit: HTTP server 1/www has unit ssh instead of account-1-http-www."],
  },
});
