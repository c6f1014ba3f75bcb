import { changed, testRule } from "../../../testing/test-rule.ts";
import { httpServerFollowsNumber } from "./http-server-follows-number.ts";

testRule(httpServerFollowsNumber, {
  "a number out of range": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) => ({
        ...server,
        number: -7000,
      })),
    expect: ["httpServer 1/www number: HTTP server 1/www has number -7000, which is not from 1 to 999."],
  },
  "a unit of the system": {
    break: (valid) => changed(valid, "httpServers", "1/www", (server) => ({ ...server, unit: "ssh" })),
    expect: ["httpServer 1/www unit: HTTP server 1/www has unit ssh instead of account-1-http-www."],
  },
});
