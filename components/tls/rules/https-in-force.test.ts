import { changed, testRule } from "../../../testing/test-rule.ts";
import { httpsInForce } from "./https-in-force.ts";

testRule(httpsInForce, {
  "HTTPS without certificates": {
    break: (valid) => changed(valid, "httpServers", "2/www", (server) => ({ ...server, httpsOnly: true })),
    expect: [
      "httpServer 2/www httpsOnly: HTTP server 2/www is to answer over HTTPS only, but the fleet has no CA for certificates.",
    ],
  },
  "an own certificate without HTTPS": {
    break: (valid) => changed(valid, "httpServers", "2/www", (server) => ({ ...server, certificate: "shop.pem" })),
    expect: [
      "httpServer 2/www certificate: HTTP server 2/www has an own certificate, but the fleet has no CA for certificates, so nothing answers over HTTPS.",
    ],
  },
  "HSTS for a server that answers over HTTP": {
    break: (valid) => changed(valid, "httpServers", "2/www", (server) => ({ ...server, https: true, hstsSeconds: 60 })),
    expect: [
      "httpServer 2/www hstsSeconds: HTTP server 2/www has hstsSeconds 60, but does not send visitors on to HTTPS.",
    ],
  },
});
