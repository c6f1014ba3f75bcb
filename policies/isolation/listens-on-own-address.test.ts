import { changed, testRule } from "../../testing/test-rule.ts";
import { listensOnOwnAddress } from "./listens-on-own-address.ts";

testRule(listensOnOwnAddress, {
  "a neighbour's address": {
    break: (valid) =>
      changed(valid, "httpServers", "1/www", (server) => ({
        ...server,
        listen: { ...server.listen, address: "2001:db8:1:7::1", port: server.listen.port },
      })),
    expect: [
      "httpServer 1/www listen.address: HTTP server 1/www listens on 2001:db8:1:7::1, but its account's address is 2001:db8:1:1::1.",
    ],
  },
  "every address": {
    break: (valid) =>
      changed(valid, "httpServers", "1/api", (server) => ({ ...server, listen: { ...server.listen, address: "::" } })),
    expect: [
      "httpServer 1/api listen.address: HTTP server 1/api listens on ::, but its account's address is 2001:db8:1:1::1.",
    ],
  },
});
